"""What the tests of the live page do with it."""

STATES = """() => Object.fromEntries([...document.querySelectorAll("[data-live] [data-modality]")]
  .map((card) => [card.dataset.modality, card.dataset.state + ": " + card.querySelector("[data-part=state]").textContent]))"""


def states(page):
    """Modality -> "state: what the page says about it"."""
    return page.evaluate(STATES)


def wait_for(page, **wanted):
    """Until the cards are in these states, all at once."""
    check = f"(wanted) => {{ const now = ({STATES})(); return Object.entries(wanted).every(([m, s]) => now[m].startsWith(s)); }}"
    page.wait_for_function(check, arg=wanted)


def text(page, part):
    return page.inner_text(f"[data-live] [data-part={part}]")


def start_again(page):
    """After a session that nobody saved."""
    page.click("[data-part=start]")
    page.click("[data-part=ask_anew]")
    return page


def agree(page):
    """To camera and microphone, after reading what is done with them."""
    if page.is_visible("[data-part=own]:not([open])"):
        page.click("[data-part=own] > summary")
    page.check("[data-part=consent]")


def start(page):
    agree(page)
    page.click("[data-part=start]")
    page.wait_for_selector("[data-live][data-phase=running]")
    return page
