"""The moments of the exhibit "Guess before the machine": their files, what the models say of them, and what people say of others."""

from __future__ import annotations

import json
import threading
from functools import cache
from html import escape
from typing import Any

from app.live.phrases import in_words, ranked
from app.pages.lab.plot import REPORTS_DIR, report_link
from comp_core.inference.fusion import Fused
from comp_core.inference.windows import Moment
from comp_core.modalities import AUDIO, MODALITIES, NAMES, SUBSETS, TEXT, VIDEO, subset_name
from comp_core.support.assets import ASSETS

GUESS_DIR = ASSETS / "guess"
MEDIA_DIR = GUESS_DIR / "media"
# Each modality that has a file of its own.
SUFFIXES = {AUDIO: ".mp3", VIDEO: ".mp4"}
# What is given in each stage of a round, in this order: subset -> title.
STAGES = {subset_name((m,)): f"{NAMES[m]} alone" for m in (AUDIO, VIDEO, TEXT)} | {subset_name(MODALITIES): "all together"}
# Stage -> what CREMA-D's raters were given who come nearest to it.
_RATERS = {subset_name((AUDIO,)): "voice", subset_name((VIDEO,)): "face", subset_name(MODALITIES): "both"}


class Moments:
    """The moments, numbered from 0; what the models say of one is found out when it is first asked for, and kept."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor
        self._told = json.loads((GUESS_DIR / "moments.json").read_text(encoding="utf-8"))
        self._found: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._told)

    def words(self, number: int) -> str:
        """What is said."""
        return self._told[number]["words"]

    def answer(self, number: int) -> dict[str, Any]:
        """The ``label`` that the sentence was written for, and ``said``: stage -> title of a model -> its label, and that in words."""
        with self._lock:
            if number not in self._found:
                self._found[number] = {"label": self._told[number]["label"], "said": self._said(number)}
            return self._found[number]

    def _said(self, number: int) -> dict[str, dict[str, dict[str, str]]]:
        moment = self._read(number)
        off = {stage: [m for m in MODALITIES if m not in SUBSETS[stage]] for stage in STAGES}
        fusions = self._predictor.fusions.values()
        return {stage: {fusion.name: _said(fusion.fuse_last([moment], off[stage])) for fusion in fusions} for stage in STAGES}

    def _read(self, number: int) -> Moment:
        """Each file through its own sense; the words are those that were written, not recognised ones."""
        moment: Moment = {}
        for modality, suffix in SUFFIXES.items():
            (heard,) = self._predictor.hear_file(MEDIA_DIR / f"{number}{suffix}", self.words(number), True)
            moment |= {modality: heard.moment[modality], TEXT: heard.moment[TEXT]}
        return moment


def _said(fused: Fused) -> dict[str, str]:
    """The likeliest label counts as a guess, as a person has to choose one, too."""
    if fused.fused is None:
        return {"label": "", "told": "nothing to go on"}
    told = in_words(fused.fused, fused.answer_threshold)
    label, _ = ranked(fused.fused)[0]
    return {"label": label, "told": told if told.startswith(label) else f"{label}, not sure"}


@cache
def people() -> dict[str, Any]:
    """The committed report of what CREMA-D's raters said; empty where it is missing."""
    path = REPORTS_DIR / "people.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def people_by_stage() -> dict[str, float]:
    """Stage -> share of single raters who said what the actor was asked for; none were given words alone."""
    found = people()
    return {stage: found["metrics"][given]["single"]["all"] for stage, given in _RATERS.items()} if found else {}


def people_html() -> str:
    """The raters by label, with source and licence."""
    found = people()
    if not found:
        return ""
    labels = list(found["metrics"]["voice"]["single"]["by_label"])
    head = "".join(f'<th scope="col">{label}</th>' for label in ("all", *labels))
    rows = ""
    for way, title in (("single", "one rater"), ("majority", "majority")):
        for given in _RATERS.values():
            right = found["metrics"][given][way]
            cells = "".join(f"<td>{share:.0%}</td>" for share in (right["all"], *right["by_label"].values()))
            rows += f'<tr><th scope="row">{title}, {given}</th>{cells}</tr>'
    return (
        f'<details class="cp-people"><summary>People of CREMA-D, by expression</summary>'
        f'<div class="cp-scroll" tabindex="0" role="region" aria-label="People of CREMA-D, by expression">'
        f'<table class="cp-table"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="cp-hint">How often people said what the actor had been asked for, from the voice alone, the face alone and both: '
        f"{found['clips']:,} clips of {found['actors']} actors, twelve plain sentences, six expressions. They saw and heard other moments "
        f"than you, of actors. Source: {escape(found['source'])}; {escape(found['licence'])}, as is this table. "
        f"From {report_link('people')}.</p></details>"
    )
