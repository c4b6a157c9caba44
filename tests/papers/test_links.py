"""Links between the documents lead to files and headings that exist, and the documents stay short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.places import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "assets" / "cards").glob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


def anchors(document: Path) -> set[str]:
    """What a link can name in a document: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    lost = []
    for path, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(f"{path}#{anchor}")
    assert lost == []


def test_readme_and_cards_are_short() -> None:
    limits = {ROOT / "README.md": 150, **dict.fromkeys((ROOT / "assets" / "cards").glob("*.md"), 80)}
    assert [path.name for path, limit in limits.items() if len(path.read_text(encoding="utf-8").splitlines()) > limit] == []
