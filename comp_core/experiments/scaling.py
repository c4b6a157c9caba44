"""What Ray gains on this machine over one process, whether its figures are the same, and what a large folder would take on many workers."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from comp_core.benchmark.command import benchmark
from comp_core.benchmark.datasets import mosi
from comp_core.benchmark.protocol import Protocol
from comp_core.inference.media import open_media
from comp_core.jobs.annotation import SETTINGS, Settings, annotate, clips_in, record_of
from comp_core.jobs.engine import Engine, InProcess
from comp_core.jobs.ray_cluster import RayCluster
from comp_core.support.checkpoint import WEIGHTS_DIR
from comp_core.training.task import Task

# Videos only: a sound alone is read faster, and the estimate is of video.
CLIPS = tuple(WEIGHTS_DIR.parent / "samples" / name for name in ("happy.mp4", "mixed.mp4"))
SWEPT, SWEEP_SEEDS = ("comp", "concat"), 2
WORKERS = (1, 2)
ESTIMATED_HOURS, ESTIMATED_WORKERS = 1000, 64


@dataclass(frozen=True)
class _Measured:
    """What one engine took, in seconds, and what it found."""

    engine: str
    workers: int
    start_s: float
    annotate_s: float
    processor_s: float
    records: list[str]
    sweep_s: float
    methods: dict[str, Any]


def measure(task: Task, copies: int = 10, epochs: int = 10, whisper: str = "off") -> None:
    """Write ``scaling.json``: sample videos annotated and a sweep over MOSI, in one process and with Ray.

    Every process computes on one thread.

    Times are those of a going concern: what it takes until the workers have started and loaded their models is ``start_s``. The machine
    may be shared, so processor time is taken beside the clock's, and the estimate rests on it.

    Raises:
        MosiError: the corpus is not there.
        EngineError: Ray cannot be used.
        RecogniserError: ``whisper`` is neither a model nor a readable checkpoint.
    """
    torch.set_num_threads(1)
    dataset, settings = mosi(task.data), Settings(whisper=whisper)
    engines: list[tuple[str, int, AbstractContextManager[Engine]]] = [("in-process", 1, nullcontext(InProcess()))]
    engines += [("ray", workers, RayCluster(workers=workers)) for workers in WORKERS]
    with TemporaryDirectory() as folder:
        clips = _copied(Path(folder) / "clips", copies)
        # Enough for every worker to load its models on.
        few = _copied(Path(folder) / "few", max(WORKERS))
        found = []
        for name, workers, context in engines:
            out = Path(folder) / f"{name}{workers}"
            started = time.perf_counter()
            with context as engine:
                annotate(few, out / "few", settings, engine, "cpu")
                loaded = time.perf_counter()
                processor_s = annotate(clips, out / "clips", settings, engine, "cpu").processor_s
                annotated = time.perf_counter()
                report = benchmark(dataset, SWEPT, SWEEP_SEEDS, Protocol(), out / "sweep", "", epochs, engine)
                swept = time.perf_counter()
            records = [record_of(out / "clips", clip).read_text(encoding="utf-8") for clip in clips_in(clips)]
            recogniser = json.loads((out / "clips" / SETTINGS).read_text(encoding="utf-8"))["recogniser"]
            times = {"start_s": loaded - started, "annotate_s": annotated - loaded, "sweep_s": swept - annotated}
            found.append(_Measured(name, workers, processor_s=processor_s, records=records, methods=report["methods"], **times))
    media_s, rows = copies * sum(open_media(clip).duration for clip in CLIPS), [_beside(found[0], one) for one in found]
    for row in rows:
        row["annotate"] |= {
            "clips_per_s": len(found[0].records) / row["annotate"]["wall_s"],
            "realtime_per_worker": media_s / row["annotate"]["wall_s"] / row["workers"],
            "realtime_per_core": media_s / row["annotate"]["processor_s"],
        }
    report = {
        "cores": os.cpu_count(),
        "recogniser": recogniser,
        "clips": len(found[0].records),
        "media_s": media_s,
        "sweep": {"dataset": dataset.name, "models": SWEPT, "seeds": SWEEP_SEEDS, "epochs": epochs},
        "rows": rows,
        "estimate": estimate(rows[-1]["annotate"]["realtime_per_core"]),
    }
    task.write_report("scaling", report)


def _beside(first: _Measured, one: _Measured) -> dict[str, Any]:
    """How much faster one engine was than the first, and whether it found the same."""
    return {
        "engine": one.engine,
        "workers": one.workers,
        "start_s": one.start_s,
        "annotate": {
            "wall_s": one.annotate_s,
            "processor_s": one.processor_s,
            "speed_up": first.annotate_s / one.annotate_s,
            "same": one.records == first.records,
        },
        "sweep": {"wall_s": one.sweep_s, "speed_up": first.sweep_s / one.sweep_s, "same": one.methods == first.methods},
    }


def estimate(realtime_per_core: float, hours: float = ESTIMATED_HOURS, workers: int = ESTIMATED_WORKERS) -> dict[str, float]:
    """How long so many hours of video take.

    It takes every worker to have a core of its own, like one of those that were measured side by side, the disk to keep up, the clips to
    be like the samples (a face nearly all the time, speech most of it), and many clips for each worker, so that all end together.
    """
    processor_hours = hours / realtime_per_core
    return {
        "hours_of_video": hours,
        "workers": workers,
        "realtime_per_core": realtime_per_core,
        "processor_hours": processor_hours,
        "wall_hours": processor_hours / workers,
    }


def _copied(folder: Path, copies: int) -> Path:
    for copy in range(copies):
        (folder / str(copy)).mkdir(parents=True)
        for clip in CLIPS:
            shutil.copy(clip, folder / str(copy))
    return folder
