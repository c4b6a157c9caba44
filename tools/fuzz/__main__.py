"""The command: fuzz for a while, report, save what did harm."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

from comp_core.support.provenance import made_by
from tools.fuzz.run import HANG_S, fuzz
from tools.fuzz.targets import TARGETS
from tools.fuzz.worker import ALLOWANCE_MB


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description="Damaged and harmful inputs for everything that decodes.")
    parser.add_argument("--seconds", type=float, default=60.0, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other inputs (default: %(default)s)")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may be given several times")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    parser.add_argument("--save", type=Path, default=Path("runs/fuzz"), help="folder for inputs that did harm (default: %(default)s)")
    options = parser.parse_args()
    names = options.target or list(TARGETS)
    found = fuzz(names, seconds=options.seconds / len(names), seed=options.seed)
    report = {
        **made_by(f"python -m tools.fuzz --seconds {options.seconds:g} --seed {options.seed}"),
        "limits": {"hang_s": HANG_S, "memory_mb": ALLOWANCE_MB},
        "python": platform.python_version(),
        "targets": {name: tally.as_dict() for name, tally in found.items()},
    }
    told = json.dumps(report, indent=1)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", encoding="utf-8")
    for name, tally in found.items():
        for fault, content in tally.faults.items():
            options.save.mkdir(parents=True, exist_ok=True)
            path = options.save / f"{name.replace(' ', '-')}-{report['targets'][name]['faults'][fault]}"
            path.write_bytes(content)
            print(f"{name}: {fault}\n  {path}", file=sys.stderr)
    return 1 if any(tally.faults for tally in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
