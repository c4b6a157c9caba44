"""What is shown, from what is known."""

from dataclasses import replace

import numpy as np

from app.live.phrases import clock_text, in_words
from app.live.snapshot import BETWEEN, NOW, PAST, REMEMBERED, Said, Snapshot, Words
from app.live.views import FAINTEST, live_view, moment_view, transcript_view, utterance_view
from app.pages.shared.markup import bars_html, cards_html, clip_html, fused_html, headline_html, message_html, player_html, switches_html
from comp_core.modalities import AUDIO, LABELS, MODALITIES, SUBSETS, TEXT, VIDEO
from comp_core.senses.reading import SWITCHED_OFF, Reading
from tests.app.doubles import ScriptedPredictor, feature, record

JOYFUL = ScriptedPredictor().fuse_last([{TEXT: Reading(feature("joy"))}])


def spread(**named):
    rest = (1 - sum(named.values())) / (len(LABELS) - len(named))
    return {label: named.get(label, rest) for label in LABELS}


def snapshot_of(moment, utterances=(), switched_off=frozenset()):
    subsets = {name: moment["fused"] if name == "V" else None for name in SUBSETS} if "subsets" not in moment else moment["subsets"]
    now = {"at": 1.0, "model": "comp", "captured": None, "box": None, "faces": (), "switched_off": switched_off}
    sound = {"speaking": False, "speech_probability": 0.0}
    words = {"moment": BETWEEN, "words": Words(), "pending": False, "remembered": 0, "pull": None, "utterances": list(utterances)}
    costs = {"stage_ms": {"face": 3.0}, "frames_dropped": 0, "audio_lost_s": 0.0, "smoothing": 0.5}
    thresholds = moment.get("answer_thresholds", dict.fromkeys(SUBSETS, 0.4))
    return Snapshot(
        fused={**moment, "subsets": subsets, "answer_thresholds": thresholds, "labels": LABELS}, **now, **sound, **words, **costs
    )


def test_a_clear_prediction_is_named_with_its_share():
    assert in_words(spread(joy=0.72), 0.5) == "joy 72 %"


def test_nothing_is_certain():
    assert in_words(spread(joy=0.9996), 0.5) == "joy >99 %"


def test_below_the_models_threshold_it_is_not_sure():
    fused = spread(joy=0.39)
    assert in_words(fused, 0.38) == "joy 39 %"
    assert in_words(fused, 0.4) == "not sure"
    view = moment_view({**record(audio="joy"), "fused": fused})
    assert view["kind"] == "unsure"
    assert "joy" in view["basis"]


def test_nothing_present_is_nothing_to_go_on():
    view = moment_view(record())
    assert (view["kind"], view["headline"], view["bars"]) == ("nothing", "nothing to go on", None)
    assert all(card["weight"] is None and not card["filled_in"] for card in view["modalities"].values())


def test_the_headline_says_which_senses_it_rests_on():
    assert moment_view(record(audio="joy", text="joy", video="joy"))["basis"] == "from voice, words and face, which agree"
    assert moment_view(record(text="anger", video="joy"))["basis"] == "from words and face, which conflict"
    assert moment_view(record(video="joy"))["basis"] == "from face alone"


def test_weight_on_an_absent_modality_is_filled_in():
    cards = moment_view(record(text="joy", video="joy"))["modalities"]
    assert (cards[VIDEO]["state"], cards[VIDEO]["filled_in"]) == ("present", False)
    assert (cards[AUDIO]["state"], cards[AUDIO]["state_text"], cards[AUDIO]["filled_in"]) == ("absent", "silence", True)


def test_one_sense_alone_answers_by_itself_and_nothing_is_weighed():
    cards = moment_view(record(video="joy"))["modalities"]
    assert {m: (card["weight_text"], card["filled_in"]) for m, card in cards.items()} == {
        AUDIO: ("0 %", False),
        TEXT: ("0 %", False),
        VIDEO: ("100 %", False),
    }
    assert cards[VIDEO]["relied"] == "the answer is its own"
    assert cards[TEXT]["state_text"] == "no words"
    assert cards[TEXT]["bars"] is None


def test_the_dominant_modality_is_said_to_lead():
    cards = moment_view({**record(audio="joy", video="joy"), "dominant": VIDEO})["modalities"]
    assert cards[VIDEO]["relied"].startswith("leads")
    assert cards[AUDIO]["relied"] == "of the fused answer"


