"""The notebooks run from the first cell to the last, show something, and are committed without what they showed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import ROOT

needed = "needs what executes notebooks: pip install '.[test]'"
nbformat = pytest.importorskip("nbformat", reason=needed)
nbclient = pytest.importorskip("nbclient", reason=needed)
pytest.importorskip("ipykernel", reason=needed)

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LONGEST = 300  # seconds, for one on a laptop


def test_there_are_three() -> None:
    assert [path.stem[0] for path in NOTEBOOKS] == ["1", "2", "3"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs_and_begins_alike(path: Path) -> None:
    first, *_ = code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []
    assert first.source == next(c for c in nbformat.read(NOTEBOOKS[0], as_version=4).cells if c.cell_type == "code").source
    assert "%pip install" in first.source and "REPOSITORY" in first.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_something(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(book, timeout=LONGEST, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown)
    text = "".join(output.text for output in shown if output.output_type == "stream" and output.name == "stdout")
    # Commands of comp_core return 2 where they refuse.
    assert text and "status 2" not in text and "nan" not in text.lower()
