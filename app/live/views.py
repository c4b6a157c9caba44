"""What is known -> what is shown. Pure functions to plain JSON, shared by the live page (its script draws it) and the clip page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.live.snapshot import Snapshot
from comp_core.modalities import AUDIO, LABELS, MODALITIES, SUBSETS, TEXT, VIDEO, subset_name
from comp_core.senses.reading import NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF

# What people call the modalities.
NAMES = {AUDIO: "voice", TEXT: "words", VIDEO: "face"}
# Reasons for absence that read better with their modality known.
REASONS = {
    (AUDIO, NOT_GIVEN): "no sound",
    (VIDEO, NOT_GIVEN): "no picture",
    (AUDIO, SILENCE): "silence",
    (TEXT, NO_WORDS): "no words",
    (VIDEO, NO_FACE): "no face",
    (AUDIO, SWITCHED_OFF): "off",
    (TEXT, SWITCHED_OFF): "off",
    (VIDEO, SWITCHED_OFF): "off",
}

# How what the modalities say by themselves can fit together.
RELATIONS = {
    "agree": "The modalities agree: each by itself names the same expression.",
    "conflict": "The modalities conflict: two are sure of different expressions.",
    "complement": "The modalities complement one another: they do not all name the same, and at most one is sure.",
    "alone": "One modality only: there is nothing to compare it with.",
}
# The same in the headline.
_IN_SHORT = {"agree": ", which agree", "conflict": ", which conflict", "complement": "", "alone": " alone"}
# A weight that reads as 0 %.
NOTHING = 0.005

Probabilities = Mapping[str, float]


def percent(p: float) -> str:
    """Never "100 %": a model is not certain."""
    return f"{round(100 * p)} %" if p < 0.995 else ">99 %"


def ranked(probabilities: Probabilities) -> list[tuple[str, float]]:
    return sorted(probabilities.items(), key=lambda item: -item[1])


def in_words(probabilities: Probabilities | None, answer_threshold: float) -> str:
    """A prediction in a few words: "joy 72 %", "not sure", "nothing to go on"."""
    if probabilities is None:
        return "nothing to go on"
    label, p = ranked(probabilities)[0]
    return f"{label} {percent(p)}" if p >= answer_threshold else "not sure"


def moment_view(record: Mapping[str, Any]) -> dict[str, Any]:
    """One fusion record (as_dict of `comp_core.inference.fusion.Fused`) -> headline, seven bars, three cards."""
    modalities = {modality: _modality_view(modality, record) for modality in MODALITIES}
    return {**_headline(record, modalities), "bars": _bars(record["fused"]), "modalities": modalities}


def _headline(record: Mapping[str, Any], modalities: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    fused = record["fused"]
    present = [view["name"] for view in modalities.values() if view["state"] == "present"]
    if fused is None:
        return {"kind": "nothing", "headline": "nothing to go on", "percent": "", "top": None, "basis": "No face, no voice and no words."}
    (first, p), (second, q) = ranked(fused)[:2]
    basis = f"from {listed(present)}{_IN_SHORT[relation(record)]}" if present else ""
    if p >= record["sure_from"]:
        return {"kind": "sure", "headline": first, "percent": percent(p), "top": first, "basis": basis}
    leaning = f"{first} {percent(p)} or {second} {percent(q)}"
    return {"kind": "unsure", "headline": "not sure", "percent": "", "top": first, "basis": f"{leaning}, {basis}" if basis else leaning}


def relation(record: Mapping[str, Any]) -> str:
    """How what the modalities say by themselves fits together: one of ``RELATIONS``."""
    tops = [ranked(record[modality])[0] for modality in MODALITIES if record[modality] is not None]
    if len(tops) < 2:
        return "alone"
    if len({label for label, _ in tops}) == 1:
        return "agree"
    return "conflict" if len({label for label, p in tops if p >= record["sure_from"]}) > 1 else "complement"


def subsets_view(record: Mapping[str, Any], switched_off: Collection[str]) -> dict[str, dict[str, Any]]:
    """The same moment from each of the seven subsets: what a switch will do, before it is pressed.

    Returns:
        Subset -> ``told``: the prediction in words; ``now``: it is what the fused prediction rests on; ``lacking``: some of it
        is not there to be read.
    """
    found = record["subsets"]
    there = [m for m in MODALITIES if found[subset_name((m,))] is not None]
    now = subset_name(m for m in there if m not in switched_off)
    return {
        name: {
            "told": in_words(found[name], record["sure_from"]),
            "now": name == now,
            "lacking": not set(subset) <= set(there),
        }
        for name, subset in SUBSETS.items()
    }


def _modality_view(modality: str, record: Mapping[str, Any]) -> dict[str, Any]:
    observed = record["observed"][modality]
    reason = "" if observed else record["absent_because"].get(modality, "absent")
    probabilities = record[modality] if observed else None
    weight = record["weights"][modality] if record["weights"] else None
    if observed:
        state = "present"
    elif reason == SWITCHED_OFF:
        state = "off"
    else:
        state = "failed" if reason.startswith("failed") else "absent"
    return {
        "name": NAMES[modality],
        "state": state,
        "state_text": "present" if observed else REASONS.get((modality, reason), reason),
        "prediction": _own_words(probabilities, record["sure_from"]),
        "top": ranked(probabilities)[0][0] if probabilities else None,
        "bars": _bars(probabilities),
        "weight": weight,
        "weight_text": "" if weight is None else percent(weight),
        # Weight on an absent modality acts on features that the model made up from the others.
        "filled_in": not observed and weight is not None and weight >= NOTHING,
        "relied": _relied(modality, observed, record) if record["weights"] else "",
    }


def _relied(modality: str, observed: bool, record: Mapping[str, Any]) -> str:
    if modality == record["dominant"]:
        return "leads: the others are drawn to it"
    if observed:
        return "of what the fusion relies on"
    return "filled in from the others" if record["weights"][modality] >= NOTHING else "absent, and not made up"


def _own_words(probabilities: Probabilities | None, answer_threshold: float) -> str:
    if probabilities is None:
        return "nothing to read"
    label, p = ranked(probabilities)[0]
    named = f"{label} {percent(p)}"
    return named if p >= answer_threshold else f"not sure: {named}"


def _bars(probabilities: Probabilities | None) -> dict[str, float] | None:
    return {label: round(float(probabilities[label]), 4) for label in LABELS} if probabilities else None


def listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def clock_text(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def live_view(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the JSON that the live page draws."""
    return {
        "at": round(snapshot.at, 2),
        "captured": snapshot.captured,
        "box": snapshot.box,
        "others": snapshot.others,
        "moment": moment_view(snapshot.fused),
        "subsets": subsets_view(snapshot.fused, snapshot.switched_off),
        "speaking": snapshot.speaking,
        "speech": round(snapshot.speech_probability, 3),
        "transcript": {
            "text": snapshot.transcript,
            "source": snapshot.transcript_source,
            "confidence": None if snapshot.confidence is None else percent(snapshot.confidence),
            "pending": snapshot.pending,
        },
        "utterances": [
            {
                "number": said.number,
                "time": clock_text(said.start),
                "transcript": said.transcript or ("recognising…" if said.pending else "(no words)"),
                "words": said.transcript,
                "prediction": in_words(said.judged.fused, said.judged.answer_threshold) if said.judged else "…",
            }
            for said in reversed(snapshot.utterances)
        ],
        "stage_ms": snapshot.stage_ms,
        "frames_dropped": snapshot.frames_dropped,
        "audio_lost_s": round(snapshot.audio_lost_s, 1),
        "smoothing_s": snapshot.smoothing,
    }


def utterance_view(record: Mapping[str, Any]) -> dict[str, Any]:
    """One utterance record of `comp_core.predictor.Predictor.predict_file` -> the same view, with its time and words."""
    return {
        "moment": moment_view(record),
        "time": f"{clock_text(record['start'])} to {clock_text(record['end'])}" if record["end"] > record["start"] else "",
        "start": float(record["start"]),
        "transcript": record["transcript"] or "",
        "prediction": in_words(record["fused"], record["sure_from"]),
    }
