"""Every page by axe-core: the rules of WCAG 2 A and AA, contrast among them, in both schemes and at both widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.live_page import start, wait_for

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
VIEWS = [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]


def violations(page):
    """What axe finds. Gradio fades content in while it fetches it, and pale text is not yet text: it is asked until it finds nothing."""
    for _ in range(10):
        found = Axe().run(page, options=RULES).response["violations"]
        said = [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]]
        # Gradio names the empty frame of a sound, a plain div, which no role allows.
        if not (kept := [one for one in said if 'aria-label="Empty value"' not in one]):
            break
        page.wait_for_timeout(500)
    return kept


@pytest.mark.parametrize(("width", "height", "scheme"), [VIEWS[0], VIEWS[-1]])
def test_the_live_page_before_while_and_after(open_page, width, height, scheme):
    page = open_page(width, height, scheme)
    assert violations(page) == []
    start(page)
    wait_for(page, video="present")
    page.eval_on_selector_all("[data-live] details", "all => all.forEach((one) => { one.open = true; })")
    page.click("[data-switch=video]")
    wait_for(page, video="off")
    assert violations(page) == []
    # The search holds the page up; where that takes long, the server has ended a session of which it heard nothing.
    if page.is_visible("[data-part=stop]"):
        page.click("[data-part=stop]")
    page.wait_for_selector("[data-live][data-phase=stopped]")
    assert violations(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_the_other_pages(open_page, width, height, scheme):
    page = open_page(width, height, scheme)
    for tab in ("Clip", "Lab", "About"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(500)
        assert violations(page) == [], tab
