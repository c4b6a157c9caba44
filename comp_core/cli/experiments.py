"""`experiment NAME`: what writes a report and no weights.

Each is a file of `comp_core.experiments` with a function ``measure``.
"""

from __future__ import annotations

import argparse
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comp_core.cli.tasks import task_of, task_options
from comp_core.cli.values import count, names

NEEDED, OPTIONAL, NONE = "needed", "optional", "none"
# Of those that train nothing, and of those that read no weights, either.
_UNTRAINED = ("device",)
_BARE = ("work", "weights", "device")


@dataclass(frozen=True)
class Experiment:
    """How an experiment is asked for.

    Attributes:
        question: what it answers.
        data: whether it reads the corpora; of `OPTIONAL` ones it reads what is given.
        options: name -> what argparse should know of it; they are handed to ``measure`` by name.
        without: shared options that it has no use for.
    """

    question: str
    data: str = NEEDED
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    without: tuple[str, ...] = ()


def _number(default: int | None, told: str) -> dict[str, Any]:
    return {"type": count, "default": default, "help": f"{told} (default: %(default)s)" if default else told}


_EPOCHS: dict[str, dict[str, Any]] = {"epochs": _number(None, "instead of the number that made the committed report")}
_WHISPER: dict[str, Any] = {"default": "off", "metavar": "MODEL|PATH|off", "help": "speech recognition (default: %(default)s)"}
_OBVIOUS: dict[str, dict[str, Any]] = {
    "models": {"type": names, "metavar": "NAME,...", "help": "'' for the senses alone (default: comp,prlf)"},
    "show": {"choices": ("choose", "test"), "help": "print the wrong answers of this part, too; test is for a last read"},
}
EXPERIMENTS = {
    "recognition": Experiment("how many words does the recogniser get wrong, and what does it hear where nobody speaks?", without=_BARE),
    "face": Experiment("how good is the face sense on test pictures, and in bad light?", without=_UNTRAINED),
    "voice": Experiment("how good is the voice sense on speakers it never heard, and in noise?", without=_UNTRAINED),
    "voice_cv": Experiment("how good is a voice sense on speakers it never heard, over five folds?", options=_EPOCHS),
    "voice_cross": Experiment("how good is a voice sense on another corpus?", options=_EPOCHS),
    "personal": Experiment("what is a lesson of two tries worth?", options=_EPOCHS),
    "words": Experiment("how good is the words sense on test sentences, and with words lost?", without=_UNTRAINED),
    "words_cross": Experiment("how good is a words sense on another corpus?", options=_EPOCHS),
    "partial_loss": Experiment("what if parts of a modality are lost, and not all of it?", without=_UNTRAINED),
    "steadiness": Experiment("how calm is the page while nothing happens?", without=_UNTRAINED),
    "paired_corpora": Experiment("what does fusion gain where modalities come from one moment of one person?", options=_EPOCHS),
    "balance": Experiment("does a modality learn less when all are trained together?", NEEDED, _EPOCHS, ("work", "weights")),
    "interventions": Experiment("which of their parts do trained models use?", options=_EPOCHS),
    "obvious": Experiment("which plain sentences, acted voices and clear faces are read wrong?", OPTIONAL, _OBVIOUS, ("seed",)),
    "people": Experiment(
        "how often do people say what an actor was asked for, from the voice, the face and both?", without=("seed", *_BARE)
    ),
    "lab_set": Experiment("which conversations does the lab's curve use? (writes assets/lab)", without=("reports", "device", "out")),
    "speed": Experiment(
        "how long does each step of the live loop take?", NONE, {"runs": _number(100, "rounds")}, ("work", "seed", "device")
    ),
    "cost": Experiment("what does ComP cost in time and memory?", NEEDED, {"runs": _number(20, "rounds")}, ("seed", *_BARE)),
    "scaling": Experiment(
        "what does Ray gain on this machine, and what would many machines take?",
        options={"copies": _number(10, "of the sample clips"), "epochs": _number(10, "of the benchmark"), "whisper": _WHISPER},
        without=("seed", *_BARE),
    ),
}


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give each experiment a parser with its options."""
    parser = commands.add_parser("experiment", help="answer a question about the models; writes a report and no weights")
    names = parser.add_subparsers(required=True, metavar="NAME", dest="what")
    for name, experiment in EXPERIMENTS.items():
        command = names.add_parser(name, parents=[task_options(experiment.without)], help=experiment.question)
        if experiment.data != NONE:
            command.add_argument("--data", type=Path, required=experiment.data == NEEDED, help="folder of the corpora")
        if "out" not in experiment.without:
            command.add_argument("--out", type=Path, metavar="FILE", help="the report (default: NAME.json in the report folder)")
        for option, about in experiment.options.items():
            command.add_argument(f"--{option}", **about)
        command.set_defaults(run=run, data=None)


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """`experiment NAME`."""
    measure = importlib.import_module(f"comp_core.experiments.{options.what}").measure
    given = {name: getattr(options, name) for name in EXPERIMENTS[options.what].options}
    measure(task_of(options, arguments), **{name: value for name, value in given.items() if value is not None})
    return 0
