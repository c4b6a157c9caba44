"""Memory that is free goes back to the machine."""

import os
import platform
from pathlib import Path

import pytest

from app.server.memory import give_back

MB = 2**20


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps its memory in another way")
def test_what_was_freed_below_something_in_use_is_given_back():
    pieces = [bytes(20_000) for _ in range(5_000)]
    kept = pieces[-1]  # what lies below it, the library keeps for later
    del pieces
    before = resident()
    give_back()
    assert before - resident() > 30 * MB
    assert len(kept) == 20_000
