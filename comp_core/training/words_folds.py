"""Out-of-fold words features of MELD train: the fusion model must meet features as unsure as those of unseen text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.data.text import Dialogue, load_goemotions, load_meld_dialogues, meld_texts
from comp_core.metrics.figures import class_report
from comp_core.senses.words.network import WordsNet
from comp_core.senses.words.sense import TOKENIZER, load_words_net
from comp_core.senses.words.tokens import load_tokenizer
from comp_core.support.atomic_files import write_whole
from comp_core.support.provenance import made_by
from comp_core.training.fit import FitConfig, fit
from comp_core.training.task import Task, keep_best
from comp_core.training.texts import Batch, classification_loss, in_bfloat16, noisy_batches, run, selection_score, shares_of

# Encoder after the first phase of `train words`, which has met no label of MELD.
FIRST_PHASE = "words_goemotions"
FOLDS = 2
# GoEmotions rows in an epoch: about as many as half of MELD.
REPLAY = 5_000
# The second phase of `train words` leaves all blocks but so many at the top as the first one made them; so do the folds.
UPPER = 2
# From these layers on a fold encoder is the final encoder, so that both speak of features in the same coordinates.
SHARED = ("attention", "to_feature", "heads")
# Weight of the squared distance to the final encoder's features.
PULL = 1.0


def only_upper(model: WordsNet) -> None:
    """Let learn only what stands above the lower blocks."""
    model.requires_grad_(True)
    for part in (model.pieces, model.places, model.norm, *model.blocks[: len(model.blocks) - UPPER]):
        part.requires_grad_(False)


def fold_of(dialogue: Dialogue) -> int:
    """The fold whose encoder does not train on the dialogue."""
    return dialogue.number % FOLDS


def train_folds(task: Task, epochs: int) -> None:
    """Train one encoder for each fold on the other dialogues and write how its features compare with the final encoder's.

    Needs what ``train words`` wrote before: the final encoder in ``task.weights``, the first phase's in ``task.work``.
    """
    torch.manual_seed(task.seed)
    tokenizer = load_tokenizer(task.weights / TOKENIZER)
    final = load_words_net(task.output("words")).to(task.device)
    dialogues = load_meld_dialogues(task.data, "train")
    goemotions = {split: load_goemotions(task.data, split) for split in ("train", "valid")}
    valid = {"goemotions": goemotions["valid"], "meld": meld_texts(load_meld_dialogues(task.data, "valid"))}
    settings = FitConfig(epochs, learning_rate=2e-4, weight_decay=0.05, average=0.99, seed=task.seed)

    def loss_of(model: nn.Module, batch: Batch) -> Tensor:
        tokens, mask, targets, corpus = batch
        with in_bfloat16(tokens.device):
            feature, logits = model(tokens, mask)
            with torch.no_grad():
                wanted, _ = final(tokens, mask)
        return classification_loss(logits, targets, corpus, shares) + PULL * F.mse_loss(feature.float(), wanted.float())

    for fold in range(FOLDS):
        model = load_words_net(task.work / FIRST_PHASE).to(task.device)
        only_upper(model)
        for layer in SHARED:
            getattr(model, layer).load_state_dict(getattr(final, layer).state_dict())
            getattr(model, layer).requires_grad_(False)
        own = meld_texts([dialogue for dialogue in dialogues if fold_of(dialogue) != fold])
        parts = {"goemotions": goemotions["train"], "meld": own}
        shares = shares_of(parts)
        random = np.random.default_rng(task.seed + fold)
        batches, steps = noisy_batches(tokenizer, parts, {"goemotions": REPLAY, "meld": len(own)}, random)
        save = keep_best(_fold_stem(task, fold), "words", model.config, settings, {"fold": fold})
        fit(model, batches, steps, loss_of, selection_score(tokenizer, valid), settings, save)
    _report(task, settings)


def meld_features(task: Task, split: str, form: Callable[[str], str] = str) -> list[np.ndarray]:
    """Words features of each dialogue of MELD, (utterances, D) float32, in the order of ``load_meld_dialogues``.

    In train each dialogue is read by the encoder that did not learn from it, in valid and test all by the final encoder.

    Args:
        form: rewrites each text before it is read; as it is by default.

    Raises:
        CheckpointError: ``train words`` has not been run with this work folder.
    """
    tokenizer = load_tokenizer(task.weights / TOKENIZER)
    dialogues = load_meld_dialogues(task.data, split)
    if split == "train":
        readers = [load_words_net(_fold_stem(task, fold)) for fold in range(FOLDS)]
        which = [fold_of(dialogue) for dialogue in dialogues]
    else:
        readers, which = [load_words_net(task.output("words"))], [0] * len(dialogues)
    features: dict[int, np.ndarray] = {}
    for reader, model in enumerate(readers):
        mine = [i for i, r in enumerate(which) if r == reader]
        texts = [form(utterance.text) for i in mine for utterance in dialogues[i].utterances]
        ends = np.cumsum([len(dialogues[i].utterances) for i in mine])[:-1]
        features |= dict(zip(mine, np.split(run(model, tokenizer, texts)[0], ends), strict=True))
    return [features[i] for i in range(len(dialogues))]


def _fold_stem(task: Task, fold: int) -> Path:
    return task.work / f"words_fold{fold}"


def _report(task: Task, settings: FitConfig) -> None:
    """Out-of-fold features should be as good as the final encoder's on unseen text, and the folds should agree with it there."""
    tokenizer = load_tokenizer(task.weights / TOKENIZER)
    final = load_words_net(task.output("words"))
    labels = {split: meld_texts(load_meld_dialogues(task.data, split)).labels for split in ("train", "valid")}
    figures = {}
    for split in labels:
        features = torch.from_numpy(np.concatenate(meld_features(task, split)))
        with torch.inference_mode():
            figures[split] = class_report(final.heads["meld"](features).softmax(1).numpy(), labels[split])
    texts = meld_texts(load_meld_dialogues(task.data, "valid")).texts
    wanted = torch.from_numpy(run(final, tokenizer, texts)[0])
    agreement = [
        F.cosine_similarity(torch.from_numpy(run(load_words_net(_fold_stem(task, fold)), tokenizer, texts)[0]), wanted).mean().item()
        for fold in range(FOLDS)
    ]
    report = {
        **made_by(task.command),
        "training": asdict(settings),
        "final_head_on_meld": {"train, out of fold": figures["train"], "valid, final encoder": figures["valid"]},
        "cosine_to_final_on_meld_valid": agreement,
    }
    write_whole(task.reports / "words_folds.json", json.dumps(report, indent=1) + "\n")
