"""Reader of CTranslate2's binary model files (version 6): named arrays of plain numbers. Nothing in such a file is run."""

from __future__ import annotations

from math import prod
from types import MappingProxyType

import numpy as np

VERSION = 6
# Number of a type in the file -> the type of the numbers, little-endian.
_TYPES = MappingProxyType({number: np.dtype(name) for number, name in enumerate(("<f4", "i1", "<i2", "<i4", "<f2"))})


class FormatError(ValueError):
    """The bytes are no CTranslate2 model that can be read here; the message says why."""


def read_variables(content: bytes, specification: str) -> dict[str, np.ndarray]:
    """The variables of a model, by name; an alias is the same array under a second name.

    Args:
        content: of the whole file. The arrays are read-only views of it: no array can be larger than what is there.
        specification: what kind of model it must say it is, such as ``"WhisperSpec"``.

    Raises:
        FormatError: another format, version or kind of model, or cut short or damaged.
    """
    cursor = _Cursor(content)
    if (version := cursor.number(4)) != VERSION:
        raise FormatError(f"it is no CTranslate2 model of version {VERSION} (the version reads {version})")
    if (found := cursor.string()) != specification:
        raise FormatError(f"it holds a {found!r}, not a {specification!r}")
    cursor.number(4)  # revision of the specification
    variables: dict[str, np.ndarray] = {}
    for _ in range(cursor.number(4)):
        name = cursor.string()
        shape = tuple(cursor.number(4) for _ in range(cursor.number(1)))
        variables[name] = cursor.array(name, shape)
    for _ in range(cursor.number(4)):
        alias, name = cursor.string(), cursor.string()
        if name not in variables:
            raise FormatError(f"{alias!r} stands for {name!r}, which is not there")
        variables[alias] = variables[name]
    if cursor.left:
        raise FormatError(f"{cursor.left} bytes follow its end")
    return variables


class _Cursor:
    """Reads the bytes from first to last; asked for more than there are, it raises `FormatError`."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = memoryview(content), 0

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def _take(self, size: int) -> memoryview:
        if size > self.left:
            raise FormatError(f"it is cut short: {size} bytes are missing at {self._at} of {len(self._content)}")
        self._at += size
        return self._content[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def string(self) -> str:
        raw = bytes(self._take(self.number(2)))
        try:
            return raw.removesuffix(b"\0").decode("ascii")
        except UnicodeDecodeError as error:
            raise FormatError(f"a name in it is no text, before byte {self._at}") from error

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        kind, size = self.number(1), self.number(4)
        if kind not in _TYPES:
            raise FormatError(f"{name!r} has numbers of an unknown type ({kind})")
        dtype = _TYPES[kind]
        if size != prod(shape) * dtype.itemsize:
            raise FormatError(f"{name!r} has {size} bytes, but its shape {shape} needs {prod(shape) * dtype.itemsize}")
        return np.frombuffer(self._take(size), dtype).reshape(shape)
