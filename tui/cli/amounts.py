"""Amounts as people write them on the command line and in settings: `2.50`, `500k`, `20m`, `1h30m`, speed `2`."""

from __future__ import annotations

import argparse
import re

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)")
_SPAN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?")
_MONEY = re.compile(r"\$?(\d+(?:\.\d+)?)")


def tokens(text: str) -> int:
    """A number of tokens: `500k`, `1.5M`, `120000`."""
    found = _NUMBER.fullmatch(text.strip().lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens: write 500k, 1.5M or 120000")
    return round(float(found[1]) * _UNITS[found[2]])


def seconds(text: str) -> float:
    """A length of time: `90s`, `20m`, `1h30m`; a bare number is seconds."""
    found = _SPAN.fullmatch(text.strip().lower())
    if not found or not any(found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time: write 90s, 20m or 1h30m")
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return hours * 3_600 + minutes * 60 + rest


def usd(text: str) -> float:
    """Dollars: `2.50`."""
    found = _MONEY.fullmatch(text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars: write 2.50")
    return float(found[1])


def speed(text: str) -> float:
    """How many times as fast: `2`, `0.5`."""
    found = _MONEY.fullmatch(text.strip())
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: write 2 or 0.5")
    return float(found[1])
