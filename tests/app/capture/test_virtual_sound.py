"""`--capture local` hears with the real sound library: ALSA plays a file as if it were a microphone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.places import ROOT

SOURCE = """
pcm.tape {{ type file; slave.pcm "null"; file "/dev/null"; infile "{file}"; format "raw" }}
pcm.recorded {{
  type plug
  slave {{ pcm "tape"; format S16_LE; rate 16000; channels 1 }}
  hint {{ show on; description "A recording" }}
}}
"""
BLOCKS = 20
HEAR = f"""
import sys
from itertools import islice
import numpy as np
try:
    import sounddevice
    there = any("recorded" in device["name"] for device in sounddevice.query_devices())
except Exception:
    there = False
if not there:
    sys.exit(77)
from app.capture.local import microphone_blocks
np.save(sys.argv[1], np.stack(list(islice(microphone_blocks("recorded"), {BLOCKS}))))
"""


def test_a_microphone_is_heard_sample_by_sample(tmp_path: Path) -> None:
    # A staircase that begins anew every two seconds: each sample tells what must come next.
    recording = (np.arange(60 * SAMPLE_RATE) % (2 * SAMPLE_RATE)).astype("<i2")
    recording.tofile(tmp_path / "recording.raw")
    (tmp_path / ".asoundrc").write_text(SOURCE.format(file=tmp_path / "recording.raw"))
    command = [sys.executable, "-c", HEAR, tmp_path / "heard.npy"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    if done.returncode == 77:
        pytest.skip("no virtual sound source can be had here: it takes PortAudio with ALSA")
    assert done.returncode == 0, done.stderr
    blocks = np.load(tmp_path / "heard.npy")
    assert blocks.shape == (BLOCKS, SAMPLE_RATE // 10)
    steps = np.diff(np.round(blocks.ravel() * 2**15).astype(int)) % (2 * SAMPLE_RATE)
    # The source plays far faster than a microphone, so that the library cannot keep every one of its buffers.
    assert (steps == 1).mean() > 0.99
