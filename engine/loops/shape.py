"""The shape of a stream's tail, and how much repetition that shape is allowed.

Honest text repeats too, each shape to its own measure: a table of zeros repeats for pages, prose hardly for two lines.
The limits are measured on real files of every kind (style sheets, lock files, changelogs, SQL, SVG, generated code)
and on real degenerate output. Each sits on a plateau: a change by a third, up or down, moves the F1 by 0.012 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FENCE = "```"


class Shape(StrEnum):
    """What the tail of a stream looks like."""

    PROSE = "prose"
    CODE = "code"
    TABLE = "table"
    DIGITS = "digits"
    SYMBOLS = "symbols"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a shape may repeat before it counts as a loop."""

    cycle_characters: int
    """Length of an exactly periodic tail."""
    cycle_times: float
    """Periods in that tail, the first not counted."""
    drift_characters: float
    """Evidence of a tail that repeats with small changes."""
    drift_times: float
    density: float
    """Share that is left of six hundred characters after deflate, below which they say nothing."""
    density_short: float
    """The same for 256 characters."""


LIMITS = {
    Shape.PROSE: Limits(110, 2.5, 180, 4, 0.16, 0.20),
    Shape.CODE: Limits(140, 2.5, 240, 8, 0.12, 0.12),
    Shape.TABLE: Limits(600, 8, 600, 12, 0.04, 0.04),
    Shape.SYMBOLS: Limits(600, 8, 900, 20, 0.04, 0.04),
    Shape.DIGITS: Limits(3000, 12, 6000, 100, 0.0, 0.0),
}


def shape_of(tail: str, *, fenced: bool = False) -> Shape:
    """Name the shape of a tail of a few hundred characters; fenced inside a Markdown code block."""
    marks = len(tail) - tail.count(" ") - tail.count("\n") or 1
    letters = sum(map(str.isalpha, tail))
    digits = sum(map(str.isdigit, tail))
    if letters < marks * 0.3:
        return Shape.DIGITS if digits > marks * 0.2 else Shape.SYMBOLS
    symbols = marks - letters - digits
    separators = tail.count("|") + tail.count("\t") + tail.count(",")
    is_unbroken = marks > len(tail) * 0.96  # base64, minified text: honest runs of "AQEBAQEB" occur
    if is_unbroken or separators > marks * 0.1 or digits > marks * 0.25 or symbols > letters * 0.8:
        return Shape.TABLE
    if fenced or symbols > marks * 0.14:
        return Shape.CODE
    return Shape.PROSE
