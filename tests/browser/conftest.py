"""One program and one browser for all tests of this folder; they are skipped where there is no browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser import harness, media
from tools.watch.watch import Watch

# Where pictures of the page go, if anyone wants to look at them.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
# Records what the page asks the browser for, so that a test can see whether the devices were released.
SPY = """
window.asked = [];
window.streams = [];
if (navigator.mediaDevices) {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.asked.push(Object.keys(wanted).sort().join());
    const stream = await original(wanted);
    window.streams.push(stream);
    return stream;
  };
}
"""


def pytest_collection_modifyitems(items):
    reason = harness.missing()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # A browser on a busy machine may miss any wait once; what is broken fails twice. The summary counts those tried again.
            item.add_marker(pytest.mark.skip(reason=reason) if reason else pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The program; in the end asserts that in all that these tests did it wrote nowhere but where it may, and asked nobody outside."""
    watch = Watch(tmp_path_factory.mktemp("app"))
    with harness.running_app(watch.folder, environment=watch.environment()) as running:
        yield running
    assert [path for path in watch.written() if not path.is_relative_to(watch.folder)] == []
    assert [host for what, host in watch.noted() if what == "ask"] == []
    assert list(watch.temporary.iterdir()) == []


@pytest.fixture(scope="session")
def devices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    return {"camera": media.camera(folder), "microphone": media.microphone(folder)}


@pytest.fixture(scope="session")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright, devices):
    flags = [*harness.device_flags(**devices), harness.ALLOW_DEVICES]
    running = playwright.chromium.launch(executable_path=harness.chromium(), args=flags)
    yield running
    running.close()


@pytest.fixture(scope="session")
def guarded_browser(playwright, devices):
    """Like `browser`, but nobody answers its permission prompts, which counts as a no."""
    running = playwright.chromium.launch(executable_path=harness.chromium(), args=harness.device_flags(**devices))
    yield running
    running.close()


@pytest.fixture
def open_page(browser, server):
    """Opens pages; afterwards asserts that none of them logged an error or asked for anything from elsewhere."""
    contexts, errors, outside = [], [], []

    def open_one(width=1280, height=900, scheme="light", script="", in_browser=browser, address=server.address):
        context = in_browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(120_000)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(SPY + script)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: outside.append(request.url) if not _local(request.url, address) else None)
        page.goto(address)
        page.wait_for_selector("[data-live] [data-part=own]")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []
    assert outside == []


@pytest.fixture
def picture(request):
    """Saves a screenshot under the name of the test, where SCREENSHOTS names a folder."""

    def save(page, name, full_page=False):
        if SCREENSHOTS:
            folder = Path(SCREENSHOTS)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{request.node.name}-{name}.png", full_page=full_page)

    return save


def _local(url, address):
    return url.startswith((address, "blob:", "data:"))
