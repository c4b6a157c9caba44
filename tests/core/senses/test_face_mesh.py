"""The face landmarker: its file is the published one, its library is quiet and talks to nobody."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comp_core.senses.face import mesh
from comp_core.senses.face.mesh import LANDMARKER, FaceMesh, checked
from comp_core.support.checkpoint import CheckpointError
from tests.places import SAMPLES

PORTRAIT = SAMPLES / "face.jpg"


@pytest.mark.parametrize("tracking", [False, True])
def test_a_face_has_478_vertices_inside_the_picture(tracking: bool) -> None:
    mesh = FaceMesh(tracking, faces=1)
    picture = np.asarray(Image.open(PORTRAIT).convert("RGB"))
    (vertices,) = [mesh.find(picture) for _ in range(3)][-1]
    mesh.close()
    assert vertices.shape == (478, 2) and vertices.dtype == np.float32
    assert vertices.min() > 0 and vertices.max() < 1


def test_another_file_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "face_landmarker.task"
    monkeypatch.setattr(mesh, "LANDMARKER", other)
    with pytest.raises(CheckpointError, match=r"is missing.*from the repository again\.$"):
        FaceMesh(tracking=False, faces=1)
    other.write_bytes(LANDMARKER.read_bytes()[:-1] + b"?")
    with pytest.raises(CheckpointError, match=r"its hash is not the published one.*again\.$"):
        FaceMesh(tracking=False, faces=1)
    other.write_bytes(LANDMARKER.read_bytes())
    assert checked(other) == other


def test_the_library_says_nothing_and_what_others_say_meanwhile_is_kept() -> None:
    code = (
        "import os; from comp_core.senses.face import mesh; make = mesh.FaceLandmarker.create_from_options\n"
        "def said(options): os.write(2, b'a message\\n'); return make(options)\n"
        "mesh.FaceLandmarker.create_from_options = said\n"
        "mesh.FaceMesh(tracking=True, faces=2).close(); os.write(2, b'the end\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "a message\nthe end\n"


@pytest.mark.parametrize("end", ["", "left[0].itself = left; del left; import gc; gc.collect()"])
def test_a_mesh_that_nobody_closed_holds_nobody_up(end: str) -> None:
    code = f"from comp_core.senses.face.mesh import FaceMesh\nleft = [FaceMesh(tracking, faces=1) for tracking in (False, True)]\n{end}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_library_has_no_network_code() -> None:
    """Later versions report their use to this address, and have no switch for it."""
    found = importlib.util.find_spec("mediapipe")
    libraries = [path for path in Path(found.origin).parent.rglob("libmediapipe*") if path.is_file()]
    assert libraries
    assert [path.name for path in libraries if b"play.googleapis.com" in path.read_bytes()] == []


def test_a_forked_process_ends_though_its_parent_left_a_mesh_open() -> None:
    code = (
        "import os; from comp_core.senses.face.mesh import FaceMesh; left = FaceMesh(tracking=True, faces=1); import multiprocessing as m\n"
        "child = m.get_context('fork').Process(target=print); child.start(); child.join(30); ended = not child.is_alive(); child.kill()\n"
        "left.close(); raise SystemExit(not ended)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=90)
