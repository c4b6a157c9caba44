"""The live page in a real browser, with a camera and a microphone that are files, on the real models.

The microphone says something happy, pauses, says something angry and is silent; the camera shows a face and then a wall; both repeat.
"""

import json

import pytest

from tests.browser.live_page import agree, start, start_again, text, wait_for

pytestmark = pytest.mark.serial

MODALITIES = {"audio": "voice", "text": "words", "video": "face"}


def tracks(page):
    return page.evaluate("window.streams.flatMap((s) => s.getTracks().map((track) => `${track.kind} ${track.readyState}`)).sort()")


def test_nothing_is_asked_before_consent(open_page, picture):
    page = open_page()
    assert page.is_disabled("[data-part=start]")
    page.click("[data-part=own] > summary")
    gate = text(page, "gate")
    assert "expression, not feelings" in gate
    assert "paired by label" in gate
    assert all(word in gate for word in ("at work", "education", "hiring", "Art. 5(1)(f)"))
    picture(page, "gate")
    agree(page)
    page.wait_for_selector("[data-part=start]:enabled")  # the page's scripts may still be on their way
    assert page.evaluate("window.asked") == []


def test_the_first_screen_tells_what_will_stand_beside_the_picture(open_page, picture):
    page = open_page()
    guide = page.locator("[data-live] .cp-tour")
    assert guide.is_visible()
    assert guide.bounding_box()["x"] > page.locator("[data-part=gate]").bounding_box()["x"] + 400
    picture(page, "first")
    page.click("[data-part=typing]")
    page.wait_for_selector("[data-live][data-phase=running]")
    assert guide.is_hidden()


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 900, "light"), (390, 844, "dark")])
def test_one_click_brings_face_voice_and_words(open_page, picture, width, height, scheme):
    page = start(open_page(width, height, scheme))
    wait_for(page, audio="present", text="present", video="present")
    assert text(page, "transcript").split()
    picture(page, "all", full_page=True)
    assert page.evaluate("window.asked") == ["audio,video"]
    page.wait_for_selector("[data-part=box]:visible")
    assert page.get_attribute("[data-fused]", "data-kind") in ("sure", "unsure")
    weights = [float(share.split()[0]) for share in page.locator("[data-live] [data-part=weight_text]").all_inner_texts()]
    assert sum(weights) == pytest.approx(100, abs=2)
    page.wait_for_selector("[data-part=history] li")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_happy_and_angry_words_are_heard(open_page):
    page = start(open_page())
    page.wait_for_function("""() => {
      const said = [...document.querySelectorAll("[data-part=history] .cp-said")].map((node) => node.textContent).join(" ");
      return /happy|wonderful|love/.test(said) && /furious|hate|leave|alone/.test(said);
    }""")


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_switch_takes_its_modality_off_and_back(open_page, modality):
    page = start(open_page())
    wait_for(page, **{modality: "present"})
    switch = f"[data-switch={modality}]"
    page.focus(switch)
    page.keyboard.press("Space")
    assert page.get_attribute(switch, "aria-checked") == "false"
    wait_for(page, **{modality: "off"})
    page.click(switch)
    wait_for(page, **{modality: "present"})


def test_a_slider_degrades_what_the_senses_are_given_and_can_be_put_back(open_page, picture):
    page = start(open_page())
    wait_for(page, video="present")
    page.get_by_text("Degrade the input, and see what survives").click()
    page.locator("[data-degrade=cover]").fill("1")
    wait_for(page, video="absent")
    picture(page, "degraded", full_page=True)
    page.click("[data-part=undegrade]")
    wait_for(page, video="present")


def test_another_model_can_be_chosen_while_it_runs(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.get_by_text("Camera, microphone, smoothing, model").click()
    page.select_option("[data-part=model]", "prlf")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-live] [data-part=relied]')].some((node) => node.textContent.startsWith('leads'))"
    )


def test_silence_makes_voice_and_words_absent_while_the_face_goes_on(open_page, picture):
    page = start(open_page())
    wait_for(page, audio="present")
    wait_for(page, audio="absent: silence", text="absent: no words", video="present")
    picture(page, "silence")
    assert "from face alone" in text(page, "basis") or page.get_attribute("[data-fused]", "data-kind") == "unsure"


def test_without_a_face_the_face_is_absent(open_page, picture):
    page = start(open_page())
    wait_for(page, video="present")
    wait_for(page, video="absent: no face")
    picture(page, "no-face")
    assert page.is_hidden("[data-part=box]")
    wait_for(page, video="present")


def test_typed_words_count_as_words(open_page):
    page = start(open_page())
    page.fill("[data-part=typed]", "<b>This is a disgrace</b>, I am so angry!")
    page.click("[data-part=type] button")
    page.wait_for_function("document.querySelector('[data-part=transcript]').textContent === '<b>This is a disgrace</b>, I am so angry!'")
    page.wait_for_function("document.querySelector('[data-part=source]').textContent === '(typed)'")
    wait_for(page, text="present")


