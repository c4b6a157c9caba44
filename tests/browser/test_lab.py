"""The lab in a real browser, on the real models; it follows the first lessons of the teacher's guide."""

import re

import pytest
from PIL import Image

from tests.browser.live_page import start

# Words of heads that go over the end of a line: parts of one word at different heights.
BROKEN = r"""() => [...document.querySelectorAll("h1, h2, h3, th, summary, legend, button")].flatMap((head) => {
  const found = [], walk = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) for (const { index, 0: word } of walk.currentNode.data.matchAll(/[\p{L}\d]+/gu)) {
    const range = document.createRange();
    range.setStart(walk.currentNode, index);
    range.setEnd(walk.currentNode, index + word.length);
    if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) found.push(word);
  }
  return found;
})"""


@pytest.fixture
def lab(open_page):
    def open_lab(*size):
        page = open_page(*size)
        page.get_by_role("tab", name="Lab").click()
        page.wait_for_selector("#lab-curve svg")
        return page

    return open_lab


def choose(page, name):
    page.get_by_role("button", name=name).click()
    page.wait_for_selector("#lab-seven tbody tr")
    page.wait_for_selector("#lab-compared tr[data-row=fused]")


def after(page, row):
    return page.inner_text(f"#lab-compared tr[data-row={row}] td:nth-of-type(2)")


def slide(page, slider, value):
    """As a visitor would with the keyboard: the slider is let go at the value."""
    handle = page.locator(f"#degrade-{slider} input[type=range]")
    handle.fill(str(value))
    handle.dispatch_event("pointerup")


def test_one_moment_from_seven_subsets(lab, picture):
    page = lab()
    choose(page, "Happy")
    rows = page.locator("#lab-seven tbody tr:has(.cp-shares)")
    assert page.locator("#lab-seven").locator("table").first.locator("tbody tr").count() == 7
    assert page.locator("#lab-seven table").first.locator("thead th").all_inner_texts() == ["given", "ComP", "PRLF", "late fusion"]
    assert rows.count() > 0
    assert page.locator("#lab-seven .cp-badge").is_visible()
    page.get_by_text("Inside ComP").click()
    assert page.locator(".cp-inside tbody tr").count() == 3
    picture(page, "lab", full_page=True)


def test_a_covered_face_is_no_longer_read_and_a_slider_back_at_rest_restores_it(lab, picture):
    page = lab()
    choose(page, "Happy")
    before = after(page, "video")
    assert "weight" in before
    slide(page, "cover", 0.9)
    page.wait_for_function("document.querySelector('#lab-compared tr[data-row=video] td:nth-of-type(2)').innerText.includes('absent')")
    assert "weight 0 %" in after(page, "video")
    picture(page, "lab_covered", full_page=True)
    slide(page, "cover", 0)
    page.wait_for_function("!document.querySelector('#lab-compared tr[data-row=video] td:nth-of-type(2)').innerText.includes('absent')")
    assert after(page, "video") == before


def test_the_curve_is_run_and_can_be_cancelled(lab, picture):
    page = lab()
    page.locator("#lab-run").click()
    page.wait_for_function("document.querySelectorAll('#lab-made circle').length > 0")
    # At once: a slow browser would else come when all is done.
    page.locator("#lab-cancel").click()
    shown = page.inner_text("#lab-made")
    assert re.search(r"ComP \d\d\.\d %", shown) and "Just measured" in shown
    picture(page, "lab_curve", full_page=True)
    page.wait_for_timeout(6000)
    assert page.locator("#lab-made circle").count() < 15


