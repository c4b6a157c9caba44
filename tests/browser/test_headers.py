"""The page under its own content security policy: everything works, nothing comes from elsewhere, and what is forbidden is refused."""

from tests.browser.live_page import start, text

SEEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.effectiveDirective + " " + event.blockedURI));
"""
FORBIDDEN = """() => {
  document.body.append(Object.assign(new Image(), { src: "https://example.org/picture.png" }));
  document.body.append(Object.assign(document.createElement("script"), { src: "https://example.org/script.js" }));
  document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" }));
  document.body.append(Object.assign(document.createElement("iframe"), { src: "https://example.org/" }));
  fetch("https://example.org/").catch(() => {});
}"""


def test_every_tab_works_under_the_policy(open_page):
    page = start(open_page(script=SEEN))
    page.wait_for_function("document.querySelector('[data-live] [data-part=activity]').hidden === false")
    page.wait_for_function("document.querySelector('[data-live] [data-part=headline]').textContent !== 'waiting'")
    assert text(page, "message") == ""
    page.click("[data-part=stop]")
    for tab, shown in (("Clip", ".cp-sample"), ("Lab", "#lab-seven"), ("About", "text=Model cards")):
        page.get_by_role("tab", name=tab).click()
        page.locator(shown).first.wait_for(state="attached")
    assert page.evaluate("window.violations") == []


def test_what_comes_from_elsewhere_is_refused(browser, server):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(SEEN)
    answer = page.goto(server.address)
    assert "content-security-policy" in answer.headers
    page.evaluate(FORBIDDEN)
    page.wait_for_function("window.violations.length >= 5")
    refused = {violation.split(" ")[0] for violation in page.evaluate("window.violations")}
    assert refused == {"img-src", "script-src-elem", "frame-src", "connect-src"}
    assert page.evaluate("window.ran") is None
    context.close()
