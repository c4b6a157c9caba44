"""What the demo is made of: locked with hashes, and under licences that allow it to be passed on."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement

from tools.licences import LIST, LOCK, ROOT, installed, locked

FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Public Domain|Unlicense|CNRI|Boost", re.IGNORECASE)
REQUIREMENTS = [
    Requirement(line) for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
]


@pytest.mark.parametrize("wanted", REQUIREMENTS, ids=lambda wanted: wanted.name)
def test_each_requirement_is_locked_at_a_version_that_it_allows(wanted: Requirement) -> None:
    assert all(version in wanted.specifier for version in locked()[wanted.name])


def test_everything_locked_has_hashes() -> None:
    packages = re.split(r"\n(?=[\w.-]+==)", re.sub(r"^#.*\n", "", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert len(packages) == sum(map(len, locked().values())) > 50
    assert [package.splitlines()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_licences_of_all_that_is_installed_are_listed_and_free() -> None:
    listed = re.findall(r"^\| ([\w.-]+) \| ", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    found = installed()
    assert sorted({package["Name"] for package in found} - set(listed)) == []
    assert [package for package in found if not FREE.search(package["License"])] == []
