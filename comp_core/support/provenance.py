"""What a report says about its making: the command, the day, the machine and its software."""

from __future__ import annotations

import os
import platform
from datetime import date
from typing import Any

import torch


def made_by(command: str) -> dict[str, str]:
    """Command, day, and PyTorch with its build: a build with CUDA takes more memory, and builds differ in a figure's last digits."""
    return {"command": command, "date": date.today().isoformat(), "torch": torch.__version__}


def machine() -> dict[str, Any]:
    """Cores, load averages of the last 1, 5 and 15 minutes, and Python's version."""
    return {"cores": os.cpu_count(), "load": [round(x, 1) for x in os.getloadavg()], "python": platform.python_version()}
