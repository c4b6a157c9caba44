"""The page in other languages: nothing is left in English, visitors' words and exports are untouched."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest

from app.live.why import Pull, why
from app.pages.shared.heading import LANGUAGES
from app.server.scripts import VERSION
from comp_core.modalities import LABELS, MODALITIES, SUBSETS
from tests.places import ROOT
from tests.support import sentences

pytestmark = pytest.mark.slow

OTHERS = [code for code in LANGUAGES if code != "en"]
# What the page cannot know: names of files and Gradio's own words while it works.
_FOREIGN = re.compile(r"\.\w{2,4}|[\w.]+\.(mp3|mp4|jpg)|\w+_\w+|common\..*|processing.*|assets/.*|https?:.*")
# Sentences for who starts the program or asks it by other means, who read English.
# Panels that are told in English in every language.
_IN_ENGLISH = ("lab/guess", "lab/guide", "lab/steps", "lab/exhibits", "lab/moments", "live/teach", "clip/reopened")
_NOT_ON_A_PAGE = (
    "app/reopened",
    "app/visitors/classes.py",
    "app/records.py",
    "app/checked.py",
    "app/capture/lessons.py",
    "app/live/lesson",
    *(f"app/pages/{one}" for one in _IN_ENGLISH),
    "app/live/why.py",
    "app/api.py",
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
