"""Smoothing: how fast what is shown follows, and that recent faces fade."""

import math

import numpy as np
import pytest

from comp_core.inference.smoothing import TIME_CONSTANT, RecentFaces, Smoother
from comp_core.modalities import LABELS, MODALITIES
from comp_core.senses.face.calibration import FaceCalibration
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.face.sense import FaceFrame, FaceSense
from comp_core.senses.reading import NO_FACE, SILENCE, SWITCHED_OFF, Reading

SENSE = FaceSense(FaceNet(FaceNetConfig(widths=(4, 4), feature_dim=2)).eval(), FaceCalibration((*LABELS, "contempt"), (1 / 8,) * 8))


def seen(value):
    return FaceFrame((0.0, 0.0, 1.0, 1.0), np.full(2, value, np.float32), quality=1.0)


def test_smoothing_blends_and_starts_afresh_when_the_observed_set_changes():
    smoother = Smoother()
    record = {"observed": {"video": True}, "fused": {"joy": 0.0}, "weights": None, "sure_from": 0.4, **dict.fromkeys(MODALITIES)}
    smoother.update(record, 0.0)
    blended = smoother.update({**record, "fused": {"joy": 1.0}}, TIME_CONSTANT)
    assert blended["fused"]["joy"] == pytest.approx(1 - np.exp(-1))
    fresh = smoother.update({**record, "observed": {"video": False}, "fused": {"joy": 1.0}}, TIME_CONSTANT)
    assert fresh["fused"]["joy"] == 1.0


def moment(observed, off=(), **fused):
    """What is ``observed`` (initials), what is switched off, and the fused prediction."""
    there = {m: m[0] in observed for m in MODALITIES}
    absent = {m: SWITCHED_OFF if m in off else SILENCE for m, is_there in there.items() if not is_there}
    return {"observed": there, "absent_because": absent, "fused": fused, "weights": None, "sure_from": 0.3, **dict.fromkeys(MODALITIES)}


def shown_after(*records):
    smoother = Smoother()
    for at, record in enumerate(records):
        shown = smoother.update(record, TIME_CONSTANT * at)
    return max(shown["fused"], key=shown["fused"].get)


JOYFUL = moment("av", joy=0.6, anger=0.4)


def test_before_the_same_face_a_label_that_barely_leads_changes_nothing_at_once():
    assert shown_after(JOYFUL, moment("v", joy=0.4, anger=0.6)) == "joy"
    assert shown_after(JOYFUL, *[moment("v", joy=0.4, anger=0.6)] * 8) == "anger"
    assert shown_after(JOYFUL, moment("v", joy=0.2, anger=0.8)) == "anger"


def test_a_model_of_other_labels_shows_at_once():
    assert shown_after(JOYFUL, moment("av", up=0.45, down=0.55)) == "down"
    assert shown_after(moment("av", up=0.45, down=0.55), JOYFUL) == "joy"


def test_a_face_that_is_gone_and_a_switch_show_at_once():
    assert shown_after(JOYFUL, moment("a", joy=0.4, anger=0.6)) == "anger"
    assert shown_after(JOYFUL, moment("v", off=("audio",), joy=0.4, anger=0.6)) == "anger"


def test_a_label_near_the_threshold_does_not_come_and_go():
    smoother = Smoother(time_constant=1e-6)
    labels = []
    for at, joy in enumerate((0.39, 0.41, 0.39, 0.36, 0.34, 0.39, 0.41)):
        fused = {"joy": joy, "anger": 0.3, "fear": 0.7 - joy}
        unimodal_labels = smoother.update({"observed": {"video": True}, "fused": fused, "weights": None, "sure_from": 0.4}, float(at))
        labels.append("joy" if unimodal_labels["fused"]["joy"] >= unimodal_labels["sure_from"] else "not sure")
    assert labels == ["not sure", "joy", "joy", "joy", "not sure", "not sure", "joy"]


def test_a_label_is_held_for_nobody_else():
    smoother = Smoother(time_constant=1e-6)
    record = {"observed": {"video": True}, "fused": {"joy": 0.41, "fear": 0.2}, "weights": None, "sure_from": 0.4}
    smoother.update(record, 0.0)
    assert smoother.update({**record, "fused": {"joy": 0.2, "fear": 0.39}}, 1.0)["sure_from"] == 0.4
    smoother.update(record, 2.0)
    assert smoother.update({**record, "observed": {"video": False}, "fused": None}, 3.0)["sure_from"] == 0.4


def test_the_newer_a_face_the_more_it_counts():
    faces = RecentFaces()
    faces.add(seen(0.0), 0.0)
    faces.add(seen(1.0), TIME_CONSTANT)
    assert faces.read(SENSE, TIME_CONSTANT).feature == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-3)
    faces.add(seen(1.0), 10 * TIME_CONSTANT)
    assert faces.read(SENSE, 10 * TIME_CONSTANT).feature == pytest.approx(1.0)


def test_a_face_is_gone_after_one_time_constant_not_at_one_lost_frame():
    faces = RecentFaces()
    assert faces.read(SENSE, 0.0) == Reading.absent(NO_FACE)
    faces.add(seen(1.0), 0.0)
    faces.add(FaceFrame(), 0.5 * TIME_CONSTANT)
    assert faces.read(SENSE, 0.9 * TIME_CONSTANT).present
    assert faces.read(SENSE, TIME_CONSTANT) == Reading.absent(NO_FACE)
