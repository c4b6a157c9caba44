"""Two people before one camera: each has a frame and a row of bars; one can be chosen, and be given a name."""

import json

import pytest

from tests.browser import harness, media
from tests.browser.live_page import start, text, wait_for
from tests.browser.test_accessibility import violations
from tests.browser.test_languages import in_language, untranslated
from tests.support.people import another, scene, woman

pytestmark = pytest.mark.serial


@pytest.fixture
def two_in_view(playwright, devices, tmp_path):
    people = scene([(woman(), 0.27, 0.5, 300), (another(), 0.76, 0.52, 230)])
    camera = media.camera(tmp_path, with_face=5, without=0, face=people)
    flags = [*harness.device_flags(camera, devices["microphone"]), harness.ALLOW_DEVICES]
    running = playwright.chromium.launch(executable_path=harness.chromium(), args=flags)
    yield running
    running.close()


def told(page):
    """Of each row the number or name that is shown, and its state."""
    rows = page.locator("[data-part=rows] > li").all()
    return [(row.locator("input").input_value() or row.locator("input").get_attribute("placeholder")) for row in rows]


def left(page, of):
    return float(page.eval_on_selector(of, "(node) => parseFloat(node.style.left)"))


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 900, "light"), (390, 844, "dark")])
def test_each_face_has_its_frame_and_its_row_and_can_be_chosen_and_named(open_page, picture, two_in_view, width, height, scheme):
    page = start(open_page(width, height, scheme, in_browser=two_in_view))
    page.wait_for_function("document.querySelectorAll('[data-part=rows] > li').length === 2")
    page.wait_for_selector(".cp-other:visible >> nth=1")
    assert told(page) == ["face 1", "face 2"]
    assert page.locator(".cp-columns").count() == 2 and page.locator(".cp-columns i").count() == 14
    picture(page, "two", full_page=True)
    page.click(".cp-person >> nth=1")
    page.wait_for_selector(".cp-person[aria-pressed=true][data-read=true] >> text=chosen")
    page.wait_for_function("parseFloat(document.querySelector('[data-part=box]').style.left) > 45")
    page.fill("[data-part=rows] input >> nth=1", "  Ann <b>  ")
    page.press("[data-part=rows] input >> nth=1", "Enter")
    page.wait_for_function("document.querySelectorAll('.cp-other > span')[1].textContent.startsWith('Ann <b> ·')")
    page.wait_for_function("document.querySelectorAll('[data-part=rows] input')[1].value === 'Ann <b>'")
    picture(page, "named", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert violations(page) == []
    wait_for(page, audio="present")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-part=history] .cp-said')].some((one) => one.textContent.startsWith('Ann <b>: '))"
    )
    page.click(".cp-person >> nth=1")
    page.wait_for_function("!document.querySelector('.cp-person[aria-pressed=true]')")
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-live][data-phase=stopped]")
    assert page.locator(".cp-other").count() == 0 and page.is_hidden("[data-part=people]")
    if page.is_hidden("[data-file=json]"):
        page.click("[data-part=more] > summary")
    with page.expect_download() as download:
        page.click("[data-file=json]")
    saved = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert {"id": 2, "name": "Ann <b>"} in [one["face"] for one in saved["utterances"]]
    assert any(len(line["faces"]) == 2 for line in saved["lines"])


def test_a_press_on_a_frame_reads_that_face(open_page, two_in_view):
    page = start(open_page(in_browser=two_in_view))
    page.wait_for_selector(".cp-other:visible >> nth=1")
    assert left(page, "[data-part=box]") < 40
    page.click(".cp-other >> nth=1")
    page.wait_for_function("parseFloat(document.querySelector('[data-part=box]').style.left) > 45")
    page.wait_for_selector(".cp-other[aria-pressed=true]")
    assert "from" in text(page, "basis") or page.get_attribute("[data-fused]", "data-kind") == "unsure"


@pytest.mark.parametrize(("language", "second"), [("de", "Gesicht 2"), ("es", "cara 2")])
def test_numbers_are_told_in_another_language_and_names_are_not(open_page, server, two_in_view, language, second):
    page = start(in_language(open_page, server, language, in_browser=two_in_view))
    page.wait_for_selector(".cp-other:visible >> nth=1")
    page.fill("[data-part=rows] input >> nth=0", "joy")
    page.press("[data-part=rows] input >> nth=0", "Enter")
    page.wait_for_function("document.querySelector('.cp-other > span').textContent.startsWith('joy ·')")
    assert page.locator(".cp-other > span").nth(1).text_content().startswith(f"{second} ·")
    assert "joy" in page.get_attribute(".cp-person >> nth=0", "aria-label")
    page.click(".cp-person >> nth=1")
    page.wait_for_selector(".cp-person[aria-pressed=true]")
    page.wait_for_timeout(1000)
    devices = page.locator("option").all_text_contents()
    assert set(untranslated(page)) <= set(devices)


def test_with_one_face_there_are_no_rows(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.wait_for_selector("[data-part=box]:visible")
    assert page.is_hidden("[data-part=people]")
    assert page.locator(".cp-other").count() == 0
