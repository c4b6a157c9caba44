"""Words -> a feature: what is said, typed or recognised."""

from __future__ import annotations

from pathlib import Path
from typing import Self, cast

import numpy as np
import torch
from tokenizers import Tokenizer

from comp_core.modalities import LIVE
from comp_core.senses.reading import NO_WORDS, Reading
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.tokens import encode, has_words, load_tokenizer
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError, load_checkpoint, restore, sha256_of
from comp_core.support.devices import Placed
from comp_core.support.hub import SenseOnTheHub

TOKENIZER = "words_tokenizer.json"
# There are words, but the encoder knows none of their pieces: another script, a symbol that it never met.
UNKNOWN_WORDS = "failed: no word that the English encoder knows"


class WordsSense(SenseOnTheHub):
    """Reads one utterance at a time, without its context.

    Attributes:
        feature_dim: D of the features.
        placed: where it runs.
    """

    NAME, BESIDE = "words", (TOKENIZER,)

    def __init__(self, model: WordsNet, tokenizer: Tokenizer, device: str = "cpu") -> None:
        self.feature_dim = model.config.feature_dim
        self.network, self._tokenizer = model, tokenizer
        self.placed = Placed("the words sense", device, model)
        self._unknown = cast(int, tokenizer.token_to_id("[UNK]"))

    @classmethod
    def load(cls, weights: Path = WEIGHTS_DIR, device: str = "cpu") -> Self:
        """Load ``words.safetensors``, ``words.json`` and the tokenizer from a folder.

        Raises:
            CheckpointError: a file is missing or damaged, or the files do not belong together.
        """
        config, state, record = load_checkpoint(weights / cls.NAME, {cls.NAME: WordsNetConfig})
        tokenizer = load_tokenizer(weights / TOKENIZER)
        # One changed piece would give other words without a sign of it.
        if tokenizer.get_vocab_size() != config.vocabulary or record.get("tokenizer_sha256") not in (None, sha256_of(weights / TOKENIZER)):
            raise CheckpointError(
                f"{TOKENIZER} is damaged, or does not belong to the words weights in {weights}. Get all three files again."
            )
        return cls(restore(WordsNet, config, state), tokenizer, device).lying_at(weights / cls.NAME)

    def read(self, text: str) -> Reading:
        """Read one utterance; of a long one, the head. ``quality`` is the share of its pieces that the encoder knows."""
        if not has_words(text):
            return Reading.absent(NO_WORDS)
        tokens, mask = encode(self._tokenizer, [text])
        # The two end marks are always known.
        known = torch.ne(tokens[0, 1:-1], self._unknown).float().mean().item()
        if not known > 0:
            return Reading.absent(UNKNOWN_WORDS)
        with torch.inference_mode():
            feature = self.placed.run(lambda device: self.network(tokens.to(device), mask.to(device))[0].cpu().numpy())
        found = feature[0].astype(np.float32)
        return Reading(found, quality=known, probabilities=self.probabilities(found))

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Features (..., D) -> calibrated probabilities over LABELS, (..., 7), as for people who try each label about as often."""
        given = torch.from_numpy(features)
        with torch.inference_mode():
            return self.placed.run(lambda device: self.network.heads[LIVE](given.to(device)).softmax(-1).cpu().numpy())


def load_words_net(stem: Path) -> WordsNet:
    """A words network from its checkpoint, ready for inference.

    Raises:
        CheckpointError: a file is missing, damaged or of another kind.
    """
    config, state, _ = load_checkpoint(stem, {"words": WordsNetConfig})
    return restore(WordsNet, config, state)
