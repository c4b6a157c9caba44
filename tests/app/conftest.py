"""What the tests of this folder share."""

import pytest

from tests.app.sessions import Page, SteppedSession


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    """The programs that are started here, and those that ask them, are on this computer."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


@pytest.fixture
def page():
    return Page()


@pytest.fixture
def stepped():
    return SteppedSession()
