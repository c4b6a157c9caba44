"""Guess before the machine in a real browser, alone and as a class, and the steps of the guide on the real models."""

import pytest

from app.pages.lab.moments import STAGES
from app.pages.lab.steps import EXERCISES
from tests.browser.test_accessibility import violations
from tests.browser.test_lab import BROKEN, choose, slide

STEPS = [step for exercise in EXERCISES for step in exercise.steps]
VIEWS = [(1280, 900, "light"), (390, 844, "dark")]


def piece(name):
    return f"[data-guess] [data-piece={name}]"


def guess(page, label):
    page.locator(f"{piece('labels')} [data-label={label}]:not([disabled])").click()


def open_lab(page):
    page.get_by_role("tab", name="Lab").click()
    page.wait_for_selector("#lab-guess [data-do=alone]:not([disabled])")
    return page


def open_lab_again(page):
    page.get_by_role("tab", name="Lab").click()
    page.wait_for_selector(piece("teacher"))


def given(page):
    """What the page gives away now: sound, picture, words."""
    script = "(name) => document.querySelector(`[data-guess] [data-piece=${name}]`).hasAttribute('src')"
    return [*(page.evaluate(script, name) for name in ("audio", "video")), page.is_visible(piece("words"))]


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_a_round_alone_gives_one_modality_at_a_time_and_then_the_answers(open_page, picture, width, height, scheme):
    page = open_lab(open_page(width, height, scheme))
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit(".", 1)[-1]) if "/guess/" in request.url else None)
    page.click("[data-do=alone]")
    for stage, expected in zip(STAGES, ([True, False, False], [False, True, False], [False, False, True], [True, True, True]), strict=True):
        page.wait_for_selector(f"{piece('stages')} [data-stage={stage}][aria-current=step]")
        page.wait_for_selector(f"{piece('labels')} [data-label=joy]:not([disabled])")
        assert given(page) == expected, stage
        assert page.is_hidden(piece("reveal"))
        if expected[1]:
            assert page.evaluate("document.querySelector('[data-guess] video').muted")
            page.wait_for_function("document.querySelector('[data-guess] video').currentTime > 0.2")
        if stage == "A":
            assert set(asked) == {"mp3"}
            assert violations(page) == []
        picture(page, stage)
        guess(page, "joy")
    page.wait_for_selector(piece("reveal"))
    picture(page, "answers", full_page=True)
    assert page.locator(f"{piece('answers')} thead th").all_inner_texts() == ["given", "you", "ComP", "PRLF"]
    own = page.locator(f"{piece('answers')} tbody td:nth-child(2)").all_inner_texts()
    assert len(own) == 4 and all(one.startswith("joy ") for one in own)
    score = page.inner_text(piece("score"))
    assert all(share in score for share in ("40 %", "57 %", "63 %", "of 1"))
    page.click("[data-guess] details summary")
    assert "Cao et al. (2014)" in page.inner_text("[data-guess] details")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(BROKEN) == []
    assert violations(page) == []
    page.click("[data-do=further]")
    page.wait_for_function("document.querySelector('[data-guess] [data-piece=where]').textContent.startsWith('Moment 2')")


def test_a_round_is_played_by_keyboard(open_page):
    page = open_lab(open_page())
    page.focus("[data-do=alone]")
    for stage in STAGES:
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{piece('stages')} [data-stage={stage}][aria-current=step]")
        page.wait_for_selector(f"{piece('labels')} [data-label=neutral]:not([disabled])")
        # From the heading, to which the focus goes, past what plays again.
        for _ in range(3):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.label"):
                break
        assert page.evaluate("document.activeElement.dataset.label") == "neutral"
    page.keyboard.press("Enter")
    page.wait_for_selector(piece("reveal"))


def test_a_class_of_two_by_link_and_by_code(open_page, server, picture):
    teacher = open_lab(open_page())
    teacher.click("[data-do=teach]")
    teacher.wait_for_selector(piece("teacher"))
    code, link = teacher.inner_text(piece("code")), teacher.inner_text(piece("link"))
    assert link == f"{server.address}/?class={code}" and teacher.get_attribute(piece("picture"), "src").startswith("data:image/svg")
    first = open_page(390, 844, "dark")
    first.goto(link)
    second = open_lab(open_page(390, 844, "light"))
    second.get_by_label("Code of your class").fill(code.lower())
    second.get_by_role("button", name="Join").click()
    for label in ("fear", "joy", "anger", "anger"):
        for pupil in (first, second):
            guess(pupil, label)
    picture(first, "waits")
    teacher.wait_for_function("document.querySelector('[data-guess] [data-piece=pupils]').textContent.includes('2 pupils')")
    counted = f"{piece('counts')} tbody tr:nth-child(4) td"
    teacher.wait_for_function("(at) => document.querySelector(at)?.textContent === '2'", arg=counted)
    assert "anger" not in teacher.inner_text(piece("counts"))
    teacher.check(piece("open"))
    assert "anger" in teacher.inner_text(piece("counts"))
    teacher.click("[data-give=V]")
    teacher.wait_for_selector("[data-guess] video")
    picture(teacher, "teacher", full_page=True)
    assert violations(teacher) == []
    assert first.is_hidden(piece("reveal"))
    teacher.click("[data-do=show]")
    for page in (teacher, first, second):
        page.wait_for_selector(piece("reveal"))
    picture(teacher, "teacher_shows", full_page=True)
    picture(first, "sees", full_page=True)
    assert "of 2" in teacher.inner_text(piece("answers"))
    assert first.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(first) == []
    teacher.click("[data-do=next]")
    first.wait_for_selector(f"{piece('labels')} [data-label=joy]:not([disabled])")
    guess(first, "joy")
    # A page that is loaded again is the same pupil.
    first.wait_for_function("document.querySelector('[data-guess] [data-piece=where]').textContent.startsWith('Moment 2, 2 of 4')")
    first.reload()
    first.wait_for_function("document.querySelector('[data-guess] [data-piece=where]')?.textContent.startsWith('Moment 2, 2 of 4')")
    teacher.reload()
    open_lab_again(teacher)
    assert teacher.inner_text(piece("code")) == code
    teacher.click("[data-do=end]")
    first.get_by_text("There is no class of this code").wait_for()


