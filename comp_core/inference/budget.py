"""What reading one file may cost: a file of a few bytes can hold hours of work."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from comp_core.support.errors import CompCoreError


class MediaError(CompCoreError):
    """A file cannot be used; the message is one sentence for its owner."""


class OverBudget(MediaError):
    """A file costs too much to be read to its end; what was read before is good."""


@dataclass(frozen=True)
class Budget:
    """The defaults suit a page for strangers.

    Attributes:
        seconds: of work, the recognition of speech among it.
        pixels: to decode, of all pictures together.
        pixels_anyway: to decode of any file: 16 s of 1080p at 30 pictures a second.
        pixels_per_byte: and so many more for each byte that it has. Videos of people have 20 to 500; an empty picture of 8K, 95,000.
        headerless: whether formats may be read whose pictures are decoded before anything of them is known.
    """

    seconds: float = 300.0
    pixels: float = 60e9
    pixels_anyway: float = 1e9
    pixels_per_byte: float = 2000.0
    headerless: bool = False


# For files of one's own.
PATIENT = Budget(math.inf, math.inf, math.inf, headerless=True)


class Meter:
    """Counts what has been spent on a file since it was made.

    Raises:
        OSError: there is no such file.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        self._name, self._budget, self._began = path.name, budget, time.monotonic()
        self._pixels = min(budget.pixels, budget.pixels_anyway + budget.pixels_per_byte * path.stat().st_size)

    def spend(self, pixels: int = 0) -> None:
        """Count decoded pixels, and look at the clock.

        Raises:
            OverBudget: the budget is spent.
        """
        self._pixels -= pixels
        if self._pixels < 0:
            raise OverBudget(f"{self._name} unpacks to far more pictures than its bytes suggest; only its beginning was read: cut it.")
        if time.monotonic() - self._began > self._budget.seconds:
            raise OverBudget(f"{self._name} takes longer than {self._budget.seconds:.0f} s to read; only its beginning was read: cut it.")