def test_a_card_says_when_its_modality_alone_is_not_sure():
    moment = record(audio="joy", video="joy")
    cards = moment_view({**moment, AUDIO: spread(joy=0.3)})["modalities"]
    assert cards[AUDIO]["prediction"] == "not sure: joy 30 %"
    assert cards[VIDEO]["prediction"].startswith("joy ")


def test_switched_off_and_failed_are_told_apart():
    moments = [{VIDEO: Reading(feature("joy")), AUDIO: Reading.absent("failed: no memory"), TEXT: Reading(feature("fear"))}]
    fused = ScriptedPredictor().fuse_last(moments, without={TEXT})
    assert fused.absent_because[TEXT] == SWITCHED_OFF
    cards = moment_view(fused.as_dict())["modalities"]
    assert {m: card["state"] for m, card in cards.items()} == {AUDIO: "failed", TEXT: "off", VIDEO: "present"}
    assert cards[AUDIO]["state_text"] == "failed: no memory"


def test_clock():
    assert (clock_text(0), clock_text(65.9), clock_text(600)) == ("0:00", "1:05", "10:00")


def test_live_view_lists_the_newest_utterance_first():
    said = Said(number=1, start=3.0, end=5.0, transcript="hello", pending=False, judged=JOYFUL)
    waiting = replace(said, number=2, start=61.0, transcript="", pending=True, judged=None)
    view = live_view(snapshot_of(record(), utterances=[said, waiting]))
    assert [(t["time"], t["transcript"], t["prediction"]) for t in view["utterances"]] == [
        ("1:01", "recognising…", "…"),
        ("0:03", "hello", "joy 91 %"),
    ]


def test_a_line_keeps_the_threshold_by_which_it_was_judged():
    judged = replace(JOYFUL, answer_threshold=0.95)
    said = Said(1, 3.0, 5.0, "hello", False, judged)
    for threshold in (0.3, 0.95):
        view = live_view(snapshot_of({**record(video="joy"), "sure_from": threshold}, utterances=[said]))
        assert view["utterances"][0]["prediction"] == "not sure"


def test_the_subsets_foretell_what_a_switch_does():
    joy, anger = spread(joy=0.9), spread(anger=0.45)
    # Words are not there; the voice is, and is switched off.
    subsets = {"A": anger, "T": None, "V": joy, "AT": anger, "AV": joy, "TV": joy, "ATV": joy}
    moment = {**record(video="joy"), "fused": joy, "subsets": subsets}
    view = live_view(snapshot_of(moment, switched_off=frozenset({AUDIO})))["subsets"]
    assert [name for name, cell in view.items() if cell["now"]] == ["V"]
    assert [name for name, cell in view.items() if cell["lacking"]] == ["T", "AT", "TV", "ATV"]
    assert [view[name]["told"] for name in ("V", "A", "T")] == ["joy 90 %", "anger 45 %", "nothing to go on"]


def test_a_tile_is_judged_by_the_threshold_of_what_of_it_is_there():
    joy, anger = spread(joy=0.5), spread(anger=0.5)
    subsets = {"A": anger, "T": None, "V": joy, "AT": anger, "AV": joy, "TV": joy, "ATV": joy}
    moment = {**record(audio="anger", video="joy"), "fused": joy, "subsets": subsets, "sure_from": 0.4}
    thresholds = {**dict.fromkeys(SUBSETS, 0.4), "A": 0.6}
    told = {n: cell["told"] for n, cell in live_view(snapshot_of({**moment, "answer_thresholds": thresholds}))["subsets"].items()}
    assert (told["A"], told["AT"], told["V"], told["AV"]) == ("not sure", "not sure", "joy 50 %", "joy 50 %")


def test_the_present_tile_says_what_the_headline_says():
    # The words of earlier sentences count for the headline, and not for the tile of voice and face alone.
    subsets = dict.fromkeys(SUBSETS, spread(fear=0.3))
    moment = {**record(audio="neutral", video="fear"), "fused": spread(sadness=0.61), "subsets": subsets}
    view = live_view(snapshot_of(moment))
    (told,) = [cell["told"] for cell in view["subsets"].values() if cell["now"]]
    assert told == f"{view['moment']['headline']} {view['moment']['percent']}" == "sadness 61 %"


def test_a_label_that_no_sense_names_is_marked():
    moment = record(audio="neutral", video="fear")
    assert moment_view({**moment, "fused": spread(sadness=0.61)})["new"]
    assert not moment_view({**moment, "fused": spread(fear=0.61)})["new"]
    assert not moment_view({**moment, "fused": spread(sadness=0.2)})["new"]
    assert not moment_view(record())["new"]


