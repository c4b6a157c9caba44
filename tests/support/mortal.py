"""Work that kills whoever does it; in a file of its own, since a worker that takes it up anew imports what it needs."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mortal:
    """Squares numbers; a three kills its process the first time that it is met, or, if it is ``hard``, always."""

    folder: Path
    hard: bool = False

    def __call__(self, number):
        tries = len(list(self.folder.glob(f"{number}-*")))
        (self.folder / f"{number}-{tries}").touch()
        if number == 3 and (self.hard or not tries):
            os._exit(1)
        return number**2
