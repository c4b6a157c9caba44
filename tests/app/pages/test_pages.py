"""The pages and the start of the program."""

import json
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
import yaml

from app import main as program
from app.arguments import parser
from app.pages.about.page import CARDS_DIR, split_title
from app.pages.clip.page import SAMPLES_DIR, ClipFound, label_clip, media_kind, read_clip
from app.pages.live.page import live_page
from app.pages.shared.spoken import offered
from comp_core.inference.budget import OverBudget
from comp_core.inference.media import MediaError
from comp_core.modalities import MODALITIES, VIDEO
from comp_core.senses.speech.recognition import RecogniserError
from tests.app.doubles import ScriptedPredictor, ScriptedTranscriber, record


@pytest.fixture
def predictor():
    return ScriptedPredictor()


def parts(predictor, path="clip.mp4", text="", used=MODALITIES, language="en"):
    return list(read_clip(predictor, path, text, list(used), "comp", language, progress=lambda *_, **__: None))


def read(*arguments):
    """The result in the end."""
    return parts(*arguments)[-1][1]


def test_a_clip_is_shown_by_utterance_as_it_is_read_and_its_player_is_made_once(predictor):
    predictor.records = [record(0, 1.5, "what joy", audio="joy", text="joy"), record(2, 3, "", video="fear")]
    shown = parts(predictor, "/tmp/my clip.mp4")
    players, results, found, offers, _ = zip(*shown, strict=True)
    assert [html.count("<details") for html in results] == [1, 2, 2]
    assert "what joy" in results[0]
    assert '<video controls playsinline src="gradio_api/file=/tmp/my%20clip.mp4">' in players[0]
    assert not any(isinstance(player, str) for player in players[1:])
    assert [one is not None for one in found] == [False, False, True]
    assert [offer["visible"] for offer in offers] == [False, False, True]
    assert all("data:text/csv" in html for html in results)


def test_words_that_are_switched_off_are_not_read_where_there_is_no_file(predictor):
    (shown,) = parts(predictor, None, "I am so happy", ("audio", "video"))
    assert "The words are switched off" in shown[1] and "<details" not in shown[1]
    assert "joy" in read(predictor, None, "pure joy", MODALITIES)


def test_a_long_result_is_sent_seldom(predictor):
    predictor.records = [record(n, n + 1, f"utterance {n}", audio="joy") for n in range(200)]
    shown = parts(predictor)
    counts = [part[1].count("<details") for part in shown]
    assert counts[:5] == [1, 2, 3, 4, 5] and counts[-1] == 200
    assert len(counts) < 40


def test_a_video_with_labels_is_made_for_download_and_not_kept(predictor):
    (made,) = label_clip(ClipFound(SAMPLES_DIR / "happy.mp4", [record(0, 60, "what joy", video="joy")]), progress=lambda *_, **__: None)
    assert made["visible"]
    assert not Path(made["value"]).exists()
    picture = ClipFound(SAMPLES_DIR / "face.jpg", [])
    with pytest.raises(gr.Error, match="moving pictures"):
        list(label_clip(picture, progress=lambda *_, **__: None))


def test_words_alone_need_no_file(predictor):
    assert "pure fear" in read(predictor, None, "pure fear")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (MediaError("clip.mp4 is empty."), "clip.mp4 is empty."),
        (OverBudget("Only its beginning was read."), "Only its beginning"),
        (RecogniserError("It does not understand this."), "does not understand"),
        (RuntimeError("secret"), "could not be read"),
    ],
)
def test_errors_are_sentences_and_the_next_file_works(predictor, error, shown):
    predictor.file_error = error
    predictor.records = [record(0, 1, "read before", video="joy")]
    html = read(predictor)
    assert shown in html
    assert "read before" in html
    assert "secret" not in html
    assert 'role="alert"' in html
    predictor.file_error, predictor.records = None, [record(video="joy")]
    assert "<details" in read(predictor)


def test_nothing_chosen_and_nothing_found_are_said(predictor):
    assert "Choose a sample" in read(predictor, None)
    assert "Nothing was found" in read(predictor)


