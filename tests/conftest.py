"""Which tests are slow: those that drive a browser, start servers, break things, or train. `make check` leaves them out."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLOW = (
    *("browser", "faults", "support", "app/server", "app/capture", "app/live/test_minute.py", "app/test_api.py"),
    *("core/benchmark", "core/experiments", "core/jobs", "core/own/test_own.py", "core/training", "core/senses/test_recognition.py"),
    *(
        "papers/test_wheel.py",
        "papers/test_documentation.py",
        "papers/test_supply_chain.py",
        "papers/test_samples.py",
        "papers/test_guide.py",
        "papers/test_notebooks.py",
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(HERE / place) for place in SLOW):
            item.add_marker(pytest.mark.slow)
