"""Training on small made-up data: pairing, windows, the loop, the live model's fit, and the commands."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from comp_core.cli import main
from comp_core.data.conversations import Conversation, batch_of
from comp_core.data.ferplus import has_majority, load_ferplus
from comp_core.data.paired import ALWAYS, Agreement, PairedDialogues, Pool
from comp_core.data.text import Dialogue, Utterance
from comp_core.evaluation.predictions import fit_temperatures, predictions, report
from comp_core.inference.windows import CONTEXT, conversations_of, window_ends
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.comp_loss import reliability
from comp_core.modeling.objectives import Classes
from comp_core.senses.reading import Reading
from comp_core.training.fit import FitConfig, fit
from comp_core.training.fusion import fit_on_windows, random_windows


def made_up_dialogues(count, random):
    """Dialogues whose features show the label, each modality with its own noise."""
    dialogues, words = [], []
    for number in range(count):
        labels = random.integers(0, len(LABELS), random.integers(1, 9))
        said = tuple(Utterance("...", int(label), f"speaker {i % 2}", i) for i, label in enumerate(labels))
        dialogues.append(Dialogue(number, said))
        words.append((np.eye(7)[labels] + random.normal(0, 0.35, (len(labels), 7))).astype(np.float32))
    labels = np.tile(np.arange(7), 40)
    voices, faces = ((np.eye(7)[labels] + random.normal(0, s, (280, 7))).astype(np.float32) for s in (0.45, 0.25))
    who = [f"voice {i // 70}" for i in range(280)]
    return PairedDialogues(dialogues, [words], Pool.collect(voices, labels, who), Pool.collect(faces, labels, ["unknown"] * 280), ALWAYS)


def test_pairs_have_the_utterances_label_and_a_speaker_keeps_a_voice():
    labels = np.tile(np.arange(7), 3)
    # The feature says which label and which identity it came from.
    marks = np.stack([labels, np.repeat(np.arange(3), 7)], 1).astype(np.float32)
    pool = Pool.collect(marks, labels, [f"voice {i}" for i in marks[:, 1].astype(int)])
    said = tuple(Utterance("...", i % 7, "AB"[i % 2], i) for i in range(12))
    words = np.zeros((12, 4), np.float32)
    conversation = PairedDialogues([Dialogue(0, said)], [[words]], pool, pool, ALWAYS).draw(np.random.default_rng(3))[0]
    for modality in ("audio", "video"):
        np.testing.assert_array_equal(conversation.features[modality][:, 0], [u.label for u in said])
    for speaker in range(2):
        assert len(set(conversation.features["audio"][speaker::2, 1])) == 1


def test_faces_and_voices_disagree_at_the_assumed_rates_mostly_by_being_neutral():
    labels = np.tile(np.arange(7), 3000)
    shown = Agreement.independent("...", {"audio": 0.6, "video": 0.0}, neutral=0.7).unimodal_labels(labels, np.random.default_rng(0))
    neutral = LABELS.index("neutral")
    emotional = labels != neutral
    assert np.mean(shown["audio"][emotional] == labels[emotional]) == pytest.approx(0.6 + 0.4 * 0.3 / 6, abs=0.01)
    assert np.mean(shown["audio"][emotional] == neutral) == pytest.approx(0.4 * 0.7, abs=0.01)
    assert np.mean(shown["video"] == neutral) == pytest.approx(0.7, abs=0.01)


def test_agreement_is_taken_from_votes_and_surprise_from_the_other_emotions(tmp_path):
    names = [label for label in LABELS if label != "surprise"]
    votes = np.zeros((12, 3, 6), np.uint8)
    for clip, label in enumerate([*range(6)] * 2):
        # Half of the emotional clips sound neutral; every face is what people say with both.
        votes[clip, :, label] = 5
        if clip >= 6:
            votes[clip, 0] = 3 * np.eye(6, dtype=np.uint8)[0]
    np.savez(tmp_path / "votes.npz", votes=votes, condition=["voice", "face", "both"], label=names)
    agreement = Agreement.of_people(tmp_path / "votes.npz")
    surprise, neutral = LABELS.index("surprise"), LABELS.index("neutral")
    np.testing.assert_allclose(agreement.joint.sum((1, 2)), 1)
    assert agreement.joint[surprise, surprise, surprise] == pytest.approx(0.5)
    assert agreement.joint[surprise, neutral, surprise] == pytest.approx(0.5)
    assert agreement.rates == pytest.approx({"audio": (1 + 6 * 0.5) / 7, "video": 1.0})
    with pytest.raises(FileNotFoundError, match="CREMA-D"):
        Agreement.of_people(tmp_path / "none.npz")


def test_an_identity_without_the_label_is_replaced_by_one_that_has_it():
    pool = Pool.collect(np.array([[0.0], [1.0]]), np.array([0, 1]), ["a", "b"])
    assert pool.draw(1, "a", np.random.default_rng(0)) == [1.0]


def test_random_windows_use_everything_once():
    features = {m: np.arange(30, dtype=np.float32)[:, None] for m in MODALITIES}
    conversation = Conversation.recorded([str(i) for i in range(30)], features, np.zeros(30, int))
    windows = random_windows([conversation], np.random.default_rng(0))
    assert np.concatenate([w.features["text"][:, 0] for w in windows]).tolist() == list(range(30))
    assert all(1 <= len(w) <= CONTEXT for w in windows)


def test_windows_end_at_each_utterance():
    assert window_ends(3, context=2) == [slice(0, 1), slice(0, 2), slice(1, 3)]


def test_readings_and_arrays_make_the_same_batch():
    random = np.random.default_rng(0)
    features = {m: random.normal(size=(3, 2)).astype(np.float32) for m in MODALITIES}
    moments = [{m: Reading(features[m][i]) for m in MODALITIES} for i in range(3)]
    from_readings = conversations_of([moments, moments[:1]], dict.fromkeys(MODALITIES, 2))
    whole = Conversation.recorded("abc", features, np.zeros(3, int))
    from_arrays = batch_of([whole, whole.window(slice(0, 1))]).conversations
    for m in MODALITIES:
        torch.testing.assert_close(from_readings.features[m], from_arrays.features[m])
    assert (from_readings.observed == from_arrays.observed).all()
    assert (from_readings.valid == from_arrays.valid).all()
    absent = conversations_of([[{**moments[0], "text": Reading.absent("no words")}]], dict.fromkeys(MODALITIES, 2))
    assert absent.observed[0, 0].tolist() == [True, False, True]


def test_fit_returns_the_best_epoch_not_the_last():
    model, scores = nn.Linear(1, 1), iter([0.1, 0.9, 0.5])
    kept = []
    best, history = fit(
        model,
        lambda _epoch: [torch.ones(4, 1)] * 5,
        5,
        lambda net, batch: net(batch).square().mean(),
        lambda _net: next(scores),
        FitConfig(epochs=3, learning_rate=0.1),
        lambda net, _score, epoch: kept.append((epoch, net.weight.clone())),
    )
    assert [row["score"] for row in history] == [0.1, 0.9, 0.5]
    assert [epoch for epoch, _ in kept] == [0, 1]
    torch.testing.assert_close(best.weight, kept[1][1])
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_stopped_training_goes_on_as_if_nothing_had_happened(tmp_path, stop_after):
    config = FitConfig(epochs=5, learning_rate=0.1, average=0.5)

    class Stop(Exception):
        pass

    def train(resume, stop=None):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Linear(3, 1))

        def batches(epoch):
            if epoch == stop:
                raise Stop
            return torch.randn(4, 8, 3, generator=torch.Generator().manual_seed(epoch))

        scores = {0: 0.1, 1: 0.5, 2: 0.2, 3: 0.1, 4: 0.3}
        seen = iter(range(stop_after if stop is None and resume is not None else 0, 5))
        return fit(model, batches, 4, lambda net, x: net(x).square().mean(), lambda _: scores[next(seen)], config, resume=resume)

    whole, history = train(None)
    path = tmp_path / "work" / "it.resume"
    with pytest.raises(Stop):
        train(path, stop=stop_after)
    best, continued = train(path)
    assert [row["score"] for row in continued] == [row["score"] for row in history]
    torch.testing.assert_close([p.data for p in best.parameters()], [p.data for p in whole.parameters()])
    assert not path.exists()


def test_another_trainings_state_is_not_continued(tmp_path):
    path = tmp_path / "it.resume"

    def train(epochs, stop=None):
        def batches(epoch):
            if epoch == stop:
                raise KeyboardInterrupt
            return [torch.ones(4, 1)]

        model = nn.Linear(1, 1)
        return fit(model, batches, 1, lambda net, x: net(x).square().mean(), None, FitConfig(epochs, learning_rate=0.1), resume=path)

    with pytest.raises(KeyboardInterrupt):
        train(4, stop=2)
    assert len(train(3)[1]) == 3


def test_fit_without_validation_data_keeps_the_last_epoch():
    model = nn.Linear(1, 1)
    best, history = fit(
        model,
        lambda _epoch: [torch.ones(4, 1)],
        1,
        lambda net, batch: net(batch).square().mean(),
        None,
        FitConfig(epochs=3, learning_rate=0.1, average=0.0),
    )
    assert len(history) == 3
    torch.testing.assert_close(best.weight, model.weight)


def test_comp_learns_what_there_is_to_learn_and_each_modality_helps(monkeypatch):
    monkeypatch.setattr("comp_core.training.fusion.BATCH", 16)
    random = np.random.default_rng(0)
    train, valid = made_up_dialogues(250, random), made_up_dialogues(16, random).draw(random)
    config = ComPConfig(dims=dict.fromkeys(MODALITIES, 7), outputs=7, width=32, prompt=8, prototypes=4)
    model, _ = fit_on_windows(train.draw, valid, config, FitConfig(epochs=8, learning_rate=5e-3, average=0.9), Classes(LABELS))
    found = predictions(model, valid)
    temperature = fit_temperatures(found)
    figures_of = report(found, temperature)
    accuracy = {name: figures["fused"]["accuracy"] for name, figures in figures_of.items()}
    assert min(accuracy.values()) > 2 / 7
    assert accuracy["ATV"] > max(accuracy[single] for single in "ATV")
    # Where nothing is wrong the best temperature is none at all.
    assert all(0.2 < t < 5 for name, t in temperature["fused"].items() if accuracy[name] < 1)
    assert all(0.2 < t < 5 for t in temperature["unimodal"].values())
    for figures in figures_of.values():
        assert sum(figures["weights"].values()) == pytest.approx(1, abs=1e-3)


def write_ferplus(folder, per_split=60):
    random = np.random.default_rng(0)
    arrays = {}
    for split in ("train", "valid", "test"):
        votes = random.multinomial(10, np.full(10, 0.1), per_split).astype(np.uint8)
        votes[:3] = 0
        votes[0, 8] = votes[1, 9] = votes[2, 0] = 10
        arrays |= {
            f"{split}_images": random.integers(0, 255, (per_split, 48, 48), dtype=np.uint8),
            f"{split}_votes": votes,
            f"{split}_names": np.array([f"{split}{i:05d}.png" for i in range(per_split)]),
        }
    np.savez(folder / "ferplus.npz", **arrays)
    return arrays


def test_a_majority_is_counted_as_the_authors_of_ferplus_count_it():
    votes = np.zeros((4, 10), int)
    votes[0, :2] = 6, 4  # more than half
    votes[1, :2] = 5, 5  # half
    votes[2, :6] = 5, 1, 1, 1, 1, 1  # single votes do not count: 5 of 5
    votes[3, :4] = 4, 2, 2, 2  # four of ten
    np.testing.assert_array_equal(has_majority(votes), [True, False, True, False])


def test_ferplus_leaves_out_what_is_no_expression_and_keeps_votes(tmp_path):
    arrays = write_ferplus(tmp_path)
    faces = load_ferplus(tmp_path, "train", tmp_path / "cache")
    kept = arrays["train_votes"].argmax(1) < 8
    assert len(faces.labels) == kept.sum() < 60
    np.testing.assert_allclose(faces.votes.sum(1), 1, rtol=1e-5)
    assert faces.labels[0] == 0  # the first picture that is kept has ten votes for neutral
    # Noise has no face: its own framing is kept, and it is marked.
    assert not faces.found.any()
    np.testing.assert_array_equal(faces.crops[0], arrays["train_images"][2])


def test_train_face_command_writes_weights_and_a_report_that_names_its_own_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_ferplus(tmp_path)
    arguments = ["train", "face", "--data", str(tmp_path), "--weights", "w", "--reports", "r", "--epochs", "1"]
    assert main(arguments) == 0
    written = json.loads(Path("r/face.json").read_text())
    assert written["command"] == "python -m comp_core train face --data DATA --weights WEIGHTS --reports REPORTS --epochs 1"
    assert written["metrics"]["test"]["ferplus_8"]["n"] > 0
    assert str(tmp_path) not in Path("w/face.json").read_text()
    assert "unfinished" not in json.loads(Path("w/face.json").read_text())


def test_reliability_is_shared_by_the_modalities_that_occur():
    random = np.random.default_rng(0)
    drawn = batch_of(made_up_dialogues(5, random).draw(random))
    batch, target = drawn.conversations, drawn.labels
    torch.manual_seed(0)
    model = ComP(ComPConfig(dims=dict.fromkeys(MODALITIES, 7), outputs=7, width=16, prompt=4, prototypes=2)).eval()
    shares = reliability(model, batch.only(("audio", "video")), target, Classes(LABELS))
    torch.testing.assert_close(shares.sum(-1), batch.valid.float())
    assert (shares[..., MODALITIES.index("text")] == 0).all()
    once = batch.observed.clone()
    once[:, 0, MODALITIES.index("text")] = False
    # Missing in one utterance only, its neighbours speak for it.
    assert (reliability(model, batch.observe(once), target, Classes(LABELS))[batch.valid.sum(1) > 1][:, 0] > 0).all()
    own = model(batch.only(("video",))).modality_logits[0, 0, 2].softmax(-1)[target[0, 0]]
    other = model(batch.only(("audio",))).modality_logits[0, 0, 0].softmax(-1)[target[0, 0]]
    torch.testing.assert_close(shares[0, 0, 2], own / (own + other))
