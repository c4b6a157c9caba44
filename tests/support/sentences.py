"""The sentences that the pages' own code can show, found in it: for what has to know them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

# Stands where a sentence is filled in.
HOLE = "7"
_SENTENCE = re.compile(r"[A-Z][^<>]*[a-z] [^<>]*[.…]")
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
_SHOWN = ("title", "aria-label", "placeholder", "alt")


def of_python(path: Path) -> Iterator[str]:
    """Whole sentences in strings that are no docstrings; a hole where a string is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed = {id(node.body[0].value) for node in ast.walk(tree) if _has_docstring(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _SENTENCE.fullmatch(text.strip()):
            yield text.strip()


def _has_docstring(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)


def of_script(path: Path) -> Iterator[str]:
    """Whole sentences in a script's strings, with a hole for each ``${...}``."""
    for plain, template in _LITERAL.findall(path.read_text(encoding="utf-8")):
        text = plain or re.sub(r"\$\{[^{}]*\}", HOLE, template)
        if "${" not in text and _SENTENCE.fullmatch(text):
            yield text


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attributes if name in _SHOWN and value]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def of_markup(html: str) -> Iterator[str]:
    """Every text of a page's markup, and what its attributes tell."""
    parser = _Texts()
    parser.feed(html)
    yield from (text for one in parser.found if re.search(r"[^\W\d_]{2}", text := " ".join(one.split())))
