"""The lab: one moment from seven subsets, how its modalities fit together, degradation, and curves."""

import base64
import io
import re
import weakref
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from app.live.context import LiveContext
from app.live.phrases import RELATIONS, relation
from app.live.session import LiveSession
from app.live.sliders import QUIET, SLIDERS, degradation_of
from app.live.utterance import Utterance
from app.pages.clip.page import SAMPLES_DIR
from app.pages.lab import curve as curve_part
from app.pages.lab import moment
from app.pages.lab.curve import RATES, REPORTS, balance_of, draw_learning, draw_reported, run_curve
from app.pages.lab.introspection import Series, along, as_csv, introspections, measured, reported, seven, uses
from app.pages.lab.markup import along_html, compared_html, introspection_html, picture_html, seven_html, uses_html
from app.pages.lab.moment import degrade_utterance, live_moments, read_moments, show_moment
from app.pages.lab.plot import curves_html, curves_svg
from app.pages.lab.projection import draw_projections
from app.server.jobs import Unheard
from app.visitors.visitors import Visitors
from comp_core.evaluation.curve import LATE, Point
from comp_core.inference.budget import OverBudget
from comp_core.inference.degradation import Degradation
from comp_core.inference.fusion import Fusion
from comp_core.inference.media import MediaError
from comp_core.inference.windows import conversations_of
from comp_core.modalities import MODALITIES, TEXT, VIDEO
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Heard
from comp_core.senses.reading import NO_FACE, NO_WORDS, SILENCE, Reading
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.doubles import ScriptedLocator, ScriptedPredictor, ScriptedSegmenter, ScriptedTranscriber, feature

ABSENT = dict(zip(MODALITIES, (SILENCE, NO_WORDS, NO_FACE), strict=True))


def heard(transcript="hello", **labels):
    readings = {m: Reading(feature(labels[m])) if m in labels else Reading.absent(ABSENT[m]) for m in MODALITIES}
    return Heard(0.0, 1.0, transcript, readings)


@pytest.fixture
def predictor():
    """Its models are none that can be looked into."""
    scripted = ScriptedPredictor()
    for fusion in scripted.fusions.values():
        fusion.kind = SimpleNamespace(prompts=False, leads=False)
    return scripted


def quiet(*_, **__):
    return None


def test_a_moment_from_every_subset_by_every_model(predictor):
    rows = seven(predictor, [heard(audio="joy", text="anger", video="joy")], 0)
    assert len(rows) == 7
    assert {title for row in rows for title in row.cells} == {"ComP", "PRLF", LATE}
    by_given = {row.given: row for row in rows}
    assert by_given["words"].cells["ComP"].told.startswith("anger")
    assert by_given["voice and face"].cells[LATE].told.startswith("joy")
    # Two thirds of what a sure modality gives it, and the third one's crumbs.
    assert by_given["voice, words and face"].cells[LATE].told == "joy 61 %"
    assert not any(row.missing for row in rows)


def test_subsets_that_are_not_there_say_so(predictor):
    rows = {row.given: row for row in seven(predictor, [heard(video="joy")], 0)}
    assert rows["face"].missing is False
    assert rows["words"].missing and rows["words"].cells["ComP"].told == "nothing to go on" == rows["words"].cells[LATE].told
    assert rows["voice and face"].cells[LATE].weights == {"audio": 0.0, "text": 0.0, "video": 1.0}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"audio": "joy", "text": "joy", "video": "joy"}, "agree"),
        ({"audio": "joy", "text": "anger"}, "conflict"),
        ({"video": "joy"}, "alone"),
        ({}, "alone"),
    ],
)
def test_how_modalities_fit_together(predictor, labels, expected):
    assert relation(predictor.fuse_last([heard(**labels).moment]).as_dict()) == expected
    assert expected in RELATIONS


def test_one_unsure_modality_complements(predictor):
    fused = predictor.fuse_last([heard(audio="joy", text="anger").moment])
    fused.by_modality[TEXT] = {**dict.fromkeys(fused.by_modality[TEXT], 0.1), "anger": 0.3, "joy": 0.2}
    assert relation(fused.as_dict()) == "complement"


def test_who_is_not_sure_agrees_with_nobody(predictor):
    fused = predictor.fuse_last([heard(audio="joy", text="joy").moment])
    assert relation(fused.as_dict()) == "agree"
    fused.by_modality[TEXT] = {**dict.fromkeys(fused.by_modality[TEXT], 0.1), "joy": 0.2}
    assert relation(fused.as_dict()) == "complement"


