"""Coverage-guided fuzzing of what is parsed in Python: `python -m tools.fuzz.guided --seconds 600 --out assets/reports/fuzz_guided.json`.

Where `tools.fuzz` damages valid inputs at random, here libFuzzer keeps each input that reaches a new branch, and damages that. It needs
`pip install atheris==3.0.0` (Apache-2.0, Linux), which is in no extra.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from comp_core.support.progress import progress
from comp_core.support.provenance import made_by
from tests.places import ROOT
from tools.fuzz.run import HANG_S
from tools.fuzz.worker import ALLOWANCE_MB
from tools.told import tell

# The others are read by libraries in C or Rust, whose branches are not seen from here.
GUIDED = (
    *("base64 of sound", "requests of the live page", "degradation", "saved sessions", "descriptions of checkpoints"),
    *("label pickles", "tables of clips", "tables of own clips"),
)
_DONE = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_COVERED = re.compile(r"cov: (\d+)")


def guided(name: str, seconds: int, seed: int, save: Path) -> dict[str, Any]:
    """What came of one target in a process of its own."""
    save.mkdir(parents=True, exist_ok=True)
    limits = (f"-max_total_time={seconds}", f"-timeout={HANG_S:g}", f"-rss_limit_mb={ALLOWANCE_MB + 1000}", "-max_len=65536")
    told = (f"-seed={seed + 1}", "-print_final_stats=1", f"-artifact_prefix={save}/")
    command = [sys.executable, "-m", "tools.fuzz.guided_target", name, *limits, *told]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    done, covered = _DONE.search(ended.stdout), _COVERED.findall(ended.stdout)
    if done is None or not covered:
        raise RuntimeError(f"{name}: libFuzzer did not run:\n{ended.stdout[-2000:]}")
    faults = [] if ended.returncode == 0 else [line for line in ended.stdout.splitlines() if "Error" in line or "ERROR" in line][-3:]
    return {"inputs": int(done[1]), "branches": int(covered[-1]), "branches_of_valid_inputs": int(covered[0]), "faults": faults}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz.guided", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=80, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other inputs (default: %(default)s)")
    parser.add_argument("--save", type=Path, default=Path("runs/fuzz"), help="folder for inputs that did harm (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    each = max(1, options.seconds // len(GUIDED))
    found = {name: guided(name, each, options.seed, options.save) for name in progress(GUIDED, "targets")}
    tell(
        {
            **made_by(f"python -m tools.fuzz.guided --seconds {options.seconds} --seed {options.seed}"),
            "limits": {"hang_s": HANG_S, "memory_mb": ALLOWANCE_MB},
            "targets": found,
        },
        options.out,
    )
    return 1 if any(one["faults"] for one in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