def test_the_second_lesson_a_sense_that_does_not_know_it_is_degraded(lab):
    page = lab()
    choose(page, "Happy")
    plain = after(page, "audio")
    slide(page, "cover", 0.9)
    page.wait_for_function("document.querySelector('#lab-compared tr[data-row=video] td:nth-of-type(2)').innerText.includes('absent')")
    slide(page, "cover", 0)
    page.wait_for_function("!document.querySelector('#lab-compared tr[data-row=video] td:nth-of-type(2)').innerText.includes('absent')")
    slide(page, "noise_db", -10)
    page.wait_for_function(
        "(plain) => document.querySelector('#lab-compared tr[data-row=audio] td:nth-of-type(2)').innerText !== plain", arg=plain
    )
    # The guide: the noisy voice stays present, its sense finds nothing wrong, and it names something else.
    noisy = after(page, "audio")
    assert "absent" not in noisy and "quality 1.00" in noisy
    assert noisy.split()[0] != plain.split()[0]


def test_on_a_phone_the_picture_that_the_face_sense_is_given_is_large_enough_to_be_seen(open_page):
    page = open_page(390, 844)
    page.get_by_role("tab", name="Lab").click()
    page.locator("#lab-exhibits [data-exhibit=moment]").click()
    choose(page, "Happy")
    page.wait_for_function("document.querySelector('#lab-picture img').naturalWidth > 0")
    assert page.locator("#lab-picture img").bounding_box()["width"] > 200


def test_a_drawing_is_saved_as_png_and_the_weights_of_the_conversation_are_there(lab, picture):
    page = lab()
    choose(page, "Mixed")
    assert page.locator("#lab-along tbody tr").count() > 2
    assert page.locator("#lab-along .cp-shares").count() > 2
    page.locator("#lab-draw").click()
    page.wait_for_selector("#lab-space figure")
    picture(page, "lab_space", full_page=True)
    assert page.locator("#lab-space svg text").count() > 1000
    with page.expect_download() as download:
        page.locator("#lab-curve [data-save=png]").click()
    with Image.open(download.value.path()) as saved:
        assert (saved.format, saved.width) == ("PNG", 1280)
        assert len(saved.convert("RGB").getcolors(2**24)) > 20
    with page.expect_download() as download:
        page.locator("#lab-space [data-save=svg]").first.click()
    assert download.value.path().read_text(encoding="utf-8").count("<text") > 300
    with page.expect_download() as download:
        page.locator("#lab-space a", has_text="CSV").first.click()
    assert download.value.path().read_text(encoding="utf-8").startswith('"first","second","label"')
    address = page.locator("#lab-curve figcaption a").get_attribute("href")
    assert page.request.get(f"{page.url}{address}").json()["dataset"] == "mosi-reread"


def test_the_last_utterance_of_the_live_session_is_taken_to_the_lab(open_page):
    page = open_page()
    page.get_by_role("tab", name="Lab").click()
    page.get_by_role("button", name="My live session").click()
    page.get_by_text("No live session is running").wait_for()
    page.get_by_role("tab", name="Live").click()
    start(page)
    page.fill("[data-part=typed]", "I am so angry, I hate this!")
    page.click("[data-part=type] button[type=submit]")
    page.locator("[data-part=history] .cp-said", has_text="hate").wait_for()
    page.get_by_role("tab", name="Lab").click()
    page.get_by_role("button", name="My live session").click()
    page.locator("#lab-seven", has_text="I am so angry").wait_for()
    assert page.locator("#lab-seven table").first.locator("tbody tr").count() == 7


def test_on_a_phone_one_exhibit_is_shown_and_nothing_is_wider_than_the_screen(open_page, picture):
    page = open_page(390, 844, "dark")
    page.get_by_role("tab", name="Lab").click()
    nav = page.get_by_role("navigation", name="Exhibits of the lab")
    nav.wait_for()
    names = [button.get_attribute("data-exhibit") for button in nav.get_by_role("button").all()]
    assert len(names) == 4
    page.wait_for_function("document.querySelectorAll('.cp-exhibit[data-shown]').length === 1")
    for name in names:
        nav.locator(f"[data-exhibit={name}]").click()
        page.wait_for_selector(f"#exhibit-{name}")
        if name == "moment":
            choose(page, "Happy")
        picture(page, f"phone_{name}", full_page=True)
        assert [one for one in names if page.is_visible(f"#exhibit-{one}")] == [name]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate(BROKEN) == []