def test_a_file_is_read_once_and_its_fullest_moment_shown(predictor):
    utterances = [heard("first", audio="joy"), heard("second", audio="joy", text="joy", video="fear")]
    predictor.hear_file = lambda *_: utterances
    found, choice, html, whole = read_moments(predictor, "clip.mp4", "", "en", quiet)
    assert (found, choice.value) == (utterances, 1)
    assert whole.count("<tr>") == 3 and whole.index("first") < whole.index("second") and whole.count("cp-shares") == 4
    assert "second" in html and RELATIONS["conflict"] in html


def test_the_live_session_is_the_visitors_own(predictor):
    context = LiveContext(predictor, ScriptedTranscriber())

    def make(token):
        return LiveSession(token, context, ScriptedLocator(), ScriptedSegmenter())

    visitors = Visitors(make, lambda session: None, clock=lambda: 0.0)
    mine, other = visitors.open(), visitors.open()
    for number, words in enumerate(("what joy", "what anger")):
        utterance = Utterance(number, float(number), end=number + 0.5, spoken=(words, Reading(feature(words.split()[1]))))
        mine.conversation.utterances.append(utterance)
    found, choice, html, whole, file, *degraded = live_moments(predictor, visitors, mine.token)
    assert [one.transcript for one in found] == ["what joy", "what anger"]
    assert choice.value == 1 and "what anger" in html and "what joy" in whole
    assert (file, degraded) == (None, ["", "", None])
    assert "Nothing has been said" in live_moments(predictor, visitors, other.token)[2]
    assert "No live session" in live_moments(predictor, visitors, "guessed")[2]


def test_what_cannot_be_read_is_explained(predictor):
    def fail(*_):
        raise MediaError("clip.mp4 is empty")

    predictor.hear_file = fail
    assert "is empty" in read_moments(predictor, "clip.mp4", "", "en", quiet)[2]
    assert "Choose a sample" in read_moments(predictor, None, "", "en", quiet)[2]
    assert "Choose a sample" in show_moment(predictor, [], None)
    assert degrade_utterance(predictor, [], None, [], None, quiet, False, "comp") == ("", "", None)


def test_of_a_file_that_costs_too_much_the_beginning_is_shown(predictor):
    def hear_file(*_):
        yield heard("first", audio="joy")
        raise OverBudget("Only its beginning was read.")

    predictor.hear_file = hear_file
    found, _, html, _ = read_moments(predictor, "clip.mp4", "", "en", quiet)
    assert len(found) == 1 and "Only its beginning" in html and "first" in html


def test_words_from_outside_are_escaped(predictor):
    attack = "<img src=x onerror=alert(1)>"
    assert "<img" not in seven_html(seven(predictor, [heard(attack, audio="joy")], 0), "alone", attack)
    assert "<img" not in along_html(along(predictor, [heard(attack, audio="joy")]))
    state = {"title": "words", "told": attack, "weight": None, "quality": None}
    assert "<img" not in compared_html({"text": state}, {"text": state})


def test_sliders_at_rest_degrade_nothing():
    rest = {s.field: s.rest for s in SLIDERS}
    assert degradation_of(rest) == degradation_of({}) == Degradation()
    assert degradation_of({**rest, "noise_db": QUIET - 1}, muted=True) == Degradation(noise_db=QUIET - 1, muted=True)


def shown_picture(html):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r'src="data:image/jpeg;base64,([^"]+)"', html)[1])))


@pytest.mark.parametrize(("width", "height", "shown"), [(40, 30, (40, 30)), (1920, 1080, (640, 360)), (1, 4000, (1, 640))])
def test_a_picture_of_any_shape_is_shown_small(width, height, shown):
    assert shown_picture(picture_html(np.zeros((height, width, 3), np.uint8))).size == shown


def test_a_degraded_moment_is_read_again_by_the_same_senses(predictor, tmp_path):
    path = tmp_path / "face.jpg"
    Image.new("RGB", (40, 30), (200, 200, 200)).save(path)
    asked = []

    def read_again(media, one, transcript):
        asked.append((next(media.frames(5.0))[1].mean(), transcript))
        return heard(transcript, text="fear")

    predictor.read_again = read_again
    fields = [s.field for s in SLIDERS]
    rest = {s.field: s.rest for s in SLIDERS}
    values = [{**rest, "darkness": 0.9, "words_lost": 1.0}[field] for field in fields]
    html, picture, sound = degrade_utterance(predictor, fields, str(path), [heard(video="joy")], 0, quiet, *values, False, "prlf")
    assert asked == [(pytest.approx(20, abs=2), "")]
    assert np.asarray(shown_picture(picture)).mean() == pytest.approx(20, abs=2)
    assert sound is None
    assert "absent: no face" in html and "joy 9" in html
    assert predictor.models == ["prlf", "prlf"]


