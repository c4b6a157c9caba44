"""What Ray gains on this machine over one process, whether its figures are the same, and what a large folder would take on many workers."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from comp_core.annotation import Settings, annotate, clips_in, record_of
from comp_core.benchmark.command import benchmark
from comp_core.benchmark.datasets import Dataset, mosi
from comp_core.benchmark.protocol import Protocol
from comp_core.checkpoint import WEIGHTS_DIR
from comp_core.engines.base import Engine, InProcess
from comp_core.engines.ray_cluster import RayCluster
from comp_core.media import open_media

# Videos only: a sound alone is read faster, and the estimate is of video.
CLIPS = tuple(WEIGHTS_DIR.parent / "samples" / name for name in ("happy.mp4", "mixed.mp4"))
SWEEP = {"models": ["comp", "concat"], "seeds": 2, "epochs": 2}
WORKERS = (1, 2)
ESTIMATED_HOURS, ESTIMATED_WORKERS = 1000, 64


def measure_scaling(data: Path, copies: int, whisper: str) -> dict[str, Any]:
    """Annotate copies of the sample videos, and sweep over MOSI, in one process and with Ray; every process computes on one thread.

    Times are those of a going concern: what it takes until the workers have started and loaded their models is ``start_s``.

    Raises:
        MosiError: the corpus is not there.
        EngineError: Ray cannot be used.
        RecogniserError: ``whisper`` is neither a model nor a readable checkpoint.
    """
    torch.set_num_threads(1)
    dataset, settings = mosi(data), Settings(whisper=whisper)
    engines: dict[tuple[str, int], AbstractContextManager[Engine]] = {("in-process", 1): nullcontext(InProcess())}
    engines |= {("ray", workers): RayCluster(workers=workers) for workers in WORKERS}
    with TemporaryDirectory() as folder:
        clips, few = (_copied(Path(folder) / name, count) for name, count in (("clips", copies), ("few", max(WORKERS))))
        media_s = copies * sum(open_media(clip).duration for clip in CLIPS)
        annotated, swept, notes = [], [], ()
        for (name, workers), context in engines.items():
            out = Path(folder) / f"{name}{workers}"
            started = time.perf_counter()
            with context as engine:
                notes = annotate(few, out / "few", settings, engine, "cpu").notes
                loaded = time.perf_counter()
                annotate(clips, out / "annotated", settings, engine, "cpu")
                wall = time.perf_counter() - loaded
                kind = {"engine": name, "workers": workers}
                annotated.append({**kind, "start_s": loaded - started, "wall_s": wall, "out": out / "annotated"})
                swept.append({**kind, **_sweep(dataset, out / "sweep", engine)})
        found = clips_in(clips)
        _compare(annotated, lambda row: [record_of(row["out"], clip).read_text(encoding="utf-8") for clip in found])
    _compare(swept, lambda row: row["methods"])
    for row in annotated:
        row |= {"clips_per_s": len(found) / row["wall_s"], "realtime_per_worker": media_s / row["wall_s"] / row["workers"]}
    return {
        "cores": os.cpu_count(),
        "whisper": whisper,
        "notes": list(notes),
        "annotate": {"clips": len(found), "media_s": media_s, "rows": _without(annotated, "out")},
        "sweep": {"dataset": dataset.name, **SWEEP, "rows": _without(swept, "methods")},
        "estimate": estimate(annotated[-1]["realtime_per_worker"]),
    }


def estimate(realtime_per_worker: float, hours: float = ESTIMATED_HOURS, workers: int = ESTIMATED_WORKERS) -> dict[str, float]:
    """How long so many hours of video take.

    It takes every worker to be as fast as one of the two that were measured side by side, the disk to keep up with all of them, the
    clips to be like the samples (a face all the time, speech most of it), and many clips for each worker, so that all end at one time.
    """
    processor_hours = hours / realtime_per_worker
    return {
        "hours_of_video": hours,
        "workers": workers,
        "realtime_per_worker": realtime_per_worker,
        "processor_hours": processor_hours,
        "wall_hours": processor_hours / workers,
        # All pictures and sound are read once: what the shared disk must give, at the samples' own rate.
        "read_mb_per_s": workers * realtime_per_worker * _bytes_per_second() / 2**20,
    }


def _bytes_per_second() -> float:
    return sum(clip.stat().st_size for clip in CLIPS) / sum(open_media(clip).duration for clip in CLIPS)


def _copied(folder: Path, copies: int) -> Path:
    for copy in range(copies):
        (folder / str(copy)).mkdir(parents=True)
        for clip in CLIPS:
            shutil.copy(clip, folder / str(copy))
    return folder


def _sweep(dataset: Dataset, out: Path, engine: Engine) -> dict[str, Any]:
    started = time.perf_counter()
    report = benchmark(dataset, SWEEP["models"], SWEEP["seeds"], Protocol(), out, "", SWEEP["epochs"], engine)
    return {"wall_s": time.perf_counter() - started, "methods": report["methods"]}


def _compare(rows: list[dict[str, Any]], result_of: Any) -> None:
    """Each row beside the first: how much faster it was, and whether it found the same."""
    first = rows[0]
    for row in rows:
        row |= {"speed_up": first["wall_s"] / row["wall_s"], "same": result_of(row) == result_of(first)}


def _without(rows: list[dict[str, Any]], left_out: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != left_out} for row in rows]
