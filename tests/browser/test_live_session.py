"""What a visitor does with a running session: predict a switch, correct words, take notes, take it along, delete it, choose devices."""

import csv
import json
import re

import pytest

from tests.browser.live_page import start, text, wait_for

pytestmark = pytest.mark.serial


def type_words(page, words):
    page.fill("[data-part=typed]", words)
    page.click("[data-part=type] button[type=submit]")
    page.wait_for_function("(words) => document.querySelector('[data-part=transcript]').textContent === words", arg=words)


def said(page):
    return page.locator("[data-part=history] .cp-said").all_inner_texts()


def told(page, subset):
    return page.inner_text(f"[data-subset={subset}] [data-part=told]")


def test_a_subset_foretells_what_its_switches_do(open_page):
    page = start(open_page())
    type_words(page, "I am so angry, I hate this!")
    wait_for(page, video="present", text="present")
    page.click("[data-subset=T]")
    wait_for(page, audio="off", text="present", video="off")
    switches = {m: page.get_attribute(f"[data-switch={m}]", "aria-checked") for m in ("audio", "text", "video")}
    assert switches == {"audio": "false", "text": "true", "video": "false"}
    page.wait_for_selector("[data-subset=T][aria-pressed=true]")
    # The face is switched off, and still it is known what it would add.
    assert told(page, "TV") != "nothing to go on"
    page.wait_for_function("""() => {
      const parts = ["headline", "percent"].map((name) => document.querySelector(`[data-live] [data-part=${name}]`).textContent);
      const headline = parts.join(" ").trim();
      return document.querySelector("[data-subset=T] [data-part=told]").textContent === headline;
    }""")
    page.click("[data-subset=ATV]")
    wait_for(page, video="present")


def test_a_language_is_offered_where_the_recogniser_knows_several(open_page):
    assert open_page().is_hidden("[data-part=language]")  # tiny.en knows English only

    def knowing_german(route):
        if "recogniser_status" not in route.request.post_data:
            return route.continue_()
        answer = {"recogniser": {"state": "ready", "name": "Whisper tiny", "note": ""}, "languages": {"en": "english", "de": "german"}}
        return route.fulfill(json=answer)

    page = open_page()
    page.route(re.compile("component_server"), knowing_german)
    page.reload()
    page.wait_for_selector("[data-part=language]:not(:disabled)", state="attached")
    start(page)
    with page.expect_request(lambda request: '"language":"de"' in (request.post_data or "")):
        page.select_option("[data-part=language]", label="German")
    assert "translates" in text(page, "language_told")


def test_words_of_the_history_can_be_corrected(open_page, picture):
    page = start(open_page())
    page.click("[data-switch=audio]")
    type_words(page, "first words")
    page.wait_for_selector("[data-part=history] li")
    row = page.locator("[data-part=history] li", has_text="first words")
    row.get_by_role("button").click()
    assert page.input_value("[data-part=corrected]") == "first words"
    page.keyboard.press("Escape")
    assert page.is_hidden("[data-part=correcting]")
    row.get_by_role("button").click()
    picture(page, "correcting", full_page=True)
    page.fill("[data-part=corrected]", "better words")
    page.keyboard.press("Enter")
    page.locator("[data-part=history] .cp-said", has_text="better words").wait_for()
    assert "first words" not in said(page)


def take(page, name):
    with page.expect_download() as download:
        page.click(f"[data-file={name}]")
    assert download.value.suggested_filename == f"session.{name}"
    return download.value.path().read_text(encoding="utf-8")


def test_a_session_is_taken_along_while_it_runs_and_after_and_is_deleted(open_page, picture):
    page = start(open_page())
    wait_for(page, video="present")
    type_words(page, "what a lovely day")
    page.fill("[data-part=note]", "a remark")
    page.click("[data-part=mark]")
    page.wait_for_timeout(2500)
    rows = list(csv.DictReader(take(page, "csv").splitlines()))
    assert [row["note"] for row in rows if row["note"]] == ["a remark"]
    assert any(row["video_observed"] == "1" and row["video_label"] for row in rows)
    page.locator("[data-part=history] .cp-said", has_text="what a lovely day").wait_for()
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-live][data-phase=stopped]")
    page.wait_for_selector("[data-file=json]:enabled")
    assert "forgotten" in text(page, "record_told")
    assert "what a lovely day" in said(page)
    record = json.loads(take(page, "json"))
    assert "not feelings" in record["notice"]
    assert "what a lovely day" in [utterance["transcript"] for utterance in record["utterances"]]
    assert "what a lovely day" in take(page, "vtt")
    picture(page, "kept", full_page=True)
    page.click("[data-part=delete]")
    page.wait_for_selector("[data-file=csv]:disabled")
    assert "deleted" in text(page, "message")
    assert said(page) == []