def test_of_a_long_video_one_picture_is_kept_and_twelve_seconds_of_sound(predictor, monkeypatch):
    kept, most = weakref.WeakSet(), []

    @dataclass
    class Long:
        tell: Callable = quiet
        has_video, duration, samples = True, 600.0, np.zeros(600 * SAMPLE_RATE, np.float32)

        def frames(self, rate):
            for n in range(3000):
                picture = np.full((4, 4, 3), 200, np.uint8).view(Watched)
                kept.add(picture)
                most.append(len(kept))
                yield n / rate, picture
                del picture

    class Watched(np.ndarray):
        __hash__ = object.__hash__
        __eq__ = object.__eq__

    monkeypatch.setattr(moment, "open_media", lambda path, budget: Long())
    monkeypatch.setattr(Degradation, "media", lambda self, media, start, end: media)
    predictor.read_again = lambda media, one, words: one
    one = replace(heard(audio="joy"), start=0.0, end=400.0)
    _, picture, (rate, sound) = degrade_utterance(predictor, [], "long.mp4", [one], 0, quiet, False, "comp")
    assert "img" in picture and len(sound) == 12 * rate
    assert len(most) == 2002 and max(most) <= 4


def test_a_moment_that_nobody_waits_for_any_more_is_not_read_on(predictor):
    told = []

    def read_again(media, one, words):
        for _ in media.frames(5.0):
            pass

    def progress(share, desc):
        told.append(share)
        if len(told) == 3:
            raise Unheard

    predictor.read_again = read_again
    one = replace(heard(video="joy"), start=0.0, end=2.0)
    with pytest.raises(Unheard):
        degrade_utterance(predictor, [], str(SAMPLES_DIR / "mixed.mp4"), [one], 0, progress, False, "comp")
    assert told == [pytest.approx(share, abs=0.02) for share in (0.0, 0.1, 0.2)]


def test_a_look_inside_comp_where_there_is_one(predictor):
    one = [heard(audio="joy", video="fear")]
    assert introspections(predictor, one, 0) is None
    torch.manual_seed(0)
    comp = ComP(ComPConfig(dict.fromkeys(MODALITIES, 7), outputs=7, width=8, prompt=4, prototypes=4)).eval()
    predictor.fusions["comp"].model, predictor.fusions["comp"].kind = comp, KINDS["comp"]
    predictor.fusions["comp"].window = lambda moments: conversations_of([moments], comp.config.dims)
    found = introspections(predictor, one, 0)
    html = introspection_html(found)
    assert found.similarity[TEXT] is None and "absent" in html
    assert html.count("<tr data-modality") == 3 and f"{found.filled[VIDEO]:.2f}" in html
    assert introspections(predictor, [heard()], 0) is None


def shipped():
    return SimpleNamespace(fusions={name: Fusion.load(name) for name in ("comp", "prlf")})


def read_by_shipped(random, *modalities, dims):
    """An utterance with made-up features, and the senses sure of nothing."""
    readings = {m: Reading.absent(ABSENT[m]) for m in MODALITIES}
    for m in modalities:
        readings[m] = Reading(random.normal(size=dims[m]).astype(np.float32), probabilities=np.full(7, 1 / 7))
    return Heard(0.0, 1.0, "hello", readings)


def test_which_parts_the_models_use_is_asked_of_copies():
    predictor, random = shipped(), np.random.default_rng(0)
    dims = predictor.fusions["comp"].model.config.dims
    conversation = [read_by_shipped(random, *MODALITIES, dims=dims) for _ in range(3)]
    moments = [one.moment for one in conversation]
    before = {name: fusion.fuse_last(moments) for name, fusion in predictor.fusions.items()}
    found = uses(predictor, conversation, 2)
    assert set(found) == {"ComP", "PRLF"}
    for several in found.values():
        assert any(abs(use.added) > 1e-3 for use in several)
        assert not any(part._forward_hooks for fusion in predictor.fusions.values() for part in fusion.model.modules())
    assert {name: fusion.fuse_last(moments) for name, fusion in predictor.fusions.items()} == before
    html = uses_html(found)
    assert html.count("<tr><th") == sum(map(len, found.values())) and "prompts that say nothing" in html


def test_where_one_sense_answers_no_model_is_asked():
    predictor = shipped()
    dims = predictor.fusions["comp"].model.config.dims
    assert uses(predictor, [read_by_shipped(np.random.default_rng(0), TEXT, dims=dims)], 0) == {}


REPORT = {
    "rates": [0.1, 0.5],
    "methods": {
        name: {"title": name.upper(), "conditions": {f"rate {r}": {"accuracy": {"mean": 0.8 - r / 2, "sd": 0.02}} for r in (0.1, 0.5)}}
        for name in ("comp", "late")
    },
}


