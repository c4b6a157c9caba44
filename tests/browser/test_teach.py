"""A lesson in a real browser: two expressions are held twice, what that is worth is told, it answers, and it can be forgotten."""

import pytest

from tests.browser import harness, media
from tests.browser.live_page import start, text, wait_for

pytestmark = pytest.mark.serial


@pytest.fixture(scope="module")
def always_there(playwright, devices, tmp_path_factory):
    """A browser whose camera never loses the face."""
    camera = media.camera(tmp_path_factory.mktemp("camera"), with_face=6, without=0)
    flags = [*harness.device_flags(camera, devices["microphone"]), harness.ALLOW_DEVICES]
    running = playwright.chromium.launch(executable_path=harness.chromium(), args=flags)
    yield running
    running.close()


def open_lesson(page):
    page.click("[data-part=teach] > summary")
    assert "no picture, no sound" in text(page, "teach_consent")
    page.click("[data-part=teach_agree]")


def choose(page, *names):
    """Leave all others out."""
    for row in page.locator("[data-part=teach_names] li").all():
        row.locator("input").set_checked(row.get_attribute("data-name") in names)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 900, "light"), (390, 844, "dark")])
def test_two_expressions_are_taught_used_and_forgotten(open_page, picture, always_there, width, height, scheme):
    page = start(open_page(width, height, scheme, in_browser=always_there))
    wait_for(page, video="present")
    open_lesson(page)
    picture(page, "names", full_page=True)
    page.fill("[data-part=teach_name]", " Joy ")
    page.click("[data-part=teach_own] button")
    assert "in the list already" in text(page, "teach_told")
    page.fill("[data-part=teach_name]", "<i>bored</i>")
    page.click("[data-part=teach_own] button")
    choose(page, "joy", "<i>bored</i>")
    page.click("[data-part=teach_go]")
    page.wait_for_function("document.querySelector('[data-part=teach_now]').textContent.startsWith('Get ready: joy, first try')")
    page.wait_for_selector("[data-part=teach_now][data-holding=true]")
    picture(page, "holding", full_page=True)
    page.wait_for_function(
        "/^Of your second tries it names \\d of 2 without/.test(document.querySelector('[data-part=teach_worth]').textContent)"
    )
    assert "cannot know “<i>bored</i>”" in text(page, "teach_worth")
    page.set_checked("[data-part=teach_use]", True)
    page.wait_for_function("/^By your own lesson: (joy|<i>bored<.i>) /.test(document.querySelector('[data-part=by_lesson]').textContent)")
    assert page.locator("[data-part=teach_bars] .cp-label").all_inner_texts() == ["joy", "<i>bored</i>"]
    assert len(page.locator("[data-part=reasons] .cp-bars li").all()) == 7
    picture(page, "taught", full_page=True)
    assert fits(page)
    page.set_checked("[data-part=teach_use]", False)
    page.wait_for_selector("[data-part=by_lesson]", state="hidden")
    page.set_checked("[data-part=teach_use]", True)
    page.wait_for_selector("[data-part=by_lesson]:visible")
    page.click("[data-part=teach_delete]")
    page.wait_for_selector("[data-part=by_lesson]", state="hidden")
    assert page.is_visible("[data-part=teach_agree]")
    page.click("[data-part=teach_agree]")
    assert "bored" not in text(page, "teach_names")
    assert page.locator("[data-part=teach_names] [data-held=true]").count() == 0


def test_a_try_in_which_nothing_was_there_says_so_and_stop_forgets_the_lesson(open_page):
    page = open_page()
    page.click("[data-part=typing]")
    page.wait_for_selector("[data-live][data-phase=running]")
    open_lesson(page)
    page.click("[data-part=teach_names] li[data-name=fear] button >> nth=0")
    page.wait_for_function("document.querySelector('[data-part=teach_told]').textContent.includes('no face and no voice')")
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-part=teach_agree]:visible")
    assert page.is_hidden("[data-part=teach_body]")
