"""One visit after the other: what a visitor took is given back when the next one comes."""

import os
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.live.people import MOST_FACES
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import LookAround
from tests.browser.harness import resident_mb_of
from tests.support.minute import moments
from tests.support.replay import Script, Visit

# The first visits fill what is kept for all. What one takes, mostly its mesh, is some 25 MB.
FIRST, THEN, ALLOWED_MB = 6, 6, 60


def after_each_visit(count: int) -> list[float]:
    """Resident MB of this process after each of so many visits."""
    predictor, around = Predictor.load(device="cpu"), LookAround(MOST_FACES)
    seen = list(islice(moments(5), 30))
    after = []
    for _ in range(count):
        visit = Visit(predictor, Script(), around=around)
        for moment in seen:
            assert visit.send(moment)
        visit.close()
        after.append(resident_mb_of(os.getpid()))
    return after


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory can be read on Linux only")
def test_many_visits_take_no_more_memory_than_a_few():
    # In a process of its own: what other tests left behind in this one moves its memory by more.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        after = alone.submit(after_each_visit, FIRST + THEN).result(timeout=300)
    assert after[-1] - after[FIRST - 1] < ALLOWED_MB, [round(mb) for mb in after]