def test_where_everything_is_switched_off_that_is_said_and_no_face_is_boxed():
    off = {"absent_because": dict.fromkeys(MODALITIES, SWITCHED_OFF)}
    assert moment_view({**record(), **off})["basis"] == "All senses are switched off. Switch one on."
    some = {**record()["absent_because"], VIDEO: SWITCHED_OFF}
    assert moment_view({**record(), "absent_because": some})["basis"] == "No voice and no words; switched off: face."
    assert moment_view(record())["basis"] == "No voice, no words and no face."
    seen = replace(snapshot_of({**record(), **off}, switched_off=frozenset(MODALITIES)), box=(0, 0, 1, 1))
    assert live_view(seen)["box"] is None


def test_words_are_drawn_as_strongly_as_they_count():
    now = Words("hello", "recognised", 0.62, NOW)
    view = transcript_view(now, pending=False, used=True)
    assert (view["told"], view["strength"]) == ("recognised, recogniser 62 % sure", 1.0)
    assert transcript_view(replace(now, interim=True), False, True)["told"] == "so far, recogniser 62 % sure"
    assert transcript_view(replace(now, source="typed", confidence=None), False, True)["told"] == "typed"
    ages = [transcript_view(replace(now, counts=REMEMBERED, age=age), False, True)["strength"] for age in (4, 10, 20, 90)]
    assert ages == sorted(ages, reverse=True) and max(ages) < 1
    assert transcript_view(replace(now, counts=REMEMBERED, age=12), True, True)["told"] == (
        "12 s ago, remembered, recognising what was said since…"
    )
    past = transcript_view(replace(now, counts=PAST, age=130), False, True)
    assert (past["told"], past["strength"]) == ("2 min ago, no longer counts", FAINTEST)
    off = transcript_view(now, False, used=False)
    assert (off["told"], off["strength"]) == ("words are switched off", FAINTEST)
    assert transcript_view(Words(), True, True)["told"] == "recognising…"


def test_words_from_outside_are_escaped():
    attack = "<img src=x onerror=alert(1)>"
    html = player_html("video", 'a"><script>', attack) + clip_html([utterance_view(record(transcript=attack, audio="joy"))])
    assert "<img" not in html
    assert "<script" not in html
    assert "<img" not in message_html(attack)
    failed = {**record(), "absent_because": dict.fromkeys(MODALITIES, f"failed: {attack}")}
    assert "<img" not in cards_html(moment_view(failed))


def test_markup_has_a_bar_per_label_and_a_card_per_modality():
    view = moment_view(record(audio="anger", text="joy", video="joy"))
    assert all(fused_html(view).count(f'data-label="{label}"') == 1 for label in LABELS)
    cards = cards_html(view, live=True)
    assert all(cards.count(f'data-modality="{m}"') == 1 and switches_html().count(f'data-switch="{m}"') == 1 for m in MODALITIES)
    assert "data-again" not in cards_html(view)
    assert cards_html() != cards


def test_markup_is_safe_for_the_template_that_carries_it():
    # Gradio reads the page's markup as a JavaScript template string and as Handlebars.
    for html in (headline_html(), bars_html(), switches_html(), cards_html(live=True)):
        assert not {"${", "{{", "`"} & {html[i : i + n] for n in (1, 2) for i in range(len(html))}


def test_utterances_show_their_time_and_words():
    records = [record(1.25, 3.5, "so happy", audio="joy", text="joy"), record(4, 4, "", video="fear")]
    html = clip_html([utterance_view(r) for r in records])
    assert 'data-seek="1.25"' in html
    assert "so happy" in html
    assert "(no words)" in html
    assert html.count("<details") == 2
    assert html.count("data-seek") == 3  # two in the timeline, one on the time: what takes no time has none to click


def test_bars_are_plain_numbers():
    fused = {label: np.float32(p) for label, p in spread(joy=0.5).items()}
    view = moment_view({**record(audio="joy"), "fused": fused})
    assert all(type(p) is float for p in view["bars"].values())


def test_a_model_with_its_own_labels_has_a_bar_for_each_wherever_there_is_nothing_to_read():
    own = {**record(text="joy"), "fused": {"<up>": 0.8, "down": 0.2}, "text": {"<up>": 0.8, "down": 0.2}}
    view = moment_view(own)
    assert view["labels"] == ["<up>", "down"] and view["bars"] == {"<up>": 0.8, "down": 0.2}
    html = fused_html(view) + cards_html(view)
    assert html.count('data-label="down"') == html.count('data-label="&lt;up&gt;"') == 4
    assert moment_view({**record(), "labels": ["<up>", "down"]})["labels"] == ["<up>", "down"]
