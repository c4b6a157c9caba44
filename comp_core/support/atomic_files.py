"""Files that are there whole or not at all: written beside their place, then moved. A full disk or Ctrl+C leaves what was there before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from comp_core.support.errors import CompCoreError


class NotWritten(CompCoreError, OSError):
    """A file could not be written; the message says which and why."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what will be ``path`` once it is complete; its folder is made.

    Raises:
        NotWritten: the disk is full, or the place cannot be written to. Nothing half-written is left.
    """
    beside = path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or error
        raise NotWritten(
            f"{path} could not be written: {why}. Make room, or name another place; what was there before still is."
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text file, UTF-8, as `whole_file` does.

    Raises:
        NotWritten: it could not be written.
    """
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
