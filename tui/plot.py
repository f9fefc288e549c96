"""A curve as lines of text: the highest value of every column, on a scale from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence

HEIGHT = 8
WIDEST = 4
"""Cells of a column, where there are few."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
COARSE = "  ..::-=#"
"""The same for terminals that know only ASCII."""


def plot(points: Sequence[tuple[int, float]], width: int, unit: str, *, is_ascii: bool = False) -> list[str]:
    """Draw a curve.

    In:   points (where, value from 0 to 1) in order, at least one; width of the whole in cells; the unit of `where`.
    Out:  lines of at most that width: the curve, its ground, and where it begins and ends.
    """
    marks = COARSE if is_ascii else EIGHTHS
    corner, ground, side = ("+", "-", "|") if is_ascii else ("└", "─", "│")
    room = max(8, width - 5)
    first, last = points[0][0], points[-1][0]
    columns = _columns(points, min(room, last - first + 1))
    columns = [value for value in columns for _ in range(max(1, min(WIDEST, room // len(columns))))]
    labels = {HEIGHT - 1: "1.0", HEIGHT // 2 - 1: "0.5"}
    lines = [
        f"{labels.get(row, ''):>3} {side}" + "".join(_cell(value, row, marks) for value in columns).rstrip()
        for row in reversed(range(HEIGHT))
    ]
    begin, end = f"{unit} {first}", str(last)
    gap = " " * max(1, len(columns) - len(begin) - len(end))
    return [*lines, f"0.0 {corner}{ground * len(columns)}", f"{'':5}{begin}{gap}{end}"]


def _columns(points: Sequence[tuple[int, float]], count: int) -> list[float]:
    """The highest value of each column; a column without a point repeats the one before."""
    first, span = points[0][0], points[-1][0] - points[0][0] + 1
    columns: list[float | None] = [None] * count
    for at, value in points:
        column = (at - first) * count // span
        columns[column] = max(value, columns[column] or 0.0)
    filled, before = list[float](), 0.0
    for found in columns:
        before = before if found is None else found
        filled.append(before)
    return filled


def _cell(value: float, row: int, marks: str) -> str:
    eighths = round(min(1.0, max(0.0, value)) * HEIGHT * 8) - row * 8
    return marks[min(8, max(0, eighths))]
