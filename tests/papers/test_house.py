"""Imports run one way, down the list of rooms; drawn from the code each time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

from tests.places import ROOT

# Each room may import those before it, and itself.
CORE = (
    *("modalities", "support", "metrics", "modeling", "senses", "inference", "formats", "predictor"),
    *("data", "evaluation", "reports", "training", "jobs", "benchmark", "own", "experiments", "cli"),
)
# What the app may take from comp_core: the facade, what it shows live, and what the lab shows of the models.
SHOWN = {*CORE[:8], "evaluation", "reports"}


def imports(path: Path, package: str) -> Iterator[str]:
    """The dotted names of ``package`` that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == package)


def rooms(package: str, imported: str) -> set[tuple[str, str, str]]:
    """(file, room, room that it imports) for every import of ``imported`` in ``package``."""
    arrows = set()
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT / package).with_suffix("").parts
        for name in imports(path, imported):
            if len(name.split(".")) > 1:
                arrows.add(("/".join(parts), parts[0], name.split(".")[1]))
    return arrows


def test_no_arrow_runs_back() -> None:
    arrows = {arrow for arrow in rooms("comp_core", "comp_core") if arrow[1] not in ("__init__", "__main__")}
    assert len(arrows) > 100
    assert {room for _, *pair in arrows for room in pair} <= set(CORE)
    assert [arrow for arrow in sorted(arrows) if CORE.index(arrow[2]) > CORE.index(arrow[1])] == []


def test_the_core_knows_nothing_of_the_app() -> None:
    assert rooms("comp_core", "app") == set()


def test_the_app_takes_what_it_shows_and_nothing_of_training() -> None:
    assert [arrow for arrow in sorted(rooms("app", "comp_core")) if arrow[2] not in SHOWN] == []


def test_no_two_rooms_of_the_app_import_each_other() -> None:
    arrows = {(room, other) for _, room, other in rooms("app", "app") if room != other}
    assert len(arrows) > 15
    assert sorted((room, other) for room, other in arrows if room < other and (other, room) in arrows) == []


# A static import or one at run time.
IMPORTED = re.compile(r'\b(?:from|import) ?\(?"([^"]+)"')


def scripts() -> dict[PurePosixPath, set[PurePosixPath]]:
    """Each script of the pages, below ``app/pages``, with those that it imports."""
    pages = ROOT / "app/pages"
    return {
        PurePosixPath(path.relative_to(pages).as_posix()): {
            PurePosixPath((path.parent / name).resolve().relative_to(pages).as_posix())
            for name in IMPORTED.findall(path.read_text(encoding="utf-8"))
        }
        for path in sorted(pages.rglob("*.js"))
    }


def test_no_script_of_a_page_imports_itself_by_way_of_others() -> None:
    arrows = scripts()
    assert sum(map(len, arrows.values())) > 60
    # It names the circle.
    TopologicalSorter(arrows).prepare()


def test_a_page_takes_scripts_from_its_own_folder_and_the_shared_one() -> None:
    arrows = [(script, other) for script, others in scripts().items() for other in others]
    assert [(script, other) for script, other in arrows if other.parts[0] not in (script.parts[0], "shared")] == []


@pytest.mark.parametrize("package", ["app", "comp_core"])
def test_no_file_is_too_long_to_read_in_one_sitting(package: str) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / package).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
