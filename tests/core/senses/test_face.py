"""The face sense: geometry, quality, summary, prediction."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image

from comp_core.data.ferplus import CLASSES
from comp_core.modalities import LABELS
from comp_core.senses.face.calibration import FaceCalibration
from comp_core.senses.face.locator import CROP_SIZE, FaceLocator, LocatedFace, align, similarity_transform
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.face.sense import FaceFrame, FaceSense, face_quality
from comp_core.senses.reading import NO_FACE, Reading
from comp_core.support.checkpoint import CheckpointError
from tests.places import SAMPLES

CALIBRATION = FaceCalibration(CLASSES, (0.3, 0.3, 0.1, 0.1, 0.1, 0.02, 0.05, 0.03), temperature=0.5, power=0.5)

PORTRAIT = SAMPLES / "face.jpg"


@pytest.fixture(scope="module")
def portrait():
    return np.asarray(Image.open(PORTRAIT).convert("RGB"))


@pytest.fixture(scope="module")
def locator():
    locator = FaceLocator(tracking=False)
    yield locator
    locator.close()


@pytest.fixture(scope="module")
def sense():
    return FaceSense(FaceNet(FaceNetConfig(widths=(4, 8), feature_dim=6)).eval(), CALIBRATION)


def test_similarity_transform_recovers_rotation_scale_and_shift():
    points = np.array([[0.0, 0.0], [4.0, 1.0], [2.0, 5.0]])
    turn = 2.5 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    matrix = similarity_transform(points, points @ turn.T + (3, -7))
    np.testing.assert_allclose(matrix, np.hstack([turn, [[3], [-7]]]), atol=1e-9)


def test_a_tilted_face_gives_nearly_the_same_crop(portrait, locator):
    upright = locator.locate(portrait)
    tilted_picture = np.asarray(Image.fromarray(portrait).rotate(15, resample=Image.Resampling.BILINEAR))
    tilted = locator.locate(tilted_picture)
    a, b = (align(p, f).astype(float) for p, f in ((portrait, upright), (tilted_picture, tilted)))
    assert a.shape == (CROP_SIZE, CROP_SIZE)
    assert np.corrcoef(a[8:-8, 8:-8].ravel(), b[8:-8, 8:-8].ravel())[0, 1] > 0.9


def test_the_box_is_on_the_face_and_an_empty_wall_has_none(portrait, locator, sense):
    frame = sense.see(portrait, locator)
    left, top, right, bottom = frame.box
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    assert frame.feature.shape == (6,)
    assert 0 < frame.quality <= 1
    assert sense.see(np.full((240, 320, 3), 120, np.uint8), locator) == FaceFrame()


def test_quality_falls_with_distance_and_profile():
    def face(height, nose):
        landmarks = np.zeros((478, 2))
        landmarks[:2] = [(nose, 0), (nose, height)]
        landmarks[234], landmarks[454] = (0, 0), (10, 0)
        return LocatedFace((0, 0, 1, 1), landmarks)

    near, far, turned = (face_quality(face(h, n)) for h, n in ((200, 5), (24, 5), (200, 9.5)))
    assert near == 1.0
    assert far == pytest.approx(0.5)
    assert turned < 0.2


def test_a_summary_is_weighted_by_quality(sense):
    good, bad = FaceFrame((0, 0, 1, 1), np.ones(6, np.float32), 0.9), FaceFrame((0, 0, 1, 1), np.zeros(6, np.float32), 0.1)
    assert sense.summarise([good, bad, FaceFrame()]).feature == pytest.approx(0.9, abs=0.01)
    assert sense.summarise([good, bad, FaceFrame()], freshness=[0.01, 1.0, 1.0]).feature == pytest.approx(0.083, abs=0.01)
    assert sense.summarise([FaceFrame()]) == Reading.absent(NO_FACE)
    assert sense.summarise([good, FaceFrame(), FaceFrame()]) == Reading.absent(NO_FACE)
    assert sense.summarise([good, FaceFrame(), FaceFrame()], freshness=[0.1, 1.0, 1.0]).present


def test_light_and_contrast_hardly_matter():
    crops = np.random.default_rng(0).integers(60, 200, (1, 48, 48)).astype(np.uint8)
    sense = FaceSense(FaceNet(FaceNetConfig()).eval(), CALIBRATION)
    plain, darker = sense.features(crops), sense.features((crops * 0.6).astype(np.uint8))
    assert np.corrcoef(plain[0], darker[0])[0, 1] > 0.99


def test_a_visitor_is_told_probabilities_divided_by_a_power_of_the_shares():
    logits = np.random.default_rng(0).normal(size=(4, 8))
    expected = np.exp(logits / 0.5) / np.array(CALIBRATION.shares) ** 0.5
    expected = expected[:, [CLASSES.index(label) for label in LABELS]]
    told = CALIBRATION.for_a_visitor(CALIBRATION.log_probabilities(logits))
    np.testing.assert_allclose(told, expected / expected.sum(1, keepdims=True))
    rare, plain = LABELS.index("disgust"), replace(CALIBRATION, power=0.0)
    assert (told[:, rare] > plain.for_a_visitor(plain.log_probabilities(logits))[:, rare]).all()


def test_a_reading_has_the_prediction_of_the_face_alone(portrait, locator, sense):
    told = sense.summarise([sense.see(portrait, locator)])
    np.testing.assert_allclose(told.probabilities, sense.probabilities(told.feature))
    assert told.probabilities.sum() == pytest.approx(1)


def test_the_committed_sense_sees_the_sample_smile(portrait, locator):
    sense = FaceSense.load()
    assert LABELS[sense.summarise([sense.see(portrait, locator)]).probabilities.argmax()] == "joy"


@pytest.mark.parametrize("change", [{"shares": (1.0,)}, {"shares": None}, {"temperature": 0}, {"classes": CLASSES[1:]}, {"power": "much"}])
def test_a_damaged_calibration_is_refused(change):
    assert FaceCalibration.of({"calibration": asdict(CALIBRATION)}) == CALIBRATION
    with pytest.raises(CheckpointError, match="calibration"):
        FaceCalibration.of({"calibration": {**asdict(CALIBRATION), **change}})
    with pytest.raises(CheckpointError, match="no calibration"):
        FaceCalibration.of({})
