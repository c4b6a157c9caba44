"""Where the work of a large job is done, as the options say."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext

from comp_core.cli.values import count
from comp_core.jobs.engine import Engine, EngineError, InProcess
from comp_core.jobs.ray_cluster import RayCluster
from comp_core.support.devices import CPU


def engine_options() -> argparse.ArgumentParser:
    """The options of every command that can use an engine, as a parent of its parser."""
    engine = argparse.ArgumentParser(add_help=False)
    engine.add_argument("--engine", choices=("in-process", "ray"), default="in-process", help="where to work (default: %(default)s)")
    engine.add_argument("--address", metavar="HOST:PORT|auto", help="a running Ray cluster; all machines need this project at one path")
    engine.add_argument("--workers", type=count, metavar="N", help="Ray workers, on this machine only (default: one for each core)")
    return engine


def engine_of(options: argparse.Namespace) -> AbstractContextManager[Engine]:
    """The engine that was asked for, as a context.

    Raises:
        EngineError: what was asked for does not go together.
    """
    if options.engine == "ray":
        return RayCluster(options.address, options.workers, options.device or CPU)
    if options.address or options.workers:
        raise EngineError("--address and --workers are Ray's: add --engine ray.")
    return nullcontext(InProcess())
