"""The page in other languages: nothing is left in English, visitors' words and exports are untouched."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest

from app.live.lesson import LessonState
from app.live.lesson_view import lesson_view
from app.live.why import Pull, why
from app.pages.lab.moments import STAGES
from app.pages.shared.heading import LANGUAGES
from app.refusal import Refused
from app.reopened.session import read_session
from app.server.scripts import VERSION
from comp_core.inference.personal import Judgement
from comp_core.modalities import LABELS, MODALITIES, SUBSETS
from tests.browser.test_guess import CURRENT, STEPS, guess, open_lab, piece
from tests.browser.test_lab import choose
from tests.browser.test_reopened import DROP, open_saved, told
from tests.places import ROOT
from tests.support import sentences
from tests.support.saved import changed, clip_json, live_json

pytestmark = pytest.mark.slow

OTHERS = [code for code in LANGUAGES if code != "en"]
# The dictionaries hold the same texts: what takes long is played in the language of the longest words.
ONE = ["de"]
# What the page cannot know: names of files and Gradio's own words while it works.
_FOREIGN = re.compile(r"\.\w{2,4}|[\w.]+\.(mp3|mp4|jpg)|\w+_\w+|common\..*|processing.*|assets/.*|https?:.*")
# Sentences for who starts the program or asks it by other means, who read English; those of `why` are asked for below, whole.
_NOT_ON_A_PAGE = (
    "app/records.py",
    "app/checked.py",
    "app/live/why.py",
    "app/api.py",
    "app/arguments.py",
    "app/main.py",
    "app/capture/local.py",
    "app/capture/wire.py",
    "app/output",
    "app/server",
)
_FILES = [path for path in sorted((ROOT / "app").rglob("*.*")) if path.suffix in (".py", ".js")]


def _ask(page, expression):
    return page.evaluate(f"import('/scripts/{VERSION}/shared/translate.js').then((m) => {expression})")


def in_language(open_page, server, language, **how):
    page = open_page(**how)
    page.goto(f"{server.address}/?lang={language}")
    page.wait_for_function(f"document.documentElement.lang === '{language}'")
    page.wait_for_selector("[data-live] [data-part=own]")
    return page


def reasons():
    """The sentences that say why, of every set of senses and every way in which they can differ."""
    for senses in SUBSETS.values():
        for named in product(("joy", "anger"), repeat=len(senses)):
            for threshold in (0.3, 0.9):
                record = dict.fromkeys(MODALITIES) | {m: _spread(one) for m, one in zip(senses, named, strict=True)}
                for fused in ("joy", "fear"):
                    for pull in (None, Pull("joy", 0), Pull("joy", 1), Pull("joy", 3)):
                        yield why({**record, "fused": _spread(fused), "sure_from": threshold}, pull)


def _spread(label):
    return {one: 0.7 if one == label else 0.05 for one in LABELS}


def untranslated(page):
    return [text for text in _ask(page, "m.untranslated()") if not _FOREIGN.fullmatch(text)]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_code_is_in_the_dictionary(open_page, server, language):
    page = in_language(open_page, server, language)
    texts = []
    for path in _FILES:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(_NOT_ON_A_PAGE):
            texts += [(name, text) for text in (sentences.of_python if path.suffix == ".py" else sentences.of_script)(path)]
    assert len(texts) > 70
    texts += [("why", text) for text in reasons()]
    told = _ask(page, f"{json.dumps([text for _, text in texts])}.map(m.translated)")
    assert [(name, text) for (name, text), other in zip(texts, told, strict=True) if other == text] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_of_the_pages_stays_english(open_page, server, picture, language):
    page = in_language(open_page, server, language)
    page.locator("[data-part=sample]").click()
    page.wait_for_selector("[data-live][data-phase=running]")
    page.locator("[data-part=typed]").fill("I am so happy today")
    page.locator("[data-part=typed]").press("Enter")
    page.wait_for_function("document.querySelector('[data-part=transcript]').textContent.includes('happy')")
    page.wait_for_timeout(3000)
    picture(page, "live", full_page=True)
    assert untranslated(page) == []
    page.locator("[data-part=stop]").click()
    for tab in page.get_by_role("tab").all()[1:]:
        tab.click()
        page.wait_for_timeout(1000)
        assert untranslated(page) == []


@pytest.mark.parametrize("language", ONE)
def test_a_lesson_is_told_in_the_language_and_keeps_the_names_that_are_typed(open_page, server, picture, language):
    page = in_language(open_page, server, language)
    page.click("[data-part=typing]")
    page.wait_for_selector("[data-live][data-phase=running]")
    page.click("[data-part=teach] > summary")
    picture(page, "consent", full_page=True)
    page.click("[data-part=teach_agree]")
    # Words that the dictionary has, too.
    for name in ("Voice", "Voice", "joy", "class"):
        page.fill("[data-part=teach_name]", name)
        page.click("[data-part=teach_own] button")
    names = page.locator("[data-part=teach_names] label").all_inner_texts()
    assert names[7:] == ["Voice", "class"] and not set(names[1:7]) & set(LABELS)
    picture(page, "names", full_page=True)
    page.click("[data-part=teach_names] li[data-name=Voice] button >> nth=0")
    page.wait_for_function("document.querySelector('[data-part=teach_now]').textContent.includes('Voice')")
    picture(page, "ready", full_page=True)
    page.wait_for_selector("[data-part=teach_now][data-holding=true]")
    page.wait_for_selector("[data-part=teach_told]:not([hidden])")
    assert untranslated(page) == []
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-part=teach_agree]:visible")
    assert untranslated(page) == []


def lesson_sentences():
    """What a lesson can be told to be worth, and to answer; of an expression, and of a name that is a word of the dictionary."""
    for names in (("joy", "fear"), ("joy", "Voice"), ("joy", "bored", "a and b")):
        for learnt in (("video",), ("audio",), ("video", "audio")):
            for taught in (1, 2, 3):
                judged = (Judgement(4, 2, taught), Judgement(4, 2, 2))
                answers = {m: {names[-1]: 0.6, "joy": 0.4} for m in learnt}
                for answer in (None, {names[-1]: 0.996, "joy": 0.004}):
                    state = LessonState(complete=names, learnt=learnt, judged=judged, on=True, answer=answer, by_modality=answers)
                    yield lesson_view(state)["worth"]
                    yield f"By your own lesson: {lesson_view(state)['answer']}"


@pytest.mark.parametrize("language", ONE)
def test_what_a_lesson_is_worth_is_told_in_the_language(open_page, server, language):
    page = in_language(open_page, server, language)
    texts = list(lesson_sentences())
    told = _ask(page, f"{json.dumps(texts)}.map(m.translated)")
    assert [text for text, other in zip(texts, told, strict=True) if other == text] == []
    by_voice = _ask(page, "m.translated('By your own lesson: Voice 60 % (face: Voice 60 %; voice: joy >99 %)')")
    assert by_voice.count("Voice") == 2 and "joy" not in by_voice and ">99 %" in by_voice


@pytest.mark.parametrize("language", ONE)
def test_a_round_of_guesses_is_played_in_the_language(open_page, server, picture, language):
    page = open_lab(in_language(open_page, server, language))
    picture(page, "start")
    page.click("[data-do=alone]")
    for stage in STAGES:
        page.wait_for_selector(f"{piece('stages')} [data-stage={stage}][aria-current=step]")
        page.wait_for_selector(f"{piece('labels')} [data-label=joy]:not([disabled])")
        picture(page, stage)
        assert untranslated(page) == []
        guess(page, "joy")
    page.wait_for_selector(piece("reveal"))
    page.click("[data-guess] details summary")
    picture(page, "answers", full_page=True)
    assert untranslated(page) == []
    page.click("[data-do=further]")
    page.wait_for_selector(f"{piece('labels')} [data-label=joy]:not([disabled])")
    assert untranslated(page) == []


@pytest.mark.parametrize("language", ONE)
def test_a_class_is_led_in_the_language(open_page, server, picture, language):
    teacher = open_lab(in_language(open_page, server, language))
    teacher.click("[data-do=teach]")
    teacher.wait_for_selector(piece("teacher"))
    pupil = open_lab(in_language(open_page, server, language, width=390, height=844))
    pupil.fill("[data-guess] input[name=code]", teacher.inner_text(piece("code")))
    pupil.locator("[data-guess] form button").click()
    for label in ("fear", "joy", "anger", "anger"):
        guess(pupil, label)
    teacher.check(piece("open"))
    counted = f"{piece('counts')} tbody tr:nth-child(4) td"
    teacher.wait_for_function("(at) => document.querySelector(at)?.textContent === '1'", arg=counted)
    picture(teacher, "teacher", full_page=True)
    assert untranslated(pupil) == []
    teacher.click("[data-do=show]")
    for page in (teacher, pupil):
        page.wait_for_selector(piece("reveal"))
        assert untranslated(page) == []
    teacher.click("[data-do=end]")
    pupil.wait_for_selector("[data-guess] [data-do=alone]:visible")
    assert untranslated(pupil) == []
    assert pupil.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("language", ONE)
def test_the_steps_are_followed_in_the_language(open_page, server, picture, language):
    page = open_lab(in_language(open_page, server, language))
    page.click("[data-go=start]")
    page.click(f"{CURRENT} [data-go=check]")
    file = {"happy"}  # of the sample's file Gradio shows the name by itself
    # What the page looks for is English, and it stands there in another language.
    choose(page, "Happy")
    page.wait_for_selector(f"{CURRENT} .cp-state-seen[data-state=seen]")
    page.click(f"{CURRENT} [data-go=check]")
    for option in (0, STEPS[0].right):
        page.locator(f"{CURRENT} fieldset input").nth(option).check()
        page.click(f"{CURRENT} [data-go=check]")
        assert set(untranslated(page)) <= file
    for number in range(len(STEPS)):
        page.wait_for_selector(f"article[data-step='{number}']:not([hidden])")
        picture(page, f"step-{number}")
        assert set(untranslated(page)) <= file
        page.click("[data-go=next]")
    rows = page.locator(".cp-summary tbody tr")
    assert rows.count() == len(STEPS)
    first = rows.first.locator("td").all_inner_texts()
    assert first[3] == "2" and not {STEPS[0].question, STEPS[0].options[0]} & set(first) and STEPS[0].told not in first[4]
    picture(page, "summary", full_page=True)
    assert set(untranslated(page)) <= file
    page.locator(".cp-language select").select_option("en")
    page.wait_for_function("document.documentElement.lang === 'en'")
    assert STEPS[0].told in rows.first.inner_text() and STEPS[0].options[0] in rows.first.inner_text()


@pytest.mark.parametrize("language", ONE)
def test_a_saved_session_is_opened_in_the_language(open_page, server, picture, language):
    # A file's name, words and notes are the visitor's, whatever they are.
    text = changed(live_json(), "utterances", 0, "transcript", to="joy")
    page = open_saved(in_language(open_page, server, language), text, "voice.json")
    assert told(page, "name") == "voice.json"
    assert page.locator(".cp-line-row .cp-said").first.inner_text() == "joy"
    page.locator(".cp-line-row .cp-small").first.click()
    form = page.locator(".cp-edit")
    assert form.locator("[data-field=transcript]").get_attribute("placeholder") == "joy"
    form.locator("[data-field=label]").select_option("anger")
    form.locator("[data-field=transcript]").fill("Voice")
    form.locator("[data-field=note]").fill("fear")
    picture(page, "form", full_page=True)
    assert untranslated(page) == []
    form.locator("[type=submit]").click()
    by_hand = page.locator(".cp-line-row .cp-by-hand").first.inner_text()
    assert "“Voice”" in by_hand and by_hand.endswith("fear") and "anger" not in by_hand
    page.evaluate(DROP, ["voice.json", clip_json(("joy", "anger"))])
    page.wait_for_selector("[data-part=compared]:not([hidden])")
    page.locator("[data-part=line]").press("Home")
    assert told(page, "line_told").count("voice.json") == 2
    picture(page, "compared", full_page=True)
    page.locator("[data-reopened] [data-part=close]").click()
    assert told(page, "reopened_told") and untranslated(page) == []
    with page.expect_download() as saved:
        page.locator("[data-reopened] [data-save='.json']").click()
    kept = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert kept["utterances"][0]["by_hand"] == {"label": "anger", "transcript": "Voice", "note": "fear"}


WRONG_FILES = (
    "",
    '{"utterances": [',
    "{} {}",
    "[" * 3000,
    "[]",
    "{}",
    '{"utterances": []}',
    '{"utterances": [], "model": 3}',
    changed(clip_json(), "schema", to="9"),
    changed(clip_json(), "utterances", to={}),
    changed(clip_json(), "utterances", 1, "fused", "joy", to="much"),
    changed(clip_json(), "utterances", 1, "fused", "joy", to=2.0),
    changed(clip_json(), "utterances", 1, "end", to=0.0),
    changed(clip_json(), "utterances", 1, "sure_from", to=None),
    changed(clip_json(), "utterances", 1, "observed", to=[]),
    changed(clip_json(), "utterances", 1, "dominant", to="nose"),
    changed(clip_json(), "utterances", 1, to=3),
    changed(live_json(), "lines", 1, "words", to=3),
    changed(live_json(), "notes", 1, "text", to="x" * 501),
)


@pytest.mark.parametrize("language", ONE)
def test_what_is_wrong_with_a_file_is_told_in_the_language(open_page, server, language):
    page = in_language(open_page, server, language)
    for text in WRONG_FILES:
        with pytest.raises(Refused) as refused:
            read_session(text.encode())
        sentence = f"a file.json was not opened. {refused.value}"
        assert _ask(page, f"m.translated({json.dumps(sentence)})") != sentence


def test_the_language_is_changed_and_remembered(open_page, server):
    page = open_page()
    choice = page.locator(".cp-language select")
    start = page.locator("[data-part=start]")
    assert choice.input_value() == "en" and start.inner_text() == "Start"
    choice.select_option("es")
    page.wait_for_function("document.querySelector('[data-part=start]')?.textContent === 'Empezar'")
    page.reload()
    page.wait_for_function("document.querySelector('[data-part=start]')?.textContent === 'Empezar'")
    choice.select_option("en")
    page.wait_for_function("document.querySelector('[data-part=start]')?.textContent === 'Start'")
    assert page.locator(".cp-bars .cp-label").first.text_content() == "neutral"
    assert page.locator("html").get_attribute("lang") == "en"


def test_what_a_visitor_says_and_takes_along_stays_as_it_is(open_page, server, tmp_path):
    page = in_language(open_page, server, "de")
    page.click("[data-part=typing]")
    page.wait_for_selector("[data-live][data-phase=running]")
    page.locator("[data-part=typed]").fill("joy")
    page.locator("[data-part=typed]").press("Enter")
    page.wait_for_function("document.querySelector('[data-part=transcript]').textContent === 'joy'")
    page.wait_for_timeout(1500)
    assert page.locator("[data-part=transcript]").text_content() == "joy"
    with page.expect_download() as saved:
        page.locator("[data-file=json]").click()
    path = tmp_path / "session.json"
    saved.value.save_as(path)
    told = Path(path).read_text(encoding="utf-8")
    assert '"joy"' in told and "Freude" not in told
