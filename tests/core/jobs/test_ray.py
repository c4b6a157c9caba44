"""Work on a local Ray cluster of two workers: the same results, and a lost worker costs its item only."""

import importlib
import json
import shutil
import sys

import pytest
import torch

from comp_core.cli import main
from comp_core.experiments import scaling
from comp_core.jobs import ray_cluster
from comp_core.jobs.engine import EngineError, WorkerLost
from comp_core.jobs.ray_cluster import RayCluster
from comp_core.reports.measured_tables import scaling_estimate_table, scaling_table
from tests.core.benchmark.test_benchmark import write_mosi
from tests.core.jobs.test_annotation import folder, records, unreadable  # noqa: F401
from tests.places import SAMPLES
from tests.support.mortal import Mortal


def test_without_ray_it_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "clip.mp4").touch()
    assert main(["annotate", str(tmp_path), "--out", str(tmp_path / "out"), "--engine", "ray"]) == 2
    assert capsys.readouterr().err == "Ray is not installed: pip install '.[ray]'\n"


@pytest.mark.parametrize(("address", "message"), [("127.0.0.1:1", "nothing answers"), ("somewhere", "HOST:PORT"), ("h:port", "HOST:PORT")])
def test_an_address_that_cannot_be_reached(address, message):
    pytest.importorskip("ray", reason="Ray is not installed (the extra `ray`)")
    with pytest.raises(EngineError, match=message), RayCluster(address):
        pass


