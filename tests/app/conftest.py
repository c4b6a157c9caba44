"""What the tests of this folder share."""

import pytest

from tests.app.served import served
from tests.app.sessions import SteppedSession


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    """The programs that are started here, and those that ask them, are on this computer."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """The pages as they are served, with doubles for the models."""
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def stepped():
    return SteppedSession()
