"""Praat's TextGrid in its long form: interval tiers that cover the whole time, with empty intervals where nothing is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from comp_core.formats.tiers import SHORTEST_S, Span, Tier


def textgrid(tiers: Sequence[Tier]) -> str:
    """The tiers as the text of a ``.TextGrid`` file, from 0 s to the end of the last span."""
    end = max((span.end for tier in tiers for span in tier.spans), default=SHORTEST_S)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end:.3f}", "tiers? <exists>"]
    lines += [f"size = {len(tiers)}", "item []:"]
    for number, tier in enumerate(tiers, 1):
        intervals = list(_covering(tier.spans, end))
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(tier.name)}"]
        lines += ["        xmin = 0", f"        xmax = {end:.3f}", f"        intervals: size = {len(intervals)}"]
        for place, span in enumerate(intervals, 1):
            lines += [f"        intervals [{place}]:", f"            xmin = {span.start:.3f}", f"            xmax = {span.end:.3f}"]
            lines.append(f"            text = {_quoted(span.text)}")
    return "\n".join(lines) + "\n"


def _covering(spans: Sequence[Span], end: float) -> Iterator[Span]:
    """The spans in milliseconds, and what is between them."""
    at = 0.0
    for span in spans:
        start, stop = round(span.start, 3), round(span.end, 3)
        if start > at:
            yield Span(at, start, "")
        yield Span(start, stop, span.text)
        at = stop
    if at < round(end, 3):
        yield Span(at, end, "")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
