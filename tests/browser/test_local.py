"""`--capture local`: the page asks for no device of the browser; files stand in for the computer's."""

import pytest

from tests.browser import harness
from tests.browser.live_page import agree, start, start_again, text, wait_for

pytestmark = pytest.mark.serial

SAMPLE = str(harness.ROOT / "assets" / "samples" / "mixed.mp4")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arguments = ("--capture", "local", "--camera", SAMPLE, "--microphone", SAMPLE)
    with harness.running_app(tmp_path_factory.mktemp("local"), *arguments) as running:
        yield running


def test_the_computers_own_devices_are_read(open_page, picture, guarded_browser):
    page = start(open_page(in_browser=guarded_browser))
    wait_for(page, video="present")
    wait_for(page, audio="present")
    picture(page, "local")
    assert page.evaluate("window.asked") == []
    assert page.evaluate("document.querySelector('[data-part=still]').naturalWidth") > 100
    assert "its own camera" in page.text_content("[data-part=where]")
    page.wait_for_selector("[data-part=box]:visible")
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-live][data-phase=stopped]")
    assert page.is_hidden("[data-part=still]")
    start_again(page)
    wait_for(page, video="present")
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-file=csv]:enabled")


def test_a_second_page_waits_for_the_devices(open_page, guarded_browser):
    first = start(open_page(in_browser=guarded_browser))
    second = open_page(in_browser=guarded_browser)
    agree(second)
    second.click("[data-part=start]")
    second.wait_for_selector("[data-live][data-phase=waiting]")
    assert "You are next" in text(second, "message")
    first.click("[data-part=stop]")
    wait_for(second, video="present")


def test_missing_devices_are_explained_and_typed_words_are_read(open_page, guarded_browser, tmp_path):
    with harness.running_app(tmp_path, "--capture", "local", "--camera", "97", "--microphone", "no such microphone") as other:
        page = start(open_page(in_browser=guarded_browser, address=other.address))
        page.wait_for_selector("[data-part=message]:visible")
        page.wait_for_function("/--camera.*(--microphone|PortAudio)/.test(document.querySelector('[data-part=message]').textContent)")
        wait_for(page, video="absent: no picture", audio="absent: no sound")
        page.fill("[data-part=typed]", "what a lovely day")
        page.click("[data-part=type] button[type=submit]")
        wait_for(page, text="present")
        page.context.close()
