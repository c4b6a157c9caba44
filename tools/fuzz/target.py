"""What a target of fuzzing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class Unfit(Exception):
    """The input is not what the function is ever given, such as bytes that are no JSON: somebody else refuses it before."""


@dataclass(frozen=True)
class Target:
    """One function.

    Attributes:
        seeds: makes valid inputs in an empty folder.
        read: gives it an input; may write to an empty folder.
        refusals: the exceptions that its documentation names.
    """

    seeds: Callable[[Path], list[bytes]]
    read: Callable[[bytes, Path], None]
    refusals: tuple[type[Exception], ...] = ()
