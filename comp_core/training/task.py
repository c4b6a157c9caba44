"""What every `train` and `experiment` command shares: where data, work and results go, and how a result is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from comp_core.support.atomic_files import write_whole
from comp_core.support.checkpoint import save_checkpoint
from comp_core.support.devices import CPU
from comp_core.support.errors import CompCoreError
from comp_core.support.provenance import made_by
from comp_core.training.fit import FitConfig


class CorporaMissing(CompCoreError):
    """A training or an experiment needs the corpora, and nobody said where they are."""


@dataclass(frozen=True)
class Task:
    """One run of a `train` or `experiment` command.

    Attributes:
        corpora: the folder of corpora; never written to. None where an experiment is asked for without.
        work: caches and intermediate weights.
        weights: where the final weights go.
        reports: where the JSON reports go.
        command: the command line, as recorded in the checkpoint.
        device: to train on.
        out: where an experiment's report goes, if not into ``reports``.
    """

    corpora: Path | None
    work: Path
    weights: Path
    reports: Path
    seed: int
    command: str
    device: str = CPU
    out: Path | None = None

    @property
    def data(self) -> Path:
        """The folder of corpora, for what cannot do without.

        Raises:
            CorporaMissing: nobody said where it is.
        """
        if self.corpora is None:
            raise CorporaMissing("this needs the folder of the corpora: give it with --data.")
        return self.corpora

    def output(self, name: str) -> Path:
        """The path, without suffix, of the checkpoint called ``name``."""
        return self.weights / name

    def finish(
        self,
        stem: Path,
        kind: str,
        model: nn.Module,
        config: Any,
        settings: FitConfig,
        history: list[dict[str, float]],
        figures: dict[str, Any],
        about: dict[str, Any],
        eight_bits: bool = False,
    ) -> None:
        """Write the checkpoint, in 8 bits if so asked, with what is ``about`` it, and its report, which has the ``figures``, too."""
        made = {"training": asdict(settings), **about}
        parameters = sum(p.numel() for p in model.parameters())
        save_checkpoint(stem, kind, model, config, {**made_by(self.command), **made}, eight_bits)
        self.write_report(stem.name, {"kind": kind, "parameters": parameters, **made, **figures, "history": history})

    def write_report(self, name: str, report: dict[str, Any]) -> None:
        """Write ``name``.json with how it was made into the reports, and print its figures."""
        path = self.out or self.reports / f"{name}.json"
        figures = report.get("metrics", report)
        report = {**made_by(self.command), **report}
        write_whole(path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        print(json.dumps({"report": str(path), "metrics": figures}, indent=1))


def keep_best(stem: Path, kind: str, config: Any, settings: FitConfig, about: dict[str, Any]) -> Callable[[nn.Module, float, int], None]:
    """A callback for `fit` that saves the best weights so far, marked as unfinished."""

    def save(model: nn.Module, score: float, epoch: int) -> None:
        state = {"unfinished": {"epoch": epoch, "validation": score}, "training": asdict(settings)}
        save_checkpoint(stem, kind, model, config, {**state, **about})

    return save
