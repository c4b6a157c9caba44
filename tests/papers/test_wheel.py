"""What `pip install .` gives: an installed wheel works without the repository, weights and all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from packaging.requirements import Requirement

import comp_core
from comp_core.support.assets import ASSETS
from tests.places import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files as pip would lay them out."""
    folder = tmp_path_factory.mktemp("site")
    with ZipFile(wheel) as files:
        files.extractall(folder)
    return folder


def run(installed: Path, code: str) -> str:
    """Run Python far from the repository, with the wheel's packages alone."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-c", code], cwd=installed.parent, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_it_predicts_with_the_weights_that_it_carries(installed: Path) -> None:
    code = (
        "import comp_core; from comp_core.predictor import Predictor; from comp_core.support.assets import ASSETS; print(ASSETS);"
        "record = Predictor.load().predict_text('What a lovely surprise!'); print(max(record['fused'], key=record['fused'].get))"
    )
    assets, label = run(installed, code).splitlines()
    assert Path(assets) == installed / "comp_core" / "assets"
    assert label in ("joy", "surprise")


def test_the_page_finds_its_files(installed: Path) -> None:
    pages = "app.pages.clip.page, app.pages.about.page, app.pages.lab.plot, app.pages.live.page"
    code = f"import {pages}, app.main as main; from app.server.scripts import SCRIPTS; print(all(p.is_file() for p in main._CSS), *SCRIPTS)"
    found, *scripts = run(installed, code).split()
    pages = ROOT / "app" / "pages"
    served = [path for kind in ("*.js", "*.json") for path in pages.rglob(kind)]
    assert found == "True" and scripts == [path.relative_to(pages).as_posix() for path in sorted(served)]


def test_nothing_of_assets_is_left_behind(installed: Path) -> None:
    def files(folder: Path) -> set[Path]:
        return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    assert files(installed / "comp_core" / "assets") == files(ASSETS)


def test_what_the_wheel_declares(installed: Path) -> None:
    (information,) = installed.glob("*.dist-info")
    said = message_from_string((information / "METADATA").read_text(encoding="utf-8"))
    wanted = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]
    declared = [Requirement(line) for line in said.get_all("Requires-Dist")]
    assert {one for one in declared if "extra ==" not in str(one.marker)} == {Requirement(line) for line in wanted}
    assert set(said.get_all("Provides-Extra")) == {"train", "encoders", "onnx", "output", "ray", "test"}
    assert said["Version"] == comp_core.__version__
    assert "live-affect = app.main:main" in (information / "entry_points.txt").read_text()


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == comp_core.__version__


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.3.0" and citation["version"] == comp_core.__version__
    assert f"version = {{{comp_core.__version__}}}" in (ROOT / "README.md").read_text(encoding="utf-8")