def test_curves_of_a_report_and_of_points():
    series = reported(REPORT, ("comp", "prlf", "late"))
    assert [s.title for s in series] == ["COMP", "LATE"]
    assert series[0] == Series("COMP", (0.1, 0.5), (0.75, 0.55), (0.02, 0.02))
    assert as_csv(series).splitlines()[:2] == ['"curve","missing_rate","accuracy_mean","accuracy_sd"', '"COMP","0.1","0.7500","0.0200"']
    (found,) = measured([Point(0.2, {"comp": [0.5, 0.7]})], {"comp": "ComP"})
    assert found == Series("ComP", (0.2,), (pytest.approx(0.6),), (pytest.approx(0.1),))


@pytest.mark.parametrize("rates", [(0.1, 0.5), (0.3,)])
def test_a_drawing_is_well_formed_and_its_points_fall_with_accuracy(rates):
    svg = curves_svg([Series("a", rates, tuple(0.8 - r for r in rates), tuple(0.01 for _ in rates))], 'two "models"')
    circles = ElementTree.fromstring(svg).findall("{http://www.w3.org/2000/svg}circle")
    heights = [float(circle.get("cy")) for circle in circles]
    assert len(heights) == len(rates) and heights == sorted(heights)
    assert all(0 < height < 340 for height in heights)
    assert "<script" not in curves_html([Series("<script>", rates, rates, rates)], "", "note")


def saved_table(html):
    return base64.b64decode(html.split("data:text/csv;base64,")[1].split('"')[0]).decode()


@pytest.mark.parametrize("name", REPORTS.values())
def test_the_committed_curves_name_their_report_and_can_be_saved(name):
    html = draw_reported(name)
    assert f">assets/reports/{name}.json</a>" in html
    ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])
    assert [kind in html for kind in ('data-save="png"', 'data-save="svg"')] == [True, True]
    assert len(saved_table(html).splitlines()) > 10


def test_the_committed_report_of_balance_is_drawn_by_epoch():
    html = draw_learning()
    assert html.count("<figure") == 2 and "assets/reports/balance.json" in html
    header, first, *_ = saved_table(html).splitlines()
    assert header.startswith('"curve","epoch",') and first.startswith('"voice, alone","1.0",')


@pytest.mark.parametrize("name", REPORTS.values())
def test_the_committed_reports_tell_of_balance(name):
    told = balance_of(name)
    assert "| words |" in told and "jointly, PRLF" in told and "| voice + words |" in told


def test_a_curve_that_is_run_grows_point_by_point(predictor, monkeypatch):
    monkeypatch.setattr(curve_part, "curve", lambda models, _c, rates, gone, seed: (Point(r, {"comp": [0.9 - r, 0.8 - r]}) for r in rates))
    steps = list(run_curve(predictor, "video", 0.6, 3, quiet))
    assert [html.count("<circle") for html in steps] == [1, 2, 3, 4, 5]
    # The axis is there from the first point on, so that nothing jumps.
    assert all(f">{100 * rate:.0f} %</text>" in steps[0] for rate in RATES)
    assert "seed 3" in steps[-1] and "ComP" in steps[-1]
    monkeypatch.setattr(curve_part, "ASSETS", curve_part.ASSETS / "nowhere")
    assert "missing" in next(run_curve(predictor, VIDEO, 0.6, 0, quiet))


def test_a_model_with_its_own_labels_is_not_measured_on_the_labs_conversations_and_that_is_told(predictor, monkeypatch):
    inside = SimpleNamespace(prompts=True, leads=False)
    predictor.fusions = {"MY": SimpleNamespace(name="MY <own>", model=None, by_senses=False, kind=inside), **predictor.fusions}
    asked = []

    def curve(models, _conversations, rates, _gone, _seed):
        asked.append(set(models))
        return (Point(rate, {"comp": [0.9, 0.8]}) for rate in rates)

    monkeypatch.setattr(curve_part, "curve", curve)
    assert "MY &lt;own&gt;: not shown" in list(run_curve(predictor, VIDEO, 0.6, 0, quiet))[-1]
    assert asked == [{"comp", "prlf"}]
    # Of all models only one of its own could be drawn, and it is not.
    assert "This needs ComP" in draw_projections(predictor, 0.3)


def test_qualities_are_the_senses_own(predictor):
    from app.pages.lab.introspection import qualities

    one = Heard(0.0, 1.0, "", {m: Reading(np.zeros(7), quality=0.4) if m == VIDEO else Reading.absent("silence") for m in MODALITIES})
    assert qualities(one) == {"audio": None, "text": None, "video": 0.4}
