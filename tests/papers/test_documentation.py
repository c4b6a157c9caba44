"""The documentation that `make docs` makes of the docstrings."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import comp_core
from tests.places import ROOT


def test_every_module_has_its_page_and_the_first_holds_the_guide(tmp_path: Path) -> None:
    (line,) = (line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if "-m pdoc" in line)
    arguments = line.split("$(RUN)")[1].split()
    subprocess.run([sys.executable, *arguments[:-1], tmp_path], cwd=ROOT, check=True, capture_output=True)
    modules = [module.name for module in pkgutil.walk_packages(comp_core.__path__, "comp_core.") if not module.name.endswith("__main__")]
    assert len(modules) > 80
    assert [name for name in modules if not (tmp_path / name.replace(".", "/")).with_suffix(".html").is_file()] == []
    guide = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    assert guide in (tmp_path / "comp_core.html").read_text(encoding="utf-8")


def test_every_module_says_what_it_is_for() -> None:
    files = [path for folder in ("app", "comp_core", "tests") for path in (ROOT / folder).rglob("*.py") if path.stat().st_size]
    assert [str(path) for path in files if path.name != "__init__.py" and not path.read_text(encoding="utf-8").startswith('"""')] == []
