"""Progress of long work, on standard error, so that standard output stays for results."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress(items: Iterable, what: str) -> tqdm:
    """Iterate over ``items`` with a bar; a line every ten seconds where there is no terminal."""
    return tqdm(items, desc=what, file=sys.stderr, mininterval=0.2 if sys.stderr.isatty() else 10, dynamic_ncols=True)
