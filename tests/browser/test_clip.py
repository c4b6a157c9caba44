"""The clip page in a real browser, on the real models."""

import pytest


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
    page.wait_for_selector("details.cp-utterance")
    picture(page, "mixed", full_page=True)
    assert page.locator("details.cp-utterance").count() >= 3
    assert page.locator("details.cp-utterance").first.locator("[data-modality][data-state=present]").count() == 3
    page.locator("[data-seek]").nth(1).click()
    page.wait_for_function("document.querySelector('.cp-player video').currentTime > 1")


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
