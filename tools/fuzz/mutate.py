"""Damage: what becomes of a valid input."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

MOST_BYTES = 1_000_000
_NUMBERS = (0, 1, -1, 2, 127, 255, 256, 32767, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1)
_FORMATS = ("B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_VALUES = (
    None,
    True,
    False,
    "",
    "x" * 20_000,
    "\ud800",
    "\0",
    "../../etc/passwd",
    "1",
    0.5,
    -0.0,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
)
_VALUES += (10**400, [], [[]], [0.5, 0.5], {}, {"": None}, {"utterance": -1, "text": "\udfff"}, *_NUMBERS)
_NAMES = (
    "",
    "\ud800",
    "token",
    "typed",
    "note",
    "jpeg",
    "pcm",
    "first",
    "captured",
    "corrected",
    "face",
    "muted",
    "kind",
    "layers",
    "__class__",
)
# What is special in JSON, CSV, paths and pickles.
WORDS = (
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"NaN",
    b"9" * 400,
    b'"\\ud800"',
    b"\\u0000",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"[" * 3000,
    b'{"a":' * 500,
    b"../../../etc/passwd",
    b"/etc/passwd",
    b"C:\\x",
    b"file:///etc/passwd",
    b'"',
    b",",
    b"\n",
    "\u202e\U0001f600\u0301".encode(),
    b"cos\nsystem\n(S'true'\ntR.",
    b"cbuiltins\nopen\n(S'/etc/passwd'\ntR.",
    b"cnumpy\nfromfile\n(S'/etc/passwd'\ntR.",
)


def mutated(seeds: Sequence[bytes], random: Random) -> bytes:
    """One of the seeds, damaged in one to four ways; most often, what is JSON stays JSON."""
    seed = random.choice(seeds)
    if random.random() < 0.75:
        with suppress(ValueError):
            return _rebuilt(json.loads(seed), random)
    content = bytearray(seed)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(_WAYS)(content, seeds, random)
    return bytes(content[:MOST_BYTES])


def _rebuilt(whole: Any, random: Random) -> bytes:
    """JSON with some of its values replaced, left out, doubled or under another name."""
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(_within(whole))
        if not places:
            return json.dumps(random.choice(_VALUES)).encode()
        holder, key = random.choice(places)
        way = random.randrange(4)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, dict):
            holder[random.choice(_NAMES)] = holder.pop(key)
        elif way == 2 and isinstance(holder[key], str):
            holder[key] = holder[key][: random.randrange(len(holder[key]) + 1)] * random.choice((1, 2, 200))
        else:
            holder[key] = random.choice(_VALUES)
    return json.dumps(whole).encode()


def _within(whole: Any) -> Iterator[tuple[Any, Any]]:
    """Every (dict or list, key or index); of long ones, the first hundred."""
    keys = list(whole)[:100] if isinstance(whole, dict) else range(len(whole[:100])) if isinstance(whole, list) else ()
    for key in keys:
        yield whole, key
        yield from _within(whole[key])


def _place(content: bytearray, random: Random) -> int:
    # Half of the damage goes to the head, where formats say how large everything is.
    return random.randrange(min(len(content), 256) if random.random() < 0.5 else len(content)) if content else 0


def _cut(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    del content[_place(content, random) :]


def _take_out(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    start = _place(content, random)
    del content[start : start + random.randint(1, 64)]


def _repeat(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    start = _place(content, random)
    content[start:start] = content[start : start + random.randint(1, 512)] * random.choice((1, 2, 50))


def _flip(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    for _ in range(random.choice((1, 8, 64)) if content else 0):
        content[_place(content, random)] ^= 1 << random.randrange(8)


def _number(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    form = random.choice(_FORMATS)
    size = struct.calcsize(form)
    start = _place(content, random)
    content[start : start + size] = struct.pack(form, random.choice(_NUMBERS) % 256**size)


def _digits(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    """Another number in the place of one that is written out."""
    places = [i for i, byte in enumerate(content[:4096]) if 48 <= byte <= 57]
    if places:
        start = end = random.choice(places)
        while end < len(content) and 48 <= content[end] <= 57:
            end += 1
        content[start:end] = str(random.choice(_NUMBERS)).encode()


def _word(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    start = _place(content, random)
    content[start : start + random.choice((0, 0, 4))] = random.choice(WORDS)


def _splice(content: bytearray, seeds: Sequence[bytes], random: Random) -> None:
    other = random.choice(seeds)
    start = random.randrange(len(other) + 1)
    content[_place(content, random) :] = other[start:]


_WAYS = (_cut, _take_out, _repeat, _flip, _flip, _number, _number, _digits, _word, _word, _splice)
