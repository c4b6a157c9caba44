"""What options may say, as the parser's types."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number from 1 up")
    return int(text)


def names(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def pairs(text: str) -> dict[str, str]:
    """``audio=NAME,text=NAME`` -> modality -> name."""
    if not all("=" in part for part in names(text)):
        raise argparse.ArgumentTypeError("give names as audio=NAME,text=NAME,video=NAME")
    return dict(part.split("=", 1) for part in names(text))


def rates(text: str) -> tuple[float, ...]:
    """Missing rates between commas, each larger than the one before."""
    rates = tuple(float(part) for part in names(text))
    if not rates or list(rates) != sorted(set(rates)) or not 0 <= rates[0] <= rates[-1] <= 0.7:
        raise argparse.ArgumentTypeError("missing rates rise, from 0 to 0.7, like 0.1,0.3,0.5")
    return rates
