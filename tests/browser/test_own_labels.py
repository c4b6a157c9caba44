"""A model with labels of its own in the real page: live, clip and lab."""

import pytest

from comp_core.own.training import train_own
from tests.browser.harness import running_app
from tests.browser.live_page import text

SAID = {"so <b>up</b>": ["I love this", "What a wonderful day", "I am so happy"], "down": ["I hate this", "This is awful", "I am so sad"]}
BARS = "() => [...document.querySelectorAll('[data-live] [data-part=reasons] [data-label]')].map((row) => row.dataset.label)"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The program, started with a model of words that was trained in a moment."""
    place = tmp_path_factory.mktemp("own")
    rows = [f'"{words}{"!" * speaker}",{label},{speaker}' for label, said in SAID.items() for words in said for speaker in range(3)]
    (place / "clips.csv").write_text("\n".join(["words,label,speaker", *rows]) + "\n", encoding="utf-8")
    quick = {"whisper": "off", "epochs": 8, "notify": lambda _: None}
    train_own(place, place / "clips.csv", place / "MY", work=place / "work", **quick)
    with running_app(place, "--model", str(place / "MY"), "--whisper", "off") as running:
        yield running


@pytest.fixture
def page(open_page, own):
    return open_page(address=own.address)


def test_live_its_labels_are_drawn_and_those_of_the_model_that_is_chosen_next(page, picture):
    page.click("[data-part=typing]")
    page.fill("[data-part=typed]", "I hate this")
    page.click("[data-part=type] button")
    page.wait_for_function(f"({BARS})().includes('down')")
    assert sorted(page.evaluate(BARS)) == ["down", "so <b>up</b>"]
    page.wait_for_function("document.querySelector('[data-live] [data-modality=text]').dataset.state === 'present'")
    assert page.inner_text("[data-live] [data-modality=video] [data-part=state]") == "not learnt by this model"
    picture(page, "own", full_page=True)
    page.evaluate("document.querySelectorAll('[data-live] details').forEach((one) => { one.open = true; })")
    page.select_option("[data-live] [data-part=model]", "comp")
    page.wait_for_function(f"({BARS})().length === 7")
    page.select_option("[data-live] [data-part=model]", "MY")
    page.wait_for_function(f"({BARS})().length === 2")
    assert text(page, "headline")


def test_clip_and_lab_show_them_and_what_rests_on_seven_labels_says_so(page, picture):
    page.get_by_role("tab", name="Clip").click()
    page.get_by_role("button", name="Happy").click()
    page.get_by_role("button", name="Make a video with the labels").wait_for()
    shown = page.locator("#clip-result details[open]").first.locator(".cp-fused [data-label]")
    assert sorted(shown.evaluate_all("rows => rows.map((row) => row.dataset.label)")) == ["down", "so <b>up</b>"]
    assert page.locator("#clip-result .cp-state", has_text="not learnt").count() > 0
    picture(page, "own_clip", full_page=True)
    page.get_by_role("tab", name="Lab").click()
    page.get_by_role("button", name="Happy").click()
    page.wait_for_selector("#lab-seven tbody tr")
    heads = page.locator("#lab-seven table").first.locator("thead th").all_inner_texts()
    assert heads[1].startswith("MY (") and {"ComP", "PRLF"} < set(heads)
    page.click("#lab-run")
    page.wait_for_selector("#lab-made figcaption")
    assert "do not have its labels" in page.inner_text("#lab-made")
    picture(page, "own_lab", full_page=True)
