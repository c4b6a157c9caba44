"""The benchmark on a made-up data set: every method under one contract, masks, choice of the epoch, resuming, and what is written."""

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from comp_core.benchmark import datasets, protocol, resume
from comp_core.benchmark.command import benchmark
from comp_core.benchmark.datasets import Dataset, mix_features, mixing_share, signs_named, signs_named_anew
from comp_core.benchmark.held import predict
from comp_core.benchmark.methods import METHODS, Problem
from comp_core.benchmark.protocol import Protocol, conditions, joined, masks_of, train_and_test, trainings
from comp_core.cli import main
from comp_core.data.conversations import Conversation, batch_of
from comp_core.experiments import cost
from comp_core.jobs.engine import EngineError, InProcess, WorkerLost
from comp_core.modalities import MODALITIES
from comp_core.modeling.objectives import Classes, Scores
from comp_core.reports.benchmark_tables import benchmark_table, parts_table, rivals_table
from comp_core.reports.measured_tables import cost_table, growth_table
from tests.core.training.test_training import made_up_dialogues
from tests.support.methods import ONE_OF_EACH

DIMS = {"audio": 4, "text": 6, "video": 5}
FAST = Protocol(rates=(0.1, 0.7))


def made_up(objective, count=6, seed=0):
    """Conversations whose features show the label."""
    random = np.random.default_rng(seed)

    def conversation(name):
        length = int(random.integers(3, 9))
        labels = random.integers(-3, 4, length).astype(np.float32) if isinstance(objective, Scores) else random.integers(0, 3, length)
        features = {m: (labels[:, None] + random.normal(0, 0.3, (length, d))).astype(np.float32) for m, d in DIMS.items()}
        return Conversation.recorded([f"{name}_{i}" for i in range(length)], features, labels)

    fold = {split: [conversation(f"{split}{i}") for i in range(count)] for split in ("train", "valid", "test")}
    return Dataset("made-up", objective, [fold], batch=3, epochs=2)


def run(dataset, method, seed, protocol, epochs=None):
    """All trainings of one seed."""
    parts = [train_and_test(dataset, method, seed, *which, protocol, epochs) for which in trainings(dataset, protocol)]
    return joined(dataset, protocol, parts)


def problem_of(dataset):
    return Problem(dataset.dims, dataset.objective, dataset.given, dataset.longest, steps=4)


@pytest.mark.parametrize("objective", [Scores(), Classes("abc")], ids=["scores", "classes"])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_contract(name, objective):
    torch.manual_seed(0)
    dataset = made_up(objective)
    model = METHODS[name].build(problem_of(dataset)).eval()
    batch = batch_of(dataset.folds[0]["train"]).conversations
    observed = torch.rand(batch.observed.shape) > 0.4
    batch = batch.observe(observed & batch.valid.unsqueeze(-1))
    output = model(batch)
    count, length = batch.valid.shape
    assert output.logits.shape == (count, length, objective.outputs)
    assert output.modality_logits.shape == (count, length, len(MODALITIES), objective.outputs)
    torch.testing.assert_close(output.weights.sum(-1), torch.ones(count, length))
    assert (output.grounded == batch.observed.any(-1)).all()
    # What stands where nothing was observed, and in the padding, never matters.
    rubbish = {m: torch.where(batch.observed[..., i : i + 1], x, torch.nan) for i, (m, x) in enumerate(batch.features.items())}
    again = model(replace(batch, features=rubbish))
    torch.testing.assert_close(again.logits[batch.valid], output.logits[batch.valid], rtol=1e-4, atol=1e-5)
    alone = model(replace(batch, features={m: x[1:2] for m, x in batch.features.items()}, **of_row(batch, 1)))
    there = batch.valid[1]
    torch.testing.assert_close(alone.logits[0, there], output.logits[1, there], rtol=1e-3, atol=1e-4)