def test_a_start_that_takes_too_long_is_tried_again(monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed (the extra `ray`)")
    tried = []

    def start(**_):
        tried.append(1)
        raise Exception("The current node timed out during startup. And more.")

    monkeypatch.setattr(ray, "init", start)
    with pytest.raises(EngineError, match="does not start on this machine: The current node timed out"), RayCluster():
        pass
    assert len(tried) == 3


class Cluster:
    """Ray's interface without Ray: tasks are done when they are waited for."""

    exceptions = type("errors", (), dict.fromkeys(("RayTaskError", "LocalRayletDiedError", "RayError"), KeyboardInterrupt))

    def __init__(self, **resources):
        self.resources, self.asked, self.running, self.most, self.on = resources, [], [], 0, True

    def is_initialized(self):
        return False

    def init(self, **_):
        pass

    def shutdown(self):
        self.on = False

    def cluster_resources(self):
        return self.resources

    def put(self, work):
        return work

    def remote(self, **asked):
        self.asked.append(asked)
        return lambda function: type("task", (), {"remote": lambda _, *arguments: self.start(arguments)})()

    def start(self, arguments):
        self.running.append(arguments)
        self.most = max(self.most, len(self.running))
        return arguments

    def wait(self, running, num_returns):
        self.running.remove(running[0])
        return running[:num_returns], running[num_returns:]

    def get(self, arguments):
        work, item = arguments
        return work(item)


@pytest.mark.parametrize(("device", "gpus", "most"), [("cpu", 0, 16), ("cuda", 1, 4)])
def test_a_worker_on_cuda_asks_for_a_gpu(monkeypatch, device, gpus, most):
    ray = Cluster(CPU=8.0, GPU=2.0)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with RayCluster(device=device) as engine:
        assert dict(engine.map(abs, range(-20, 0))) == {-n: n for n in range(1, 21)}
    assert [asked["num_gpus"] for asked in ray.asked] == [gpus] and ray.most == most


def test_a_cluster_without_gpu_is_said(monkeypatch):
    ray = Cluster(CPU=8.0)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(EngineError, match="has a GPU: give --device cpu"), RayCluster(device="cuda"):
        pass
    assert not ray.on


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("ray", reason="Ray is not installed (the extra `ray`)")
    with RayCluster(workers=2) as engine:
        yield engine


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_benchmark_has_the_same_figures_there_as_here(cluster, tmp_path, capsys):
    asked = ["--models", "comp,late", "--seeds", "1", "--epochs", "2", "--rates", "0.1,0.7", "--select", "test"]
    arguments = ["benchmark", "--dataset", "mosi", "--data", str(write_mosi(tmp_path)), *asked, "--out"]
    here, there = tmp_path / "here", tmp_path / "there"
    assert main([*arguments, str(here)]) == 0
    table = capsys.readouterr().out
    assert main([*arguments, str(there), "--engine", "ray"]) == 0
    assert capsys.readouterr().out == table
    names = sorted(path.name for path in (here / "runs").iterdir())
    assert names == sorted(path.name for path in (there / "runs").iterdir()) and len(names) == 2
    for name in names:
        assert (here / "runs" / name).read_bytes() == (there / "runs" / name).read_bytes()


def test_a_folder_is_annotated_there_as_here(cluster, folder, tmp_path, one_thread, capsys):  # noqa: F811
    shutil.copy(SAMPLES / "happy.mp4", folder)
    here, there = tmp_path / "here", tmp_path / "there"
    arguments = ["annotate", str(folder), "--whisper", "off", "--out"]
    assert main([*arguments, str(here), "--device", "cpu"]) == 0
    assert main([*arguments, str(there), "--engine", "ray"]) == 0
    assert len(records(here)) == 3 and records(there) == records(here)
    assert unreadable(there) == unreadable(here) and set(unreadable(there)) == {"broken.mp4"}
    capsys.readouterr()
    assert main([*arguments, str(there), "--engine", "ray"]) == 0
    assert "0 clips read, 3 had been read before, 1 unreadable" in capsys.readouterr().out


def test_scaling_is_measured_and_compared(cluster, tmp_path, monkeypatch, one_thread, capsys):
    monkeypatch.setattr(scaling, "WORKERS", (2,))
    monkeypatch.setattr(scaling, "CLIPS", (SAMPLES / "voice_only.mp3",))
    monkeypatch.setattr(scaling, "SWEPT", ("concat", "late"))
    monkeypatch.setattr(scaling, "SWEEP_SEEDS", 1)
    options = ["--copies", "3", "--epochs", "1", "--out", str(tmp_path / "scaling.json")]
    assert main(["experiment", "scaling", "--data", str(write_mosi(tmp_path)), *options]) == 0
    report = json.loads((tmp_path / "scaling.json").read_text())
    assert report["command"].startswith("python -m comp_core experiment scaling --data DATA --copies 3")
    assert [(row["engine"], row["workers"]) for row in report["rows"]] == [("in-process", 1), ("ray", 2)]
    assert all(row[what]["same"] for row in report["rows"] for what in ("annotate", "sweep"))
    assert report["clips"] == 3 and report["media_s"] == pytest.approx(3 * 8.4, abs=1)
    clips = report["rows"][1]["annotate"]
    assert clips["realtime_per_worker"] == pytest.approx(report["media_s"] / clips["wall_s"] / 2)
    factor = clips["realtime_per_core"]
    assert factor == pytest.approx(report["media_s"] / clips["processor_s"])
    assert report["estimate"]["wall_hours"] == pytest.approx(1000 / factor / 64)
    assert scaling_table(report).count("| yes |") == 2 and "1,000 hours of video" in scaling_estimate_table(report)
    report["rows"][1]["sweep"]["same"] = False
    assert "| NO |" in scaling_table(report)


def test_a_worker_without_the_project_is_told(cluster, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def work(item): return item")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match="a worker has no module only_here: every machine needs this project"):
        list(cluster.map(importlib.import_module("only_here").work, [1]))


def test_a_lost_worker_costs_its_item_only(cluster, tmp_path):
    assert dict(cluster.map(Mortal(tmp_path), range(6))) == {n: n**2 for n in range(6)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-0", "1-0", "2-0", "3-0", "3-1", "4-0", "5-0"]


def test_an_item_that_kills_every_worker_is_told_beside_the_others(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_cluster, "ATTEMPTS", 1)
    found = dict(cluster.map(Mortal(tmp_path, hard=True), range(2, 5)))
    assert isinstance(found.pop(3), WorkerLost)
    assert found == {2: 4, 4: 16}


def test_an_error_of_the_work_is_raised_as_it_is(cluster):
    with pytest.raises(ValueError, match="invalid literal") as raised:
        list(cluster.map(int, ["1", "x"]))
    assert type(raised.value) is ValueError


def test_the_estimate():
    found = scaling.estimate(5.0, hours=1000, workers=64)
    assert (found["processor_hours"], found["wall_hours"]) == (200, 3.125)
