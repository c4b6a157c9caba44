"""A few damaged inputs for every target, always the same; `python -m tools.fuzz` tries many, and others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.app.sessions import Page
from tools.fuzz.guided import GUIDED
from tools.fuzz.run import Process, fuzz, inputs
from tools.fuzz.targets import TARGETS

# Besides the seeds.
INPUTS = 25


@pytest.fixture(scope="module")
def tallies():
    return fuzz(TARGETS, count=INPUTS)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_inputs_are_refused_as_documented(tallies, name):
    tally = tallies[name]
    assert tally.faults == {}
    assert tally.inputs > INPUTS
    assert tally.verdicts["accepted"], "not even a valid input was accepted"
    assert sum(tally.verdicts.values()) == tally.inputs


def test_what_is_guided_is_a_target():
    assert set(GUIDED) <= set(TARGETS)


@pytest.fixture(scope="module")
def planted():
    names = ["refuses", "raises", "hangs", "crashes", "reads elsewhere", "starts a program", "takes all memory"]
    process = Process("tools.fuzz.planted", names, hang_s=5.0)
    yield process
    process.stop()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory can be limited on Linux only")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("refuses", ""),
        ("raises", "ValueError at planted.py"),
        ("reads elsewhere", "it opens /etc/hostname"),
        ("starts a program", "subprocess.Popen"),
        ("takes all memory", "MemoryError"),
        ("crashes", "crash: the process ended with -11"),
        ("hangs", "hang: not done after 5 s"),
    ],
)
def test_every_kind_of_fault_is_found_and_the_next_input_is_read(planted, name, fault):
    outcome = planted.give(name, b"bad")
    assert outcome.fault[: len(fault) or 1] == fault
    assert planted.give(name, b"good").verdict == "accepted"


def test_inputs_are_the_same_each_time():
    for name in ("tables of clips", "requests of the live page"):
        first, second = inputs(name), inputs(name)
        assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (
    "jpeg",
    "captured",
    "pcm",
    "first",
    "switches",
    "model",
    "language",
    "degradation",
    "typed",
    "corrected",
    "face",
    "smoothing",
    "note",
    "lesson",
)


@settings(deadline=None, max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=5), st.sampled_from(("exchange", "control")))
def test_any_request_has_an_answer_that_can_be_sent(request_, name):
    page = Page()
    answer = getattr(page, name)({**request_, "token": page.start()})
    assert answer.get("error") in (None, "bad_request", "too_large"), answer
    json.dumps(answer, ensure_ascii=False).encode("utf-8")
