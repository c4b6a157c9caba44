"""A saved session on the clip page, in a real browser: dropped, scrubbed, corrected, noted, saved, compared."""

import json

import pytest

from tests.browser.test_accessibility import violations
from tests.browser.test_clip import open_clip
from tests.support.saved import changed, clip_json, live_json

DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "application/json" }));
  for (const kind of ["dragover", "drop"]) {
    document.querySelector(".cp-sample").dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


def ready(page):
    """The clip page, whose script is there."""
    open_clip(page).wait_for_selector("[data-reopened] [data-part=first]:enabled", state="attached")
    return page


def open_saved(page, text=None, name="session.json"):
    ready(page).evaluate(DROP, [name, text or live_json()])
    page.wait_for_selector("[data-part=opened]:not([hidden])")
    return page


def told(page, part):
    return page.inner_text(f"[data-reopened] [data-part={part}]")


def choose(page, part, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    page.set_input_files(f"[data-reopened] [data-part={part}]", tmp_path / name)


def put_by_hand(page, number, **given):
    page.get_by_role("button", name="Correct or note").nth(number).click()
    for field, value in given.items():
        node = page.locator(f".cp-edit [data-field={field}]")
        node.select_option(value) if field == "label" else node.fill(value)
    page.get_by_role("button", name="Use", exact=True).last.click()


def saved(page, name):
    with page.expect_download() as download:
        page.locator("[data-reopened]").get_by_role("button", name=name, exact=True).click()
    return download.value.suggested_filename, download.value.path().read_text(encoding="utf-8")


def test_a_dropped_session_is_shown_and_scrubbed_by_key_and_by_drag(open_page, picture):
    page = open_saved(open_page())
    assert (told(page, "name"), told(page, "told")) == ("session.json", "live session, comp, 3 utterances")
    assert told(page, "line_told").startswith("0:00: joy 91 %. Weights: voice 33 %")
    line = page.get_by_role("slider", name="Moment of the session")
    line.press("End")
    assert told(page, "line_told") == "0:11: nothing to go on."
    for _ in range(4):
        line.press("ArrowLeft")
    assert told(page, "headline") == "Fear" and line.get_attribute("aria-valuenow") == "7.0"
    assert page.locator(".cp-line-row[aria-current] .cp-said").inner_text() == "pure fear"
    box = line.bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 30, steps=4)
    page.mouse.up()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 30)
    assert told(page, "headline") == "Joy" and told(page, "line_told").startswith("0:01")
    page.get_by_role("button", name="Show 0:04 to 0:07").click()
    assert "0:04 to 0:07, the utterance as a whole" in told(page, "of")
    picture(page, "scrubbed", full_page=True)


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 900, "light"), (390, 844, "dark")])
def test_corrections_and_notes_are_marked_and_saved_beside_the_prediction(open_page, picture, tmp_path, width, height, scheme):
    page = open_saved(open_page(width, height, scheme))
    put_by_hand(page, 1, label="anger", transcript="pure rage", note="she frowns")
    row = page.locator(".cp-line-row").nth(1)
    assert row.locator(".cp-by-hand").inner_text() == "by hand anger · “pure rage” · note: she frowns"
    assert row.locator(".cp-said").inner_text() == "pure fear" and row.locator(".cp-told").inner_text().startswith("fear")
    page.get_by_role("button", name="Close it").click()
    assert "in no file yet" in told(page, "reopened_told")
    name, text = saved(page, "JSON")
    assert name == "session-by-hand.json"
    assert json.loads(text)["utterances"][1]["by_hand"] == {"label": "anger", "transcript": "pure rage", "note": "she frowns"}
    name, table = saved(page, "CSV")
    assert name == "session-by-hand.csv" and '"label_by_hand"' in table and '"pure rage"' in table
    assert "label by hand" in saved(page, "ELAN")[1]
    page.evaluate(DROP, ["other.json", clip_json(("joy", "anger"))])
    page.wait_for_selector("[data-part=compared]:not([hidden])")
    assert told(page, "agreement") == "Both cover 6 s. In 6 s both name an expression, and in 50 % of that the same."
    assert page.locator(".cp-both tbody tr").nth(2).inner_text().split() == ["utterances", "3", "2"]
    page.get_by_role("slider", name="Moment of the session").press("Home")
    assert told(page, "line_told").startswith("0:00: session.json: joy") and "other.json: joy" in told(page, "line_told")
    page.get_by_role("button", name="Correct or note").nth(0).click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, "compared", full_page=True)
    page.get_by_role("button", name="Remove the second").click()
    page.get_by_role("button", name="Close it").click()
    choose(page, "first", tmp_path, name, text)
    page.wait_for_selector(".cp-by-hand:not([hidden])")
    assert "pure rage" in page.inner_text(".cp-by-hand:not([hidden])")


def test_a_wrong_file_is_one_sentence_and_loses_nothing(open_page, picture, tmp_path):
    page = ready(open_page())
    choose(page, "first", tmp_path, "broken.json", '{"utterances": [')
    page.wait_for_selector("[data-part=reopened_told]:not([hidden])")
    assert told(page, "reopened_told").startswith("broken.json was not opened. It is not JSON, or not all of it")
    choose(page, "first", tmp_path, "clip.json", clip_json())
    page.wait_for_selector("[data-part=opened]:not([hidden])")
    assert told(page, "told") == "clip, ComP, 3 utterances" and page.locator("[data-part=reopened_told]").is_hidden()
    put_by_hand(page, 0, note="mine")
    for name, text, said in (
        ("newer.json", changed(clip_json(), "schema", to="9"), "It is of version '9'"),
        ("odd.json", changed(clip_json(), "utterances", 1, "fused", "joy", to="much"), "Utterance 2, fused, joy: not a number."),
        ("large.json", " " * 6_000_001, "It is larger than 6 MB."),
    ):
        choose(page, "second", tmp_path, name, text)
        page.wait_for_function("(said) => document.querySelector('[data-part=reopened_told]').textContent.includes(said)", arg=said)
    assert page.locator(".cp-by-hand").first.inner_text() == "by hand note: mine"
    assert page.locator("[data-part=compared]").is_hidden()
    picture(page, "wrong", full_page=True)
