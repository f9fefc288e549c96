"""Where lanes go: pure arithmetic from how many there are to the rectangles they get.

Lanes that deserve it get a pane, in the order of urgency, in as many columns as the screen is wide; the rest are one
line each below the panes; what does not even fit there is counted in the last line.
"""

from __future__ import annotations

import msgspec

MIN_PANE_ROWS = 6
"""Frame, and four rows to read: fewer tell nothing."""

SMALL_PANE_ROWS = 5
"""On a low screen."""

EASY_PANE_ROWS = 10
"""What each pane keeps before a lane that is over gets one too."""


class Rect(msgspec.Struct, frozen=True):
    """A rectangle in cells, relative to the board."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, x: int, y: int) -> bool:
        """Whether a cell lies inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Tiling(msgspec.Struct, frozen=True):
    """The rectangles of a board."""

    panes: tuple[Rect, ...]
    """For the first lanes, in order."""
    lines: tuple[Rect, ...]
    """One row each, for the lanes after those."""
    hidden: int
    """How many lanes after those are only counted."""
    rest: Rect | None = None
    """Where they are counted."""


def columns_for(screen_width: int) -> int:
    """How many columns of lanes a screen has."""
    if screen_width >= 180:
        return 3
    return 2 if screen_width >= 140 else 1


def tile(busy: int, wanting: int, total: int, width: int, height: int, columns: int) -> Tiling:
    """Lay out a board.

    In:   busy, how many lanes (the first ones) need a pane; wanting, how many would like one, busy ones included;
          total, how many there are; the board's size in cells; columns of panes.
    Out:  rectangles that do not overlap and lie inside the board.
    """
    if total == 0 or width < 4 or height < 1:
        return Tiling((), (), total)
    panes = _pane_count(busy, total, height, columns)
    while panes < wanting and _rows(panes + 1, columns) * EASY_PANE_ROWS + min(total - panes - 1, 3) <= height:
        panes += 1
    panes = panes or _pane_count(min(wanting, columns), total, height, columns)
    others = total - panes
    for_lines = min(others, height - _needed(panes, others, height, columns))
    top = height - for_lines if panes else 0
    hides_some = others > for_lines > 0
    shown = for_lines - hides_some
    return Tiling(
        _panes(panes, width, top, columns) if panes else (),
        tuple(Rect(0, top + index, width, 1) for index in range(shown)),
        others - shown,
        Rect(0, top + shown, width, 1) if hides_some else None,
    )


def _needed(panes: int, others: int, height: int, columns: int) -> int:
    """The rows that panes take at least; a single pane leaves one line to the others on any screen."""
    needed = _rows(panes, columns) * _least(height)
    return min(needed, height - min(others, 1))


def _least(height: int) -> int:
    return MIN_PANE_ROWS if height >= 24 else SMALL_PANE_ROWS


def _rows(panes: int, columns: int) -> int:
    return -(-panes // columns)


def _pane_count(wanting: int, total: int, height: int, columns: int) -> int:
    """As many panes as fit beside at least one line for what is left over."""
    least = _least(height)
    for panes in range(wanting, 0, -1):
        left = total - panes
        needed = min(left, max(3, height // 5)) if panes > 1 else min(left, 1)
        if _rows(panes, columns) * least + needed <= height:
            return panes
    return 1 if wanting and height >= 3 and (total == 1 or height >= 4) else 0


def _panes(panes: int, width: int, height: int, columns: int) -> tuple[Rect, ...]:
    rows = _rows(panes, columns)
    rects: list[Rect] = []
    y = 0
    for row in range(rows):
        tall = height // rows + (1 if row < height % rows else 0)
        # Four lanes in three columns are two and two, not three and one.
        in_row = panes // rows + (1 if row < panes % rows else 0)
        x = 0
        for column in range(in_row):
            wide = width // in_row + (1 if column < width % in_row else 0)
            rects.append(Rect(x, y, wide, tall))
            x += wide
        y += tall
    return tuple(rects)
