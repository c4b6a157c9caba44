"""Text -> word pieces: the same for training texts, typed words and recognised speech."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from comp_core.support.checkpoint import CheckpointError

# Typeset quotes, dashes, ellipsis and space as a keyboard has them: the Unicode sign and what its cp1252 byte becomes in Latin-1.
_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": " - ", "\u2026": "...", "\xa0": " "}
    | {"\x91": "'", "\x92": "'", "\x93": '"', "\x94": '"', "\x96": "-", "\x97": " - ", "\x85": "..."}
)
# Known, unknown and no words at all.
_TRIAL = ("so happy", "\u2603 \U0001f600", "")
# The encoder reads far fewer pieces than this holds; what is beyond is not worth splitting into words.
_CHARACTERS = 4000


def plain_punctuation(text: str) -> str:
    """Typeset quotes, dashes and ellipses as ASCII, runs of white space as one space."""
    return " ".join(text.translate(_PLAIN).split())


def whole_characters(text: str) -> str:
    """Halves of characters (lone surrogates), which JSON and file names can hold but nothing can write, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def has_words(text: str) -> bool:
    """True if there is a letter, a digit or an emoji."""
    return any(c.isalnum() or unicodedata.category(c) == "So" for c in text)


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer saved beside the weights.

    Raises:
        CheckpointError: the file is missing or is not a tokenizer.
    """
    if not path.is_file():
        raise CheckpointError(f"tokenizer not found: {path}. Take assets/weights/ from the repository again.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
        # Some of what can be wrong shows only when it is used.
        encode(tokenizer, _TRIAL)
        return tokenizer
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises bare Exception, and panics, which are not even that
        raise CheckpointError(f"{path} is not a tokenizer that this version can read: {error}") from error


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Texts as padded rows of piece numbers.

    The tokenizer keeps the head of a text that is too long.

    Returns:
        ``tokens`` (B, L) int64 and ``mask`` (B, L) bool, True where there is a piece.
    """
    rows = [e.ids for e in tokenizer.encode_batch([plain_punctuation(whole_characters(text[:_CHARACTERS])) for text in texts])]
    length = max(map(len, rows))
    lengths = torch.tensor([len(row) for row in rows])
    tokens = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    return tokens, torch.arange(length) < lengths.unsqueeze(1)
