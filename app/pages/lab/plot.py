"""Curves as SVG: drawn by us, so that they follow the page's colours, light and dark, and can be saved as they are."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from app.pages.lab.introspection import Series, as_csv
from app.server.scripts import on_load
from comp_core.support.assets import ASSETS

SAVE = on_load("lab/save.js", "element")
REPORTS_DIR = ASSETS / "reports"
_WIDTH, _HEIGHT = 640, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 26, 14, 44
# Okabe-Ito, told apart with any colour vision; a dash pattern tells them apart without colour.
_STROKES = (("#0072b2", ""), ("#d55e00", ""), ("#009e73", "7 4"), ("#cc79a7", "2 4"), ("#56b4e9", "9 3 2 3"), ("#e69f00", "4 2"))


@dataclass(frozen=True)
class Axis:
    """What runs from left to right: its title, how a value of it is written, and how many values from one that is written to the next."""

    title: str
    write: Callable[[float], str]
    every: int = 1


RATE = Axis("missing rate", lambda rate: f"{100 * rate:.0f} %")
EPOCH = Axis("epoch", lambda epoch: f"{epoch:.0f}", every=5)


def curves_svg(series: Sequence[Series], label: str, axis: Axis = RATE, expected: Sequence[float] = ()) -> str:
    """Accuracy with bands of one standard deviation; ``label`` describes it to those who do not see it.

    There is room for the ``expected`` values of the axis, whether or not they are there already.
    """
    rates = sorted({*expected, *(rate for s in series for rate in s.rates)})
    lows = [m - d for s in series for m, d in zip(s.means, s.spreads, strict=True)]
    highs = [m + d for s in series for m, d in zip(s.means, s.spreads, strict=True)]
    bottom, top = max(0.0, int(20 * min(lows)) / 20), min(1.0, (int(20 * max(highs)) + 1) / 20)
    span = max(rates[-1] - rates[0], 1e-9)

    def x(rate: float) -> float:
        return _LEFT + (rate - rates[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(accuracy: float) -> float:
        return _TOP + (top - accuracy) / max(top - bottom, 1e-9) * (_HEIGHT - _TOP - _BOTTOM)

    ticks = [bottom + 0.05 * i for i in range(round((top - bottom) / 0.05) + 1)]
    grid = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(t):.1f}" y2="{y(t):.1f}" stroke="currentColor" opacity="0.15"/>'
        f'<text x="{_LEFT - 8}" y="{y(t) + 4:.1f}" text-anchor="end">{100 * t:.0f} %</text>'
        for t in ticks
    )
    below = "".join(
        f'<text x="{x(r):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{axis.write(r)}</text>' for r in rates[:: axis.every]
    )
    title = f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{axis.title}</text>'
    lines = "".join(_curve(s, stroke, x, y, dots=axis.every == 1) for s, stroke in zip(series, _STROKES, strict=False))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label, quote=True)}" '
        f'fill="currentColor" font-family="system-ui, sans-serif" font-size="13">{grid}{below}{title}{lines}</svg>'
    )


def curves_html(series: Sequence[Series], label: str, note: str, axis: Axis = RATE, expected: Sequence[float] = ()) -> str:
    """The drawing with its legend and where it comes from."""
    legend = "".join(
        f'<li><svg viewBox="0 0 34 10" aria-hidden="true"><line x1="1" x2="33" y1="5" y2="5" stroke="{colour}" stroke-width="3" '
        f'stroke-dasharray="{dashes}"/></svg>{escape(s.title)} <b>{100 * s.means[-1]:.1f} %</b></li>'
        for s, (colour, dashes) in zip(series, _STROKES, strict=False)
    )
    return (
        f'<figure class="cp cp-panel cp-curve">{curves_svg(series, label, axis, expected)}<ul class="cp-legend">{legend}</ul>'
        f"<figcaption>{note}</figcaption>{saves_html('curve', as_csv(series, axis.title))}</figure>"
    )


def saves_html(name: str, table: str) -> str:
    """What saves the drawing of the figure that this stands in, by ``save.js``, and its figures, a CSV that lies in the link itself."""
    encoded = base64.b64encode(table.encode()).decode()
    return (
        f'<p class="cp-files"><button type="button" class="cp-correct" data-save="png" data-name="{name}">Save as PNG</button>'
        f'<button type="button" class="cp-correct" data-save="svg" data-name="{name}">SVG</button>'
        f'<a class="cp-correct cp-link" download="{name}.csv" href="data:text/csv;base64,{encoded}">CSV</a></p>'
    )


def report_link(name: str) -> str:
    """The committed report of that name, to be read."""
    return f'<a href="reports/{quote(name)}.json" target="_blank">assets/reports/{escape(name)}.json</a>'


def _curve(series: Series, stroke: tuple[str, str], x: Callable[[float], float], y: Callable[[float], float], dots: bool) -> str:
    colour, dashes = stroke
    points = [(x(r), y(m)) for r, m in zip(series.rates, series.means, strict=True)]
    above = [(x(r), y(m + d)) for r, m, d in zip(series.rates, series.means, series.spreads, strict=True)]
    under = [(x(r), y(m - d)) for r, m, d in zip(series.rates, series.means, series.spreads, strict=True)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    band = " ".join(f"{a:.1f},{b:.1f}" for a, b in [*above, *reversed(under)])
    drawn = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points if dots)
    return (
        f'<polygon points="{band}" fill="{colour}" opacity="0.13"/>'
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>{drawn}'
    )
