"""What the live page does when something breaks: a hidden tab, a device that goes, a connection that is lost."""

import json

import pytest

from tests.browser.live_page import start, text, wait_for
from tests.browser.test_live import tracks

pytestmark = pytest.mark.serial

# The page believes that its tab is hidden, or seen again; a browser under test never hides one.
SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def say(page, words):
    page.fill("[data-part=typed]", words)
    page.click("[data-part=type] button[type=submit]")
    page.locator("[data-part=history] .cp-said", has_text=words).wait_for()


def test_a_hidden_tab_releases_its_devices_at_once_and_takes_them_again_when_seen(open_page, picture):
    page = start(open_page())
    wait_for(page, video="present")
    page.evaluate(SEEN, False)
    assert tracks(page) == ["audio ended", "video ended"]
    assert "Paused while this tab is hidden" in text(page, "message")
    wait_for(page, video="absent: paused", audio="absent: paused")
    picture(page, "paused")
    page.evaluate(SEEN, True)
    wait_for(page, video="present")
    assert page.evaluate("window.asked.length") == 2
    assert page.is_hidden("[data-part=message]")


def test_a_tab_that_was_hidden_for_ten_minutes_has_ended_its_session_and_kept_its_record(open_page):
    page = open_page()
    page.clock.install()
    start(page)
    wait_for(page, video="present")
    say(page, "what a lovely day")
    page.evaluate(SEEN, False)
    page.clock.fast_forward("10:00")  # timers of hidden tabs are throttled: each fires once at most
    page.wait_for_selector("[data-live][data-phase=stopped]")
    page.evaluate(SEEN, True)
    assert "its tab was hidden" in text(page, "message")
    assert "live" not in " ".join(tracks(page))
    page.wait_for_selector("[data-file=json]:enabled")
    assert page.is_enabled("[data-part=start]")


def test_a_camera_that_is_unplugged_is_absent_and_taken_up_when_it_is_back(open_page, picture):
    page = start(open_page())
    wait_for(page, video="present")
    page.evaluate("""() => {
      const [track] = window.streams[0].getVideoTracks();
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }""")
    wait_for(page, video="absent: disconnected")
    assert "camera was disconnected" in text(page, "message")
    assert "audio live" in tracks(page)
    picture(page, "unplugged")
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    wait_for(page, video="present")
    assert page.is_hidden("[data-part=message]")


def test_a_connection_that_breaks_without_a_word_is_told_and_no_sound_of_it_is_lost(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    broken, held, sent = True, [], []

    def hold(route):
        if broken and '"exchange"' in (route.request.post_data or ""):
            held.append(route)  # neither answered nor refused
        else:
            route.continue_()

    page.route("**/component_server/**", hold)
    page.get_by_text("The connection is lost").wait_for()
    broken = False
    page.on("request", lambda request: sent.append(request.post_data) if '"exchange"' in (request.post_data or "") else None)
    page.get_by_text("The connection is back. Nothing that was said is lost.").wait_for()
    for route in held:
        route.continue_()  # what comes late as well changes nothing
    wait_for(page, video="present")
    waited, unsent = (json.loads(of)["data"]["first"] for of in (sent[0], held[0].request.post_data))
    assert waited == unsent
    assert page.text_content("[data-figure=lost]") == "0.0 s"
    page.unroute_all(behavior="wait")