def test_a_wrong_code_is_told(open_page):
    page = open_lab(open_page())
    page.get_by_label("Code of your class").fill("AAAAAA")
    page.get_by_role("button", name="Join").click()
    page.get_by_text("There is no class of this code").wait_for()


# --- the steps --------------------------------------------------------------------------------------------------------

# A curve is run on a busy machine, too.
PATIENCE_MS = 400_000
CURRENT = "article[data-step]:not([hidden])"


def answer(page, option):
    page.locator(f"{CURRENT} fieldset label").get_by_text(option, exact=True).click()
    page.click(f"{CURRENT} [data-go=check]")


def terrible_day(page):
    page.get_by_label("Utterance").click()
    page.get_by_role("option", name="terrible day").click()


def happy_and_half_covered(page):
    page.get_by_role("button", name="Happy").click()
    page.locator("#lab-seven", has_text="I am so happy").wait_for()
    page.locator("#lab-compared tr[data-row=text]", has_text="joy").wait_for()
    slide(page, "cover", 0.5)


def uncovered_and_noisy(page):
    slide(page, "cover", 0)
    slide(page, "noise_db", -10)


def run_curve(page, missing):
    page.locator("#exhibit-curve").get_by_label(missing, exact=True).check()
    page.click("#lab-run")


# Number of a step -> what it says, as a visitor does it; the others go on from the step before.
DO = {
    0: lambda page: choose(page, "Happy"),
    2: lambda page: choose(page, "Mixed"),
    4: terrible_day,
    5: lambda page: page.click("#lab-draw"),
    6: happy_and_half_covered,
    7: lambda page: slide(page, "cover", 0.9),
    8: uncovered_and_noisy,
    12: lambda page: run_curve(page, "evenly"),
    13: lambda page: run_curve(page, "mostly the voice"),
}


def test_all_steps_are_done_checked_and_summed_up(open_page, picture):
    page = open_lab(open_page())
    page.click("[data-go=start]")
    page.click(f"{CURRENT} [data-go=check]")
    assert "First do what the step says" in page.inner_text(CURRENT)
    for number, step in enumerate(STEPS):
        assert page.is_visible(f"#exhibit-{step.exhibit}") and page.locator(".cp-exhibit:visible").count() == 1
        if number in DO:
            DO[number](page)
        page.wait_for_selector(f"{CURRENT} .cp-state-seen[data-state=seen]", timeout=PATIENCE_MS)
        if number == 0:
            answer(page, step.options[0])
            assert "Not this one" in page.inner_text(CURRENT)
            picture(page, "step")
        answer(page, step.options[step.right])
        assert step.told in page.inner_text(CURRENT)
        assert f"{number + 1} of {len(STEPS)} done" in page.inner_text("[data-guide]")
        page.click("[data-go=next]")
    rows = page.locator(".cp-summary tbody tr")
    assert rows.count() == len(STEPS)
    first = rows.first.locator("td").all_inner_texts()
    assert first[2:4] == [STEPS[0].options[0], "2"] and STEPS[0].told in first[4]
    picture(page, "summary", full_page=True)
    assert violations(page) == []
    # On paper the summary stands alone.
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    visibility = "(at) => getComputedStyle(document.querySelector(at)).visibility"
    assert [page.evaluate(visibility, at) for at in (".cp-summary h2", ".cp-head h1", ".cp-exhibits")] == ["visible", "hidden", "hidden"]
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    # Gradio lets some elements come back slowly.
    page.wait_for_function(f"({visibility})('.cp-head h1') === 'visible'")
    page.click("[data-go=open]")
    page.click("[data-go=stop]")
    assert page.locator(".cp-exhibit:visible").count() == 4


def test_a_step_on_a_phone(open_page, picture):
    page = open_lab(open_page(390, 844, "dark"))
    page.click("[data-go=start]")
    choose(page, "Happy")
    page.wait_for_selector(f"{CURRENT} .cp-state-seen[data-state=seen]")
    answer(page, STEPS[0].options[STEPS[0].right])
    picture(page, "step", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(BROKEN) == []
    assert violations(page) == []
