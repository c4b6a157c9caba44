"""What is known -> what is shown. Pure functions to plain JSON, shared by the live page (its script draws it) and the clip page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.live.lesson_view import lesson_view
from app.live.people import Face
from app.live.phrases import IN_SHORT, NOTHING, REASONS, Probabilities, ago, clock_text, in_words, listed, named, percent, ranked, relation
from app.live.snapshot import BETWEEN, NOW, PAST, REMEMBERED, SAID, SPOKEN, Said, Snapshot, Words
from app.live.why import Pull, no_senses_own, why
from comp_core.formats.faces import titles_of
from comp_core.modalities import LABELS, MODALITIES, NAMES, SUBSETS, TEXT, VIDEO, subset_name
from comp_core.senses.reading import SWITCHED_OFF

# What the headline is of.
MOMENTS = {SPOKEN: "what is being said", SAID: "what was just said", BETWEEN: "right now"}
# Words that no longer are of the present utterance are drawn fainter, down to this after so many seconds.
FAINT, FAINTEST, FADED_S = 0.85, 0.65, 30.0


def moment_view(record: Mapping[str, Any], pull: Pull | None = None) -> dict[str, Any]:
    """One fusion record (as_dict of `comp_core.inference.fusion.Fused`) -> headline, why, a bar for each label, three cards."""
    modalities = {modality: _modality_view(modality, record) for modality in MODALITIES}
    headline = _headline(record, modalities)
    # A label that no sense names by itself is marked; where none is named there is nothing to mark.
    told = {"why": why(record, pull), "new": headline["kind"] == "sure" and no_senses_own(record)}
    return {**headline, **told, "labels": _labels(record), "bars": _bars(record["fused"]), "modalities": modalities}


def _headline(record: Mapping[str, Any], modalities: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    fused = record["fused"]
    present = [view["name"] for view in modalities.values() if view["state"] == "present"]
    if fused is None:
        return {"kind": "nothing", "headline": "nothing to go on", "percent": "", "top": None, "basis": _nothing(modalities)}
    (first, p), (second, q) = ranked(fused)[:2]
    basis = f"from {listed(present)}{IN_SHORT[relation(record)]}" if present else ""
    if p >= record["sure_from"]:
        return {"kind": "sure", "headline": first, "percent": percent(p), "top": first, "basis": basis}
    leaning = f"{first} {percent(p)} or {second} {percent(q)}"
    return {"kind": "unsure", "headline": "not sure", "percent": "", "top": first, "basis": f"{leaning}, {basis}" if basis else leaning}


def _nothing(modalities: Mapping[str, Mapping[str, Any]]) -> str:
    """Why there is nothing to go on."""
    off = [view["name"] for view in modalities.values() if view["state"] == "off"]
    missing = [f"no {view['name']}" for view in modalities.values() if view["state"] != "off"]
    if not missing:
        return "All senses are switched off. Switch one on."
    told = listed(missing).capitalize()
    return f"{told}; switched off: {listed(off)}." if off else f"{told}."


def transcript_view(words: Words, pending: bool, used: bool) -> dict[str, Any]:
    """The last words, what is to be known of them, and how strongly they are drawn: as far as they count.

    Args:
        pending: the recogniser still works on the present utterance.
        used: words are not switched off.
    """
    counts = words.counts if used else PAST
    fading = max(0.0, 1 - words.age / FADED_S)
    strength = {NOW: 1.0, REMEMBERED: FAINTEST + (FAINT - FAINTEST) * fading, PAST: FAINTEST}[counts]
    told = [] if not words.text else ["typed" if words.source == "typed" else "so far" if words.interim else "recognised"]
    if words.text and words.confidence is not None:
        told.append(f"recogniser {percent(words.confidence)} sure")
    if words.text and not used:
        told = ["words are switched off"]
    elif words.text and counts != NOW:
        told = [ago(words.age), "remembered" if counts == REMEMBERED else "no longer counts"]
    if pending:
        told.append("recognising…" if counts == NOW or not words.text else "recognising what was said since…")
    return {"text": words.text, "told": ", ".join(told), "counts": counts, "strength": round(strength, 2)}


def subsets_view(record: Mapping[str, Any], switched_off: Collection[str]) -> dict[str, dict[str, Any]]:
    """The same moment from each of the seven subsets: what a switch will do, before it is pressed.

    Returns:
        Subset -> ``told``: the prediction in words; ``now``: it is what the fused prediction rests on; ``lacking``: some of it
        is not there to be read.
    """
    found = record["subsets"]
    there = [m for m in MODALITIES if found[subset_name((m,))] is not None]
    now = subset_name(m for m in there if m not in switched_off)
    # A tile is judged by the threshold of what of it is there.
    thresholds = {name: record["answer_thresholds"].get(subset_name(m for m in subset if m in there)) for name, subset in SUBSETS.items()}
    # The present one says what the headline says, which also knows what the other senses read earlier in the conversation.
    current = in_words(record["fused"], record["sure_from"])
    return {
        name: {
            "told": current if name == now else in_words(found[name], thresholds[name]),
            "now": name == now,
            "lacking": not set(subset) <= set(there),
        }
        for name, subset in SUBSETS.items()
    }


def _modality_view(modality: str, record: Mapping[str, Any]) -> dict[str, Any]:
    observed = record["observed"][modality]
    reason = "" if observed else record["absent_because"].get(modality, "absent")
    probabilities = record[modality] if observed else None
    weight, lone = _weight(modality, record)
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
        "weight_text": "" if weight is None else "100 %" if weight == 1 else percent(weight),
        # Weight on an absent modality acts on features that the model estimated from the others.
        "filled_in": not observed and weight is not None and weight >= NOTHING,
        "relied": _relied(modality, observed, lone, record) if record["weights"] else "",
    }


def _weight(modality: str, record: Mapping[str, Any]) -> tuple[float | None, bool]:
    """The weight of a modality in the answer, and whether one sense alone answers: then the fusion model weighs nothing."""
    lone = sum(record["observed"].values()) == 1
    if record["weights"] is None:
        return None, False
    return (float(record["observed"][modality]) if lone else record["weights"][modality]), lone


def _relied(modality: str, observed: bool, lone: bool, record: Mapping[str, Any]) -> str:
    if lone:
        return ("the answer follows it" if no_senses_own(record) else "the answer is its own") if observed else "absent: not used"
    if modality == record["dominant"]:
        return "leads: the others are aligned to it"
    if observed:
        return "of the fused answer"
    return "absent: estimated from the others" if record["weights"][modality] >= NOTHING else "absent: not used"


def _own_words(probabilities: Probabilities | None, answer_threshold: float) -> str:
    if probabilities is None:
        return "nothing to read"
    label, p = ranked(probabilities)[0]
    named = f"{label} {percent(p)}"
    return named if p >= answer_threshold else f"not sure: {named}"


def _labels(record: Mapping[str, Any]) -> list[str]:
    """What the model tells apart, also where it has nothing to go on: a live record says so, another's predictions do."""
    said = (record[key] for key in ("fused", *MODALITIES))
    return list(record.get("labels") or next((probabilities for probabilities in said if probabilities), LABELS))