def test_deleting_a_running_session_ends_it(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.click("[data-part=delete]")
    page.wait_for_selector("[data-live][data-phase=stopped]")
    assert page.is_disabled("[data-file=csv]")
    assert page.evaluate("window.streams.flatMap((s) => s.getTracks()).every((track) => track.readyState === 'ended')")


def test_a_session_that_is_deleted_while_it_is_fetched_does_not_come_back(open_page):
    page = start(open_page())
    wait_for(page, video="present")

    def late(route):
        if '"take_along"' in route.request.post_data:
            # Delete is pressed before the answer is there.
            page.evaluate("setTimeout(() => { const b = document.querySelector('[data-part=delete]'); b.disabled = false; b.click(); }, 0)")
            page.wait_for_timeout(500)
        route.continue_()

    page.route("**/component_server/**", late)
    page.click("[data-part=stop]")
    page.get_by_text("The session is deleted").wait_for()
    page.wait_for_timeout(1500)
    assert page.is_disabled("[data-file=csv]")
    page.unroute_all(behavior="wait")


def test_the_timeline_is_read_by_keyboard(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.wait_for_timeout(2500)
    page.focus("[data-part=timeline]")
    page.keyboard.press("ArrowLeft")
    last = text(page, "timeline_told")
    assert "Weights: voice" in last
    assert "face" in last
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert text(page, "timeline_told") != last


def test_nothing_of_the_page_is_made_anew_between_updates(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.evaluate("""() => {
      window.remade = [];
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes)
          for (const { tagName } of addedNodes) if (tagName) window.remade.push(`${target.className}: ${tagName}`);
      }).observe(document.querySelector("[data-live]"), { childList: true, subtree: true });
    }""")
    page.wait_for_timeout(4000)
    # A new utterance brings its row of the history, nothing else does.
    assert [one for one in page.evaluate("window.remade") if "LI" not in one] == []


def test_the_choice_of_devices_is_remembered_and_changed_while_it_runs(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.get_by_text("Camera, microphone, smoothing, model").click()
    page.wait_for_selector("[data-device=camera]:enabled")
    page.select_option("[data-device=camera]", index=1)
    page.wait_for_function("window.streams.length === 2")
    assert page.evaluate("window.streams[0].getTracks().every((track) => track.readyState === 'ended')")
    wait_for(page, video="present")
    wait_for(page, audio="present")
    page.uncheck("[data-part=mirror]")
    assert page.evaluate("getComputedStyle(document.querySelector('.cp-mirror')).transform") == "none"
    page.reload()
    page.wait_for_selector("[data-live] [data-part=own]")
    assert not page.is_checked("[data-part=mirror]")
    start(page)
    page.wait_for_function("document.querySelector('[data-device=camera]').value !== ''")


def test_smoothing_is_set_by_its_slider(open_page):
    page = start(open_page())
    page.get_by_text("Camera, microphone, smoothing, model").click()
    page.locator("[data-part=smoothing]").fill("2")
    assert text(page, "smoothing_told") == "2.0 s"
    page.wait_for_function("document.querySelector('[data-figure=smoothing]')?.textContent === '2.0 s'")


@pytest.mark.parametrize(("seconds", "goes_on"), [(50, True), (2, False)])
def test_the_end_of_a_session_is_announced_and_nothing_is_lost(open_page, seconds, goes_on):
    page = start(open_page())
    wait_for(page, video="present")

    def answer(route):
        if '"exchange"' not in route.request.post_data:
            return route.continue_()
        response = route.fetch()
        found = response.json()
        found["ending"] = {"seconds": seconds, "message": "A session lasts 30 minutes at most."}
        route.fulfill(response=response, json=found)

    page.route("**/component_server/**", answer)
    page.wait_for_selector("[data-part=message]:visible")
    if goes_on:
        assert "ends in 50 s" in text(page, "message")
        assert page.get_attribute("[data-live]", "data-phase") == "running"
    else:
        page.wait_for_selector("[data-live][data-phase=stopped]")
        assert "30 minutes" in text(page, "message")
        page.wait_for_selector("[data-file=csv]:enabled")
        assert len(take(page, "csv").splitlines()) > 1
    page.unroute_all(behavior="wait")
