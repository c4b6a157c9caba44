"""The program as the container file lays it out: only the temporary folder can be written."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_hosting import ROOT, instructions
from tests.browser import harness
from tools.watch.visitor import Visitor

_PR_CAPBSET_DROP, _CAPABILITIES = 24, 64


def without_privileges() -> None:
    """What is run next has none of root's capabilities, so that modes of files hold for it."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in range(_CAPABILITIES):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files that the container file copies, read-only, beside a temporary folder."""
    folder = tmp_path_factory.mktemp("image")
    workdir, temporary = folder / "workdir", folder / "tmp"
    temporary.mkdir()
    for line in instructions("COPY"):
        *sources, target = line.split()
        for source in sources:
            place = workdir / target / (source if target == "./" else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, workdir / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    held = [workdir, *workdir.rglob("*")]
    for path in held:
        path.chmod(0o555)
    yield folder
    for path in held:
        path.chmod(0o755)


def test_it_runs_where_only_the_temporary_folder_can_be_written(image: Path) -> None:
    (variables,) = instructions("ENV")
    environment = dict(part.split("=", 1) for part in variables.replace("/tmp", str(image / "tmp")).split())
    environment |= {"HOME": "/nonexistent", "TMPDIR": str(image / "tmp"), "PYTHONPATH": ""}
    del environment["GRADIO_SERVER_PORT"]  # the harness gives a free one
    before = {path: path.stat().st_mtime for path in (image / "workdir").rglob("*")}
    with harness.running_app(image, environment=environment, cwd=image / "workdir", preexec_fn=without_privileges) as server:
        visitor = Visitor(server.address)
        face = visitor.upload("face.jpg", (ROOT / "assets" / "samples" / "face.jpg").read_bytes(), "image/jpeg")
        assert (image / "tmp") in Path(face["path"]).parents
        assert server.logged_errors() == 0
    assert {path: path.stat().st_mtime for path in (image / "workdir").rglob("*")} == before