def test_stop_releases_the_devices_and_start_works_again(open_page, picture):
    page = start(open_page())
    wait_for(page, video="present")
    page.wait_for_selector("[data-part=history] .cp-told:text('…')")
    assert tracks(page) == ["audio live", "video live"]
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-live][data-phase=stopped]")
    assert tracks(page) == ["audio ended", "video ended"]
    assert page.evaluate("document.querySelector('[data-part=video]').srcObject") is None
    assert "recognising" not in text(page, "history")
    assert text(page, "remembered") == "0 sentences"
    picture(page, "stopped")
    start_again(page)
    wait_for(page, video="present")


def test_a_session_that_has_ended_is_said_and_the_devices_are_released(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    ended = {"error": "ended", "message": "The session has ended. Press Start to begin a new one."}

    def answer(route):
        if '"exchange"' in route.request.post_data:
            route.fulfill(json=ended)
        else:
            route.continue_()

    page.route("**/component_server/**", answer)
    page.wait_for_selector("[data-live][data-phase=stopped]")
    assert text(page, "message") == ended["message"]
    assert "live" not in " ".join(tracks(page))


def test_denied_devices_are_explained(open_page, guarded_browser):
    page = open_page(in_browser=guarded_browser)
    start(page)
    page.wait_for_selector("[data-part=message]:visible")
    assert "not allowed" in text(page, "message")
    assert page.locator("[data-part=lack]:visible").count() == 2
    page.fill("[data-part=typed]", "I am so angry, I hate this!")
    page.click("[data-part=type] button")
    wait_for(page, text="present", audio="absent", video="absent")


def failing(name, only=""):
    """A script after which asking for devices fails, or only when this one is among them."""
    return f"""
    const working = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = (wanted) =>
      !{json.dumps(only)} || wanted[{json.dumps(only)}] ? Promise.reject(new DOMException("no", "{name}")) : working(wanted);
    navigator.mediaDevices.enumerateDevices = async () =>
      ["audio", "video"].filter((kind) => kind !== {json.dumps(only)}).map((kind) => ({{ kind: kind + "input" }}));
    """


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (failing("NotFoundError"), "The camera was not found, the microphone was not found"),
        (failing("NotReadableError"), "in use by another program"),
        (failing("OverconstrainedError"), "cannot do what the page asks"),
        ("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });", "is not given to this page"),
    ],
)
def test_every_lack_of_devices_has_its_message(open_page, script, said):
    page = open_page(script=script)
    start(page)
    page.wait_for_selector("[data-part=message]:visible")
    assert said in text(page, "message")
    assert "Typed words are still read" in text(page, "message")


@pytest.mark.parametrize(("lacking", "name", "goes_on"), [("video", "camera", "audio"), ("audio", "microphone", "video")])
def test_one_device_is_enough(open_page, lacking, name, goes_on):
    page = start(open_page(script=failing("NotReadableError", only=lacking)))
    assert f"The {name} is in use by another program" in text(page, "message")
    assert "Try again" in page.inner_text(f"[data-modality={lacking}] [data-part=lack]")
    wait_for(page, **{goes_on: "present", lacking: "absent"})
    assert tracks(page) == [f"{goes_on} live"]


def test_a_sample_plays_in_one_click_and_nothing_is_asked(open_page):
    page = open_page()
    page.click("[data-part=sample]")
    wait_for(page, audio="present", video="present")
    page.wait_for_function("document.querySelector('[data-part=transcript]').textContent.includes('happy')")
    assert page.evaluate("window.asked") == []
    assert page.evaluate("document.activeElement.dataset.part") == "stop"


def test_on_a_phone_picture_headline_and_switches_stay_in_view(open_page):
    page = start(open_page(390, 844))
    wait_for(page, video="present")
    page.evaluate("window.scrollTo(0, 600)")
    page.wait_for_timeout(300)
    for part in ("[data-part=picture]", "[data-part=headline]", "[data-switch=video]"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 300, part
    assert page.evaluate("document.documentElement.scrollHeight") <= 3 * 844


def test_who_starts_anew_is_asked_about_the_last_session(open_page):
    page = start(open_page())
    wait_for(page, video="present")
    page.click("[data-part=stop]")
    page.click("[data-part=start]")
    page.wait_for_selector("[data-part=ask]:visible")
    assert page.get_attribute("[data-live]", "data-phase") == "stopped"
    page.click("[data-part=ask_anew]")
    wait_for(page, video="present")


def test_the_sample_shows_a_box_or_says_that_there_is_no_face(open_page):
    """Over a whole turn of the sample, four seconds of which show a wall."""
    page = open_page()
    page.click("[data-part=sample]")
    page.wait_for_selector("[data-part=box]:visible")
    shown = """() => [!document.querySelector("[data-part=box]").hidden,
      document.querySelector("[data-part=picture]").dataset.faceless === "true"]"""
    seen = set()
    for _ in range(50):
        page.wait_for_timeout(400)
        seen.add(tuple(page.evaluate(shown)))
    assert {(True, False), (False, True)} <= seen
    assert (True, True) not in seen