def test_switched_off_modalities_and_words_reach_the_predictor(predictor):
    asked = {}

    def predict_parts(path, text, without, progress, model, language):
        asked.update(text=text, without=without, model=model, language=language)
        return iter([record(video="joy")])

    predictor.predict_parts = predict_parts
    read(predictor, "a.wav", " hello ", ["text"], "de")
    assert asked == {"text": "hello", "without": ["audio", VIDEO], "model": "comp", "language": "de"}


def test_languages_are_offered_where_the_recogniser_knows_several(predictor):
    english = [("English", "en")]
    assert {"choices": english, "visible": False}.items() <= offered(predictor).items()
    predictor.recogniser = SimpleNamespace(languages={"en": "english"})
    assert {"choices": english, "visible": False}.items() <= offered(predictor).items()
    predictor.recogniser.languages["de"] = "german"
    assert {"choices": [*english, ("German", "de")], "visible": True}.items() <= offered(predictor).items()


@pytest.mark.parametrize(("name", "kind"), [("a.mp4", "video"), ("a.mp3", "audio"), ("a.JPG", "image"), ("a.py", None), ("a", None)])
def test_media_kind(tmp_path, name, kind):
    assert media_kind(tmp_path / name) == kind


def test_card_title():
    assert split_title("# Face sense\n\ntext", "face") == ("Face sense", "\n\ntext".removeprefix("\n"))
    assert split_title("text", "face") == ("face", "text")
    assert split_title("---\nlicense: other\n---\n# Face\nAs [ComP](comp.md), [here](https://x.org).", "face") == (
        "Face",
        "As ComP, [here](https://x.org).",
    )


def test_every_card_has_a_title_and_the_metadata_that_the_hub_reads():
    cards = sorted(CARDS_DIR.glob("*.md"))
    assert len(cards) == 5
    for card in cards:
        text = card.read_text(encoding="utf-8")
        title, body = split_title(text, "")
        assert title.startswith("Model card") and "---\nlicense" not in body
        metadata = yaml.safe_load(text.split("---\n")[1])
        assert {"license", "language", "tags", "datasets", "metrics", "library_name"} <= set(metadata)


def test_all_pages_build_and_offer_programs_one_endpoint(predictor):
    demo, _ = program.build(predictor, ScriptedTranscriber())
    assert list(demo.get_api_info(all_endpoints=True)["named_endpoints"]) == ["/analyse"]
    config = json.dumps(demo.get_config_file(), default=str)
    assert all(name in config for name in ("open_session", "exchange", "control", "close_session"))


def test_before_consent_the_page_says_where_every_session_is_sent():
    silent = live_page([], {}, 8).html_template
    assert "Nothing is written to disk or passed on." in silent and "<dt>Sent</dt>" not in silent
    sending = live_page([], {}, 1, sent_to=["127.0.0.1:9000 (OSC)", "<b>"]).html_template
    assert "are sent to 127.0.0.1:9000 (OSC), &lt;b&gt;." in sending
    assert "passed on" not in sending and "before you switch it on" not in sending


def test_a_missing_model_is_one_sentence(tmp_path, capsys):
    assert program.main(["--model", str(tmp_path / "nothing")]) == 2
    written = capsys.readouterr().err
    assert "nothing.safetensors" in written
    assert "Traceback" not in written


def test_the_host_says_where_the_page_listens_unless_arguments_do(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7000")
    told, asked = parser().parse_args([]), parser().parse_args(["--port", "8000", "--host", "127.0.0.1"])
    assert (told.host, told.port, asked.host, asked.port) == ("0.0.0.0", 7000, "127.0.0.1", 8000)


@pytest.mark.parametrize("places", ["0", "33", "-1", "many", "1.5"])
def test_places_are_a_number_that_can_be_served(places, capsys):
    with pytest.raises(SystemExit):
        program.main(["--visitors", places])
    assert "from 1 to 32" in capsys.readouterr().err
