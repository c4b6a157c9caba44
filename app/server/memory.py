"""What this process holds of the machine's memory: glibc keeps what was freed unless it is told otherwise."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# M_ARENA_MAX and M_MMAP_THRESHOLD of malloc.h
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3


def keep_little() -> None:
    """Left to itself, glibc gives each thread a heap, and learns to keep ever larger blocks there: some 8 MB a visitor."""
    with suppress(AttributeError, OSError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_MMAP_THRESHOLD, 1_000_000)


def give_back() -> None:
    """Give back what is free: a session that has ended leaves some 35 MB of it in small pieces."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
