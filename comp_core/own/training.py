"""Train a fusion model on your own clips: table, readings, folds, choice, checkpoint, report, card."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import comp_core
from comp_core.benchmark.methods import METHODS
from comp_core.evaluation.predictions import RISK
from comp_core.inference.fusion import OWN
from comp_core.jobs.engine import Engine, InProcess
from comp_core.metrics.figures import class_report, score_report
from comp_core.modalities import MODALITIES, SUBSETS
from comp_core.modeling.registry import COMP, KINDS, load_fusion
from comp_core.own.calibration import Calibration, calibrated, in_use, together
from comp_core.own.card import card_of
from comp_core.own.folds import EPOCHS, SETTINGS, TRIED, Item, Scale, Tested, Trainer, quiet_on_one_thread, train_folds
from comp_core.own.material import Material, material_of
from comp_core.own.reading import Clip, Settings, read_clips
from comp_core.own.table import read_table
from comp_core.senses.speech.recognition import ENGLISH, OFF
from comp_core.support.atomic_files import write_whole
from comp_core.support.checkpoint import WEIGHTS_DIR, hash_in, save_checkpoint
from comp_core.support.devices import CPU
from comp_core.support.errors import CompCoreError
from comp_core.support.provenance import made_by

REPORT = "report.json"
_FIGURES = {True: ("uar", "accuracy", "weighted_f1"), False: ("mae", "pearson")}


class OutError(CompCoreError):
    """The checkpoint cannot be called so."""


def train_own(
    folder: str | Path,
    table: str | Path,
    out: str | Path,
    *,
    whisper: str = "tiny.en",
    language: str = ENGLISH,
    work: str | Path = "runs",
    engine: Engine | None = None,
    device: str = CPU,
    seed: int = 0,
    epochs: int = EPOCHS,
    command: str = "",
    notify: Callable[[str], None] = lambda message: print(message, file=sys.stderr),
) -> dict[str, Any]:
    """Write a folder that ``Predictor.load([out])`` loads: ``model.safetensors``, ``model.json``, ``model.md`` and ``report.json``.

    Args:
        folder: of the clips.
        table: see `comp_core.own.table.read_table`.
        out: the folder to be written, whose name the model has.
        whisper, language: how words are recognised where the table has none.
        work: what was read and trained so far; a stopped call goes on from there.
        engine: where the work is done; by default here.
        command: as the report tells it.
        notify: told in one sentence each what is being done.

    Returns:
        The report.

    Raises:
        TableError: the table has problems; they are listed before anything is computed.
        TooFewError: too few clips could be read.
        OutError: ``out`` has the name of another model.
    """
    folder, out, work = Path(folder), Path(out), Path(work) / "own"
    if out.name in KINDS:
        raise OutError(f"a model of your own cannot be called {out.name}: there is one of that name. Give --out another.")
    told = read_table(Path(table), folder)
    counts = Counter(row.label for row in told.rows)
    by_label = ", ".join(f"{label} {counts[label]}" for label in told.labels) or "scores"
    notify(f"{len(told.rows)} clips in {Path(table).name}: {by_label}.")
    if told.unused:
        notify(f"Columns that nothing is done with: {', '.join(told.unused)}.")
    engine = engine or InProcess()
    settings = Settings.of(OFF if all(row.words for row in told.rows) else whisper, language)
    clips = read_clips(told.rows, folder, work / "readings", settings, engine, device, notify)
    dims = load_fusion(WEIGHTS_DIR / COMP)[0].config.dims
    material = material_of(told.rows, clips, told.labels, dims, seed)
    for row, why in material.left_out.items():
        notify(f"line {row.line} is left out: {why}")
    notify(material.split.told)
    trainer = Trainer(material, dims, seed, epochs, device)
    found = train_folds(trainer, work / "trainings", engine)
    chosen = {method: _best_setting(found, method) for method in TRIED}
    method = max((m for m in TRIED if m in KINDS), key=lambda m: _validation(found, m, chosen[m]))
    with quiet_on_one_thread():
        final = trainer.train(Item(method, chosen[method]))
    parts = [found[Item(method, chosen[method], part)] for part in range(len(material.parts))]
    calibration = calibrated(together([part.valid for part in parts])) if material.labels else None
    made = {**made_by(command), "version": comp_core.__version__, "training": asdict(final.fit)}
    about = {
        "name": f"{out.name} ({KINDS[method].title})",
        "note": note_of(material),
        **made,
        **_in_the_checkpoint(material, calibration, final.scale, settings),
    }
    save_checkpoint(out / OWN, method, final.model, final.model.config, about)
    report = {
        "name": out.name,
        "kind": method,
        "task": "classes" if material.labels else "scores",
        "labels": list(material.labels),
        **made,
        "weights": {"sha256": hash_in(out / OWN), "parameters": sum(p.numel() for p in final.model.parameters())},
        "senses": dict(settings.senses),
        "recogniser": next((clip.recogniser for clip in clips if clip.recogniser != OFF), OFF),
        "language": language,
        "data": _data(Path(table).name, told.targets, material, clips),
        "split": _split(material),
        "seeds": [seed],
        "chosen": _chosen(found, method, chosen, calibration),
        "methods": {name: _of_method(found, name, chosen[name], material) for name in TRIED},
        "in_use": _in_use(parts, material),
        "history": final.history,
    }
    write_whole(out / REPORT, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    write_whole(out / f"{OWN}.md", card_of(report))
    return report


def note_of(material: Material) -> str:
    """What the page says of the model."""
    what = f"the labels {', '.join(material.labels)}" if material.labels else "scores"
    return f"Trained on {len(material.rows)} clips of its owner's, with {what}. {material.split.told}"


def _best_setting(found: Mapping[Item, Tested], method: str) -> int:
    return max(range(len(SETTINGS)), key=lambda setting: _validation(found, method, setting))


def _validation(found: Mapping[Item, Tested], method: str, setting: int) -> float:
    """The mean validation score over the folds."""
    return float(np.mean([tested.score for item, tested in found.items() if (item.method, item.setting) == (method, setting)]))


def _in_the_checkpoint(material: Material, calibration: Calibration | None, scale: Scale, settings: Settings) -> dict[str, Any]:
    """What `comp_core.inference.fusion.Fusion` reads beside the weights."""
    nothing = Calibration(dict.fromkeys(SUBSETS, 1.0), dict.fromkeys(MODALITIES, 1.0), {}, dict.fromkeys(SUBSETS, 1.0))
    known = calibration or nothing
    return {
        "labels": list(material.labels),
        "by_senses": False,
        "learnt": list(material.learnt),
        "context": material.context,
        "made_of": dict(settings.senses),
        "temperature": {"fused": known.fused, "unimodal": known.own},
        "rules": known.rules,
        "sure_from": known.sure_from,
        **({"risk": RISK} if material.labels else {"scale": asdict(scale)}),
    }


def _data(table: str, targets: np.ndarray, material: Material, clips: list[Clip]) -> dict[str, Any]:
    counts = Counter(row.label for row in material.rows)
    scores = {"mean": float(targets.mean()), "sd": float(targets.std()), "lowest": float(targets.min()), "highest": float(targets.max())}
    absent = Counter(f"{m}: {why}" for clip in clips for m, why in clip.absent.items())
    return {
        "table": table,
        "clips": len(material.rows),
        "left_out": [[row.line, why] for row, why in material.left_out.items()],
        **({"clips_by_label": {label: counts[label] for label in material.labels}} if material.labels else {"scores": scores}),
        "speakers": len({row.speaker for row in material.rows if row.speaker}),
        "conversations": len(material.conversations),
        "modalities": {m: sum(m in clip.features for clip in clips) for m in MODALITIES},
        "learnt": list(material.learnt),
        "absent": dict(absent.most_common()),
        "words_given": sum(row.words is not None for row in material.rows),
    }


def _split(material: Material) -> dict[str, Any]:
    folds = range(len(material.parts))
    clips = [sum(len(conversation) for conversation in material.of(part)) for part in folds]
    return {
        "by": material.split.by,
        "told": material.split.told,
        "folds": [{"test": material.groups_in(part), "clips": clips[part], "validation": (part + 1) % len(folds)} for part in folds],
    }


def _chosen(found: Mapping[Item, Tested], method: str, chosen: Mapping[str, int], calibration: Calibration | None) -> dict[str, Any]:
    return {
        "by": "the mean over folds of the validation score: UAR, or less the mean error of scores in standard deviations, over the subsets "
        "of the modalities",
        "method": method,
        "settings": {name: SETTINGS[setting].name for name, setting in chosen.items()},
        "validation": {name: _validation(found, name, setting) for name, setting in chosen.items()},
        **({"rules": calibration.rules, "sure_from": calibration.sure_from} if calibration else {}),
    }


def _of_method(found: Mapping[Item, Tested], method: str, setting: int, material: Material) -> dict[str, Any]:
    """Test figures by fold, from everything that each clip has; and from each subset."""
    tests = [found[Item(method, setting, part)].test for part in range(len(material.parts))]
    by_subset = {}
    for name in tests[0].fused:
        figures = [_figures(t.fused[name][t.has(name)], t.labels[t.has(name)], material) for t in tests if t.has(name).any()]
        by_subset[name] = _over_folds(figures, material) if figures else {}
    everything = [_figures(t.fused[material.whole], t.labels, material) for t in tests]
    return {"title": METHODS[method].title, "setting": SETTINGS[setting].name, "test": _over_folds(everything, material), "only": by_subset}


def _in_use(parts: list[Tested], material: Material) -> dict[str, Any]:
    """Test figures of what `predict` says: each fold's temperatures and rules are of its own validation part."""
    told = [in_use(part.test, calibrated(part.valid) if material.labels else None) for part in parts]
    labels = [part.test.labels for part in parts]
    by_fold = [class_report(p, truth) if material.labels else score_report(p[:, 0], truth) for p, truth in zip(told, labels, strict=True)]
    whole, truth = np.concatenate(told), np.concatenate(labels)
    pooled = class_report(whole, truth, material.labels) if material.labels else score_report(whole[:, 0], truth)
    return {"test": _over_folds(by_fold, material), "all_folds": pooled}


def _figures(outputs: np.ndarray, labels: np.ndarray, material: Material) -> dict[str, Any]:
    if not material.labels:
        return score_report(outputs[:, 0], labels)
    return class_report(np.eye(outputs.shape[1])[outputs.argmax(1)], labels)


def _over_folds(figures: list[dict[str, Any]], material: Material) -> dict[str, Any]:
    by_fold = {key: [figure[key] for figure in figures] for key in _FIGURES[bool(material.labels)]}
    return {key: {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)), "folds": values} for key, values in by_fold.items()}