def _bars(probabilities: Probabilities | None) -> dict[str, float] | None:
    return {label: round(float(p), 4) for label, p in probabilities.items()} if probabilities else None


def live_view(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the JSON that the live page draws."""
    return {
        "at": round(snapshot.at, 2),
        "captured": snapshot.captured,
        # A face that is not read has no box.
        "box": None if VIDEO in snapshot.switched_off else snapshot.box,
        "faces": [_face_view(face, snapshot.fused["sure_from"]) for face in snapshot.faces],
        "moment": {**moment_view(snapshot.fused, snapshot.pull), "of": MOMENTS[snapshot.moment]},
        "subsets": subsets_view(snapshot.fused, snapshot.switched_off),
        "speaking": snapshot.speaking,
        "speech": round(snapshot.speech_probability, 3),
        "transcript": transcript_view(snapshot.words, snapshot.pending, TEXT not in snapshot.switched_off),
        "remembered": snapshot.remembered,
        "utterances": [
            {
                "number": said.number,
                "time": clock_text(said.start),
                "transcript": said.transcript or ("recognising…" if said.pending else "(no words)"),
                "words": said.transcript,
                "who": who,
                "named": bool(said.face_name),
                "prediction": in_words(said.judged.fused, said.judged.answer_threshold) if said.judged else "…",
            }
            for said, who in reversed(list(zip(snapshot.utterances, _whose(snapshot.utterances), strict=True)))
        ],
        "stage_ms": snapshot.stage_ms,
        "frames_dropped": snapshot.frames_dropped,
        "audio_lost_s": round(snapshot.audio_lost_s, 1),
        "smoothing_s": snapshot.smoothing,
        "lesson": lesson_view(snapshot.lesson),
    }


def _face_view(face: Face, answer_threshold: float) -> dict[str, Any]:
    """One of several faces: its number and name, box, own prediction in words and bars, and whether it speaks, is read, was chosen."""
    own = face.probabilities
    return {
        **{"number": face.number, "name": face.name, "box": face.box, "speaks": face.speaks, "read": face.read, "chosen": face.chosen},
        "told": in_words(own, answer_threshold) if own else "nothing to read",
        "top": ranked(own)[0][0] if own else None,
        # Of its sense, whatever the fusion model tells apart.
        "bars": _bars(own) or dict.fromkeys(LABELS),
    }


def _whose(utterances: Sequence[Said]) -> list[str]:
    """What the face of each utterance is called, where there is more than one to tell apart."""
    return titles_of([{"face": None if said.face is None else {"id": said.face, "name": said.face_name}} for said in utterances])


def utterance_view(record: Mapping[str, Any], labels: Collection[str] = LABELS) -> dict[str, Any]:
    """One utterance record of `comp_core.predictor.Predictor.predict_file` -> the same view, with its time and words.

    Args:
        labels: what its model tells apart.
    """
    return {
        "moment": moment_view({**record, "labels": labels}),
        "time": f"{clock_text(record['start'])} to {clock_text(record['end'])}" if record["end"] > record["start"] else "",
        "start": float(record["start"]),
        "end": float(record["end"]),
        "named": len(named(record)),
        "transcript": record["transcript"] or "",
        "prediction": in_words(record["fused"], record["sure_from"]),
    }
