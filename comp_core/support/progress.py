"""Progress of long work, on standard error, so that standard output stays for results."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress(items: Iterable, what: str, total: int | None = None) -> tqdm:
    """Iterate over ``items`` with a bar; a line every ten seconds where there is no terminal.

    Args:
        total: how many there are, where ``items`` cannot tell.
    """
    return tqdm(items, desc=what, total=total, file=sys.stderr, mininterval=0.2 if sys.stderr.isatty() else 10, dynamic_ncols=True)
