"""Label pickles of strangers, read as data alone.

A pickle names what it wants called. Here every name stands for a function of ours, so that neither Python nor numpy builds an object
from what the file says of it: numpy would take a crafted description of an array for pointers. Arrays come as lists, read from their
bytes as numbers or strings of plain kinds.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

# Floats, integers, booleans, strings; and Python's own objects, of which an array holds a list.
_PLAIN = re.compile(r"[<>=|]?(f[248]|[iu][1248]|b1|[SU]\d{1,6}|O8?)")
_KEEPS = ("PUT", "BINPUT", "LONG_BINPUT")


def load_labels(path: Path) -> Any:
    """What a pickle holds: Python's containers, numbers and strings.

    Raises:
        Exception: of any kind, if the bytes are no pickle or hold more than data.
    """
    content = path.read_bytes()
    # Room for the memo is made up to the highest place that is named in it: one large number would take all memory.
    if any(step.name in _KEEPS and int(place or 0) > len(content) for step, place, _ in pickletools.genops(content)):
        raise pickle.UnpicklingError("it keeps something in a place that no pickle of its size has")
    return _DataUnpickler(io.BytesIO(content), encoding="latin1").load()


class _Kind:
    """The kind of an array's elements, of which a pickle tells the order of bytes afterwards."""

    __slots__ = ("dtype",)

    def __init__(self, code: str, *_: Any) -> None:
        if not _PLAIN.fullmatch(code):
            raise pickle.UnpicklingError(f"it has an array of the kind {code!r}, and labels need nothing but numbers and strings")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, order, *structure = state[:5]
        if any(part is not None for part in structure):
            raise pickle.UnpicklingError("it has an array of structures, and labels need nothing but numbers and strings")
        if order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(order)


class _Array(list):
    """The elements of an array, in nested lists as its shape has it; a pickle tells them after it has asked for the array."""

    __slots__ = ()

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, shape, kind, by_columns, content = state
        self[:] = _elements(content, kind, shape, "F" if by_columns else "C")


def _elements(content: Any, kind: _Kind, shape: Sequence[int], order: Literal["C", "F"]) -> list[Any]:
    if kind.dtype.hasobject:
        if not isinstance(content, list) or tuple(shape) != (len(content),):
            raise pickle.UnpicklingError("it has an array of objects that is no list")
        return content
    # Lists of nothing could be many: they take no bytes.
    if 0 in shape:
        return []
    return np.frombuffer(_bytes(content), kind.dtype).reshape(tuple(shape), order=order).tolist()


def _scalar(kind: _Kind, content: Any) -> Any:
    if kind.dtype.hasobject:
        raise pickle.UnpicklingError("it has a number that is an object")
    (value,) = np.frombuffer(_bytes(content), kind.dtype).tolist()
    return value


def _bytes(content: Any, encoding: str = "latin1") -> bytes:
    """Bytes as Python 2 kept them, and as protocol 2 writes them: characters of latin1."""
    if isinstance(content, str) and encoding == "latin1":
        return content.encode(encoding)
    if isinstance(content, (bytes, bytearray)):
        return bytes(content)
    raise pickle.UnpicklingError("it has something else where the bytes of an array should be")


def _array(*_: Any) -> _Array:
    return _Array()


def _array_of(content: Any, kind: _Kind, shape: Sequence[int], order: Literal["C", "F"]) -> _Array:
    return _Array(_elements(content, kind, shape, order))


def _no_bytes() -> bytes:
    return b""


_MAKERS = {
    ("numpy", "ndarray"): _array,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _bytes,
    **{(module, "bytes"): _no_bytes for module in ("builtins", "__builtin__")},
    **{(module, kind.__name__): kind for module in ("builtins", "__builtin__") for kind in (set, frozenset)},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _array_of for core in ("core", "_core")},
}


class _DataUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        make = _MAKERS.get((module, name))
        if make is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and labels need nothing but containers, numbers and arrays")
        # A new function each time: a pickle may set attributes of what it was given.
        return lambda *given: make(*given)