def of_row(batch, i):
    return {name: getattr(batch, name)[i : i + 1] for name in ("observed", "valid", "position")}


@pytest.mark.parametrize("name", METHODS)
def test_every_parameter_of_every_method_learns(name):
    torch.manual_seed(0)
    dataset = made_up(Scores())
    model = METHODS[name].build(problem_of(dataset)).train()
    loss, around_step = METHODS[name].train(model, problem_of(dataset))
    whole = batch_of(dataset.folds[0]["train"])
    reached = set()
    for step in range(4):  # the stages of those that have any
        observed = torch.rand(whole.conversations.observed.shape, generator=torch.Generator().manual_seed(step)) > 0.4
        observed[step, :, step % 3] = False  # a conversation without a modality
        masked = whole.conversations.observe(observed & whole.conversations.valid.unsqueeze(-1))
        model.zero_grad()
        loss(model, replace(whole, conversations=masked)).backward()
        reached |= {n for n, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
        with around_step():
            pass
    # A key bias moves all scores of a softmax alike: its gradient is zero by construction.
    assert {n for n, _ in model.named_parameters() if not n.endswith("to_key.bias")} - reached == set()


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_every_method_learns_what_is_plain(name):
    dataset = made_up(Scores(), count=12)
    method = METHODS[name]
    # The paper's learning rate is for hundreds of epochs.
    fast = replace(method, settings=replace(method.settings, learning_rate=5e-3, average=0.5), epochs=1.0)
    found = run(dataset, fast, 0, FAST, epochs=25)
    assert found["conditions"]["only ATV"]["accuracy"] > 0.85
    assert found["conditions"]["only ATV"]["mae"] < 1.2
    assert len(found["history"][0]) == 25


def test_a_modality_that_a_data_set_lacks_is_never_observed():
    dataset = replace(made_up(Scores()), given=("audio", "video"))
    named = conditions(dataset.given, (0.1, 0.5))
    assert set(named) == {"rate 0.1", "rate 0.5", "only A", "only V", "only AV", "audio mostly gone", "video mostly gone"}
    for condition in named.values():
        for mask in masks_of(dataset.folds[0]["test"], condition, "test", dataset.given):
            assert not mask[:, 1].any() and mask.any(1).all()


def test_mistakes_make_the_share_asked_for_look_like_another_utterance():
    count = 800
    unimodal = np.eye(count, dtype=np.float32)
    before = [Conversation.recorded([str(i) for i in range(count)], {"audio": unimodal, "text": unimodal}, np.zeros(count))]
    (after,) = mix_features(before, {"text": 0.4, "audio": 0.0}, np.random.default_rng(0))
    text = after.features["text"]
    assert (np.diag(text) < 0.5).mean() == pytest.approx(0.4, abs=0.05)
    np.testing.assert_allclose(text.sum(1), 1, rtol=1e-5)
    assert ((text > 0).sum(1) <= 2).all() and text.dtype == np.float32
    assert (after.features["audio"] == unimodal).all()


def test_signs_that_a_linear_map_names():
    random = np.random.default_rng(0)

    def video(name, scores, told):
        features = {m: random.normal(size=(40, d)).astype(np.float32) for m, d in DIMS.items()}
        features["text"][:, 0] += 50 * told
        return Conversation.recorded([f"{name}{i}" for i in range(40)], features, scores)

    scores = random.choice([-1.0, 0.0, 2.0], (5, 40)).astype(np.float32)
    plain = [video(str(i), row, row) for i, row in enumerate(scores)]
    assert signs_named(plain, plain, "text") == signs_named_anew(plain, "text") == 1.0
    assert 0.4 < signs_named(plain, plain, "audio") < 0.75


def test_what_is_known_by_heart_is_told_from_what_is_known():
    """Each video has a sound of its own, and mostly one sign: fitted to them it names the sign, and on another video it names nothing."""
    random = np.random.default_rng(0)
    videos = []
    for i in range(20):
        scores = np.where(random.random(10) < 0.9, 1, -1) * (1.0 if i % 2 else -1.0)
        features = {"audio": np.eye(20, dtype=np.float32)[[i] * 10], "text": scores[:, None] + random.normal(0, 0.1, (10, 1))}
        videos.append(Conversation.recorded([f"{i}_{j}" for j in range(10)], {**features, "video": features["audio"]}, scores))
    random.shuffle(videos)
    assert signs_named(videos, videos, "audio") > 0.85 and signs_named_anew(videos, "audio") < 0.6
    assert signs_named(videos, videos, "text") == signs_named_anew(videos, "text") == 1.0


def test_as_many_are_mistaken_as_bring_the_accuracy_down():
    assert mixing_share(0.9, 0.7) == pytest.approx(0.5)  # of those mistaken, half have the right sign by chance
    assert mixing_share(0.7, 0.8) == 0.0
    assert mixing_share(0.66, 0.48) == 0.95


def test_predictions_do_not_depend_on_who_else_is_asked():
    dataset = made_up(Scores())
    model = METHODS["comp"].build(problem_of(dataset)).eval()
    test = dataset.folds[0]["test"]
    masks = masks_of(test, 0.4, "test", dataset.given)
    together, alone = predict(model, test, masks), predict(model, test[2:3], masks[2:3])
    start = sum(map(len, test[:2]))
    np.testing.assert_allclose(together.logits[start : start + len(test[2])], alone.logits, rtol=1e-3, atol=1e-4)


def test_test_selected_figures_come_from_a_model_for_each_rate(monkeypatch):
    dataset = made_up(Scores())
    asked = []
    inner = protocol.fit_fusion
    monkeypatch.setattr(protocol, "fit_fusion", lambda *a, **k: asked.append(k["masking"]) or inner(*a, **k))
    found = run(dataset, METHODS["late"], 0, replace(FAST, select="test"))
    assert len(asked) == 2 and set(found["conditions"]) == {"rate 0.1", "rate 0.7"}
    generator, valid = torch.Generator().manual_seed(0), torch.ones(40, 30, dtype=torch.bool)
    recorded = valid.unsqueeze(-1).expand(-1, -1, 3)
    kept = [masking(recorded, generator).float().mean().item() for masking in asked]
    assert kept == [pytest.approx(0.9), pytest.approx(1 / 3)]


def test_a_stopped_benchmark_goes_on_and_writes_table_and_curves(tmp_path, monkeypatch):
    dataset = made_up(Scores())
    first = benchmark(dataset, ["comp", "concat"], 2, FAST, tmp_path, "...")
    (lost,) = tmp_path.glob("runs/*concat*seed1*")
    lost.unlink()
    asked = []
    inner = resume.train_and_test
    monkeypatch.setattr(resume, "train_and_test", lambda *a: asked.append(a) or inner(*a))
    again = benchmark(dataset, ["comp", "concat"], 2, FAST, tmp_path, "...")
    assert len(asked) == 1
    assert again["methods"] == first["methods"]
    area = again["methods"]["comp"]["area"]
    accuracy = [again["methods"]["comp"]["conditions"][f"rate {rate}"]["accuracy"]["mean"] for rate in FAST.rates]
    assert area["mean"] == pytest.approx(np.mean(accuracy)) and area["seeds"] == 2
    assert again["against_best"]["baseline"] == "concat" and 0 <= again["against_best"]["comp"]["area"]["p"] <= 1
    written = (tmp_path / "made-up.md").read_text()
    assert "ComP, default" in written and "chosen on validation data" in written
    assert json.loads((tmp_path / "made-up.json").read_text())["methods"] == again["methods"]
    assert (tmp_path / "made-up.png").stat().st_size > 10_000


class Stopped(Exception):
    pass


class StopsAfter(InProcess):
    """An engine that is stopped from outside after some items."""

    def __init__(self, count):
        self.count = count

    def map(self, work, items):
        yield from islice(super().map(work, items), self.count)
        raise Stopped


@pytest.mark.parametrize("select", ["valid", "test"])
def test_of_a_stopped_benchmark_every_training_is_kept(tmp_path, select):
    first = made_up(Scores())
    dataset = replace(first, folds=[*first.folds, *made_up(Scores(), seed=1).folds])
    arguments = (dataset, ["prlf", "late"], 1, replace(FAST, select=select))
    whole = benchmark(*arguments, tmp_path / "whole", "...")
    every = 2 * len(trainings(dataset, arguments[-1]))
    out = tmp_path / "stopped"
    for done in (1, 2):
        with pytest.raises(Stopped):
            benchmark(*arguments, out, "...", engine=StopsAfter(1))
        missing = resume.Kept(out / "runs", dataset, arguments[-1], None).missing(["prlf", "late"], 1)
        assert len(missing) == every - done
    again = benchmark(*arguments, out, "...")
    assert again["methods"] == whole["methods"]
    for path in (tmp_path / "whole" / "runs").iterdir():
        assert (out / "runs" / path.name).read_bytes() == path.read_bytes()
    assert len(list((out / "runs").iterdir())) == 2  # the parts are gone


def test_a_benchmark_ends_where_a_training_kills_every_worker(tmp_path):
    class Deadly:
        def map(self, work, items):
            yield items[0], WorkerLost("its worker died.")

    with pytest.raises(EngineError, match="late with seed 0: its worker died"):
        benchmark(made_up(Scores()), ["late"], 1, FAST, tmp_path, "...", engine=Deadly())


def test_figures_hang_on_no_number_of_threads():
    dataset, before = made_up(Scores()), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(run(dataset, METHODS["concat"], 0, FAST))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_wrong_names_are_told(tmp_path, capsys):
    arguments = ["benchmark", "--data", str(tmp_path), "--out", str(tmp_path)]
    assert main([*arguments, "--dataset", "nothing"]) == 2
    assert "mosi" in capsys.readouterr().err
    assert main(["benchmark", "--out", str(tmp_path), "--dataset", "mosi"]) == 2
    assert "--data" in capsys.readouterr().err
    assert main([*arguments, "--dataset", "mosi"]) == 2
    assert "--data" in capsys.readouterr().err
    with pytest.raises(ValueError, match="concat"):
        benchmark(made_up(Scores()), ["conkat"], 1, FAST, tmp_path, "...")
    with pytest.raises(SystemExit):
        main([*arguments, "--dataset", "mosi", "--rates", "0.9"])


@pytest.fixture
def mosi_file(tmp_path):
    return write_mosi(tmp_path)


def write_mosi(folder):
    """A small corpus in the form of CMU-MOSI's; returns the folder."""
    random = np.random.default_rng(0)
    videos = [(f"v{i}", split) for i, split in enumerate(["train"] * 4 + ["valid"] * 2 + ["test"] * 2)]
    rows = [(name, segment, split) for name, split in videos for segment in range(5)]
    sentiment = random.uniform(-3, 3, len(rows)).astype(np.float32)
    arrays = {name: (sentiment[:, None] + random.normal(0, 0.1, (len(rows), 4))).astype(np.float32) for name in ("audio", "text", "visual")}
    columns = {key: np.array([row[i] for row in rows]) for i, key in enumerate(("video", "segment", "split"))}
    columns["transcript"] = np.array([f"this is {'good' if score > 0 else 'bad'}" for score in sentiment])
    np.savez(folder / "cmu_mosi_utterances.npz", sentiment=sentiment, **columns, **arrays)
    return folder


def test_the_command_goes_from_the_corpus_to_a_table(mosi_file, capsys):
    options = ["--models", "comp,late", "--seeds", "2", "--epochs", "1", "--rates", "0.1,0.5"]
    out = mosi_file / "out"
    assert main(["benchmark", "--dataset", "mosi", "--data", str(mosi_file), "--out", str(out), *options]) == 0
    assert "always the commonest class" in capsys.readouterr().out
    report = json.loads((out / "mosi.json").read_text())
    assert report["command"] == "python -m comp_core benchmark --dataset mosi --data DATA --out OUT " + " ".join(options)
    assert report["test_utterances"] == 10
    assert set(report["methods"]["comp"]["conditions"]["only T"]["unimodal"]) >= {"accuracy", "mae", "pearson"}
    assert 0 < report["mixing"]["text"] < 1 and set(report["mixing"]) == set(MODALITIES)
    assert len(report["search"]) == 4 and sum(report["methods"]["late"]["settings"].values()) == 2


def test_a_model_without_a_part_stands_beside_the_whole_with_the_chance_of_the_difference(tmp_path):
    report = benchmark(made_up(Scores()), ["comp", "comp-no-prompts", "prlf"], 2, FAST, tmp_path, "...", epochs=1)
    assert set(report["against_whole"]) == {"comp-no-prompts"}
    found = report["against_whole"]["comp-no-prompts"]
    for figure in ("accuracy", "mae"):
        without, whole = (
            np.mean([report["methods"][name]["conditions"][f"rate {rate}"][figure]["mean"] for rate in FAST.rates])
            for name in ("comp-no-prompts", "comp")
        )
        # The sums are kept with five decimals.
        assert found[figure]["difference"] == pytest.approx(without - whole, abs=1e-5)
    header, _, whole, without, other, majority = parts_table(report).splitlines()
    assert header.endswith("| mean error | p of accuracy | p of error |")
    assert all(row.endswith("|  |  |") for row in (whole, other, majority))
    assert without.endswith(f"| {found['accuracy']['p']:.2g} | {found['mae']['p']:.2g} |")


@pytest.mark.parametrize(("figure", "values", "ending"), [("mae", (1.25, 1.5), "| **1.250** |"), ("uar", (0.25, 0.5), "| **50.0** |")])
def test_a_table_ends_with_what_epochs_are_chosen_by_and_marks_its_best(figure, values, ending):
    equal = {"mean": 0.5, "sd": 0.0, "seeds": 3}
    methods = {
        name: {"title": name, "parameters": 1, "area": equal, "conditions": {"rate 0.1": {"accuracy": equal, figure: {"mean": value}}}}
        for name, value in zip("ab", values, strict=True)
    }
    rows = benchmark_table({"methods": methods, "rates": [0.1], "seeds": 2, "majority": 0.4}).splitlines()
    assert [row.endswith(ending) for row in rows] == [False, False, figure == "mae", figure == "uar", False]


def test_the_folds_test_each_training_and_validation_video_once_and_no_test_video(mosi_file):
    work = mosi_file / "work"
    (whole,) = datasets.DATASETS["mosi-reread"](mosi_file, work).folds
    found = datasets.DATASETS["mosi-folds"](mosi_file, work)
    tested = [video.ids for fold in found.folds for video in fold["test"]]
    assert sorted(tested) == sorted(video.ids for split in ("train", "valid") for video in whole[split])
    for fold in found.folds:
        parts = [{video.ids for video in fold[split]} for split in ("train", "valid", "test")]
        assert all(parts) and len(set.union(*parts)) == sum(map(len, parts)) == len(tested)
    # Words are those of the encoder that the repository holds, and told apart by it.
    words = {i: row for video in whole["train"] for i, row in zip(video.ids, video.features["text"], strict=True)}
    assert {len(row) for row in words.values()} == {found.dims["text"]} and len(np.unique(list(words.values()), axis=0)) == 2


def test_the_live_data_are_paired_once_and_by_split(tmp_path, monkeypatch):
    asked = {}

    def paired(task, split, forms):
        asked[split] = (task.work, list(forms))
        return made_up_dialogues(5, np.random.default_rng(0))

    monkeypatch.setattr(datasets, "paired_split", paired)
    first, again = (datasets.DATASETS["live"](tmp_path / "data", tmp_path / "work") for _ in range(2))
    assert asked["train"] == (tmp_path / "work", ["as_written", "unpunctuated"])
    assert asked["valid"] == asked["test"] == (tmp_path / "work", ["as_written"])
    for a, b in zip(first.folds[0]["test"], again.folds[0]["test"], strict=True):
        np.testing.assert_array_equal(a.features["video"], b.features["video"])
    counts = np.bincount(np.concatenate([c.labels for c in first.folds[0]["train"]]), minlength=7)
    assert np.argmax(first.objective.weight) == np.argmin(counts)


def test_the_live_data_need_the_networks_of_the_folds(tmp_path, capsys):
    assert main(["benchmark", "--dataset", "live", "--data", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_cost_is_measured_beside_a_matrix_product(mosi_file, monkeypatch, capsys):
    monkeypatch.setattr(cost, "GROWTH", ((1, 4), (2, 4)))
    threads = torch.get_num_threads()
    try:
        assert main(["experiment", "cost", "--data", str(mosi_file), "--runs", "2", "--out", str(mosi_file / "cost.json")]) == 0
    finally:
        torch.set_num_threads(threads)
    report = json.loads((mosi_file / "cost.json").read_text())
    assert json.loads(capsys.readouterr().out)["metrics"]["median_ms"] == report["median_ms"]
    assert report["command"] == "python -m comp_core experiment cost --data DATA --runs 2 --out OUT"
    assert report["epoch_in_products"] > 0
    assert [(row["conversations"], row["utterances"]) for row in report["growth"]] == [(1, 4), (2, 4)]
    assert "in such products" in cost_table(report) and growth_table(report).count("\n") == 3
    assert main(["experiment", "cost", "--data", str(mosi_file / "nowhere")]) == 2
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in METHODS if name.endswith("-context")])
def test_context_hears_the_neighbours_that_the_plain_baseline_does_not(name):
    torch.manual_seed(0)
    dataset = made_up(Scores())
    batch = batch_of(dataset.folds[0]["train"][:1]).conversations
    observed = batch.observed.clone()
    observed[0, 0] = torch.tensor([True, False, False])
    other = {m: x.clone() for m, x in batch.features.items()}
    for values in other.values():
        values[0, 1] += 1.0  # the neighbour says something else
    for method, hears in ((name, True), (name.removesuffix("-context"), name.startswith(("graph", "spectral")))):
        model = METHODS[method].build(problem_of(dataset)).eval()
        before, after = (model(replace(batch.observe(observed), features=features)).logits[0, 0] for features in (batch.features, other))
        assert ((before - after).abs().max() > 1e-5) == hears, method


def test_context_fills_what_is_missing_from_the_conversation():
    """The label is said by the words of the neighbours only: the first utterance of two has none of its own."""
    dataset = made_up(Scores())
    model = METHODS["late-context"].build(problem_of(dataset)).eval()
    batch = batch_of(dataset.folds[0]["train"][:1]).conversations
    observed = batch.observed.clone()
    observed[0, 0, 1] = False
    states, known = model.read(batch.observe(observed))
    assert known[1, 0, 0] and states[1, 0, 0].abs().sum() > 0
    nowhere = observed.clone()
    nowhere[..., 1] = False
    states, known = model.read(batch.observe(nowhere))
    assert not known[1].any() and states[1].abs().sum() == 0


def test_the_report_sets_a_method_with_context_beside_the_one_without(tmp_path):
    report = benchmark(made_up(Scores()), ["late", "late-context"], 2, FAST, tmp_path, "...", epochs=1)
    assert set(report["against_whole"]) == {"late-context"}
    assert "late fusion with context" in rivals_table(report)
