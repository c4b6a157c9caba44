"""`--visitors 1`: a second page waits in line without camera or microphone, and starts by itself when its turn comes."""

import pytest

from tests.browser import harness
from tests.browser.live_page import agree, start, start_again, text, wait_for
from tests.browser.test_live import tracks

pytestmark = pytest.mark.serial


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with harness.running_app(tmp_path_factory.mktemp("line"), "--visitors", "1", "--whisper", "off") as running:
        yield running


def wait_in_line(page):
    agree(page)
    page.click("[data-part=start]")
    page.wait_for_selector("[data-live][data-phase=waiting]")
    return page


def says(page, words):
    page.wait_for_function("(words) => document.querySelector('[data-part=message]').textContent.includes(words)", arg=words)


def test_a_page_waits_without_camera_and_starts_by_itself(open_page, picture):
    first = open_page()
    assert "room for one visitor" in text(first, "hint")
    start(first)
    second, third = wait_in_line(open_page()), wait_in_line(open_page())
    says(second, "You are next")
    says(third, "One person is before you")
    picture(third, "waiting")
    for page in (second, third):
        assert tracks(page) == ["audio ended", "video ended"]
        assert page.evaluate("document.querySelector('[data-part=video]').srcObject") is None
    first.click("[data-part=stop]")
    wait_for(second, video="present")
    assert tracks(second).count("video live") == 1
    says(third, "You are next")
    assert not any("live" in track for track in tracks(third))
    # The page in line is closed: it stands in nobody's way, and who has stopped may wait again.
    third.close()
    start_again(first)
    first.wait_for_selector("[data-live][data-phase=waiting]")
    says(first, "You are next")
    first.click("[data-part=stop]")
    first.wait_for_selector("[data-live][data-phase=stopped]")
    assert "left the line" in text(first, "message")
    assert first.is_hidden("[data-part=stop]")
    second.click("[data-part=stop]")
    first.click("[data-part=start]")
    wait_for(first, video="present")


def test_who_takes_back_consent_leaves_the_line(open_page):
    start(open_page())
    page = wait_in_line(open_page())
    page.uncheck("[data-part=consent]")
    page.wait_for_selector("[data-live][data-phase=gate]")
    assert page.is_disabled("[data-part=start]")
    assert not any("live" in track for track in tracks(page))
