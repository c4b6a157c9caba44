"""The clip page in a real browser, on the real models."""

import csv

import numpy as np
import pytest

from comp_core.inference.media import open_media
from tests.browser import harness, media
from tests.support.whispers import MULTILINGUAL, write_whisper


def open_clip(page):
    page.get_by_role("tab", name="Clip").click()
    page.wait_for_selector(".cp-sample")
    return page


def choose(page, path):
    clear = page.get_by_label("Clear")
    if clear.is_visible():
        clear.click()
    page.set_input_files("input[type=file]", path)


def test_a_sample_is_read_by_utterance(open_page, picture):
    page = open_clip(open_page())
    picture(page, "empty")
    page.get_by_role("button", name="Mixed").click()
    page.get_by_role("button", name="Make a video with the labels").wait_for()
    picture(page, "mixed", full_page=True)
    assert page.locator("details.cp-utterance").count() >= 3
    assert page.locator("details.cp-utterance").first.locator("[data-modality][data-state=present]").count() == 3
    assert page.locator("details.cp-utterance[open] .cp-said").inner_text().startswith("I am really angry")
    page.locator(".cp-part").nth(1).click()
    page.wait_for_function("document.querySelector('.cp-player video').currentTime > 4")
    page.wait_for_selector(".cp-part[data-number='1'][data-plays]")
    assert page.locator("details.cp-utterance").nth(1).get_attribute("open") is not None


def test_what_was_read_can_be_saved_as_a_table_and_as_a_video(open_page, picture):
    page = open_clip(open_page())
    page.get_by_role("button", name="Happy").click()
    page.get_by_role("button", name="Make a video with the labels").wait_for()
    link = page.get_by_role("link", name="CSV", exact=True)
    with page.expect_download() as download:
        link.click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert len(rows) == page.locator("details.cp-utterance").count()
    page.get_by_role("button", name="Make a video with the labels").click()
    made = page.get_by_role("link", name="happy-labelled.mp4").or_(page.locator("a[download='happy-labelled.mp4']")).first
    made.wait_for()
    picture(page, "labelled", full_page=True)
    with page.expect_download() as download:
        made.click()
    assert open_media(download.value.path()).kind == "video"


def test_what_is_spoken_can_be_said_where_the_recogniser_knows_several_languages(open_page, tmp_path, picture):
    assert open_clip(open_page()).get_by_role("combobox", name="Spoken language").is_hidden()  # tiny.en knows English only
    whisper = write_whisper(tmp_path / "random.pt", MULTILINGUAL)
    with harness.running_app(tmp_path, "--whisper", str(whisper)) as server:
        page = open_clip(open_page(address=server.address))
        language = page.get_by_role("combobox", name="Spoken language")
        while language.is_hidden():  # until the recogniser has been loaded
            page.get_by_role("tab", name="Lab").click()
            open_clip(page)
            page.wait_for_timeout(500)
        language.click()
        page.get_by_role("option", name="German").click()
        page.get_by_role("tab", name="Lab").click()
        open_clip(page)
        assert language.input_value() == "German"
        page.get_by_role("button", name="Happy").click()
        page.get_by_role("button", name="Make a video with the labels").wait_for()
        picture(page, "german")
        page.close()  # before its program stops


def test_reading_can_be_cancelled_and_what_was_read_stays(open_page, tmp_path, picture):
    page = open_clip(open_page())
    said = [media.speak(media.HAPPY, tmp_path), media.silence(1.5)]
    choose(page, media.write_wave(tmp_path / "long.wav", np.concatenate(20 * said)))
    page.wait_for_selector("details.cp-utterance")
    # What was read stays readable while more is read.
    opacity = "(node) => { let least = 1; for (; node; node = node.parentElement) least *= getComputedStyle(node).opacity; return least; }"
    assert page.locator("details.cp-utterance").first.evaluate(opacity) == 1
    picture(page, "reading")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_timeout(3000)
    count = page.locator("details.cp-utterance").count()
    page.wait_for_timeout(3000)
    assert page.locator("details.cp-utterance").count() == count < 20
    assert page.is_visible(".cp-player audio")
    page.get_by_role("button", name="Face").click()
    page.wait_for_selector(".cp-player img")


@pytest.mark.parametrize(("name", "data"), [("text.mp4", b"this is no video\n" * 100), ("empty.wav", b"")])
def test_a_bad_file_has_a_message_and_the_next_one_works(open_page, picture, tmp_path, name, data):
    page = open_clip(open_page())
    path = tmp_path / name
    path.write_bytes(data)
    choose(page, path)
    page.wait_for_selector("#clip-result .cp-message")
    assert name in page.inner_text("#clip-result .cp-message")
    picture(page, "message")
    page.get_by_role("button", name="Face").click()
    page.wait_for_selector("details.cp-utterance [data-modality=video][data-state=present]")


def test_a_modality_can_be_left_out_and_words_typed(open_page):
    page = open_clip(open_page(390, 844, "dark"))
    page.get_by_role("checkbox", name="voice").uncheck()
    page.get_by_test_id("textbox").fill("I am so happy")
    page.get_by_role("button", name="Happy").click()
    page.wait_for_selector("details.cp-utterance [data-modality=audio][data-state=off]")
    assert page.locator("details.cp-utterance").count() == 1
    assert "I am so happy" in page.inner_text(".cp-utterance summary")


def test_about_tells_what_it_is_not(open_page, picture):
    page = open_page()
    page.get_by_role("tab", name="About").click()
    page.get_by_text("Prohibited uses").wait_for()
    picture(page, "about", full_page=True)
    body = page.inner_text("body")
    assert "non-commercial" in body
    assert "does not read feelings" in body
