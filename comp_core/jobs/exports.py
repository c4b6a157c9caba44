"""Records of a folder of clips, as `annotate` leaves them -> files of other formats beside them."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from comp_core.formats.table import FORMATS, Told
from comp_core.jobs.annotation import RECORDS
from comp_core.support.atomic_files import write_whole


def export(out: Path, formats: Collection[str]) -> int:
    """Write ``out/FORMAT/CLIP.SUFFIX`` for every record and each of these ``FORMATS``; returns how many files were written.

    Raises:
        NotWritten: the disk is full, or a folder cannot be written to.
    """
    written = 0
    for path in sorted((out / RECORDS).rglob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        clip = PurePosixPath(record["file"])
        told = Told(record["utterances"], file=clip.name, model=record["model"])
        for name in formats:
            for suffix, text in FORMATS[name].make(told).items():
                # Two clips may differ in their suffix alone, so it stays.
                write_whole(out / name / clip.parent / f"{clip.name}{suffix}", text)
                written += 1
    return written
