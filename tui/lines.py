"""The small widgets of the dashboard, each a few drawn rows: header, plan, needs, faults, footer."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.cells import Row, fit
from tui.theme import Palette


class Lines(Widget):
    """Rows of text, drawn as they are; a changed row is repainted alone."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Lines { width: 1fr; height: 1; }"

    def __init__(self, palette: Palette, name: str, surface: str = "") -> None:
        """In: surface, the role of the ground under all of it."""
        super().__init__(id=name)
        self.palette = palette
        self._surface = surface
        self._rows: list[Row] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows, from the top."""
        old, self._rows = self._rows, list(rows)
        if len(old) != len(self._rows):
            self.refresh()
            return
        changed = [Region(0, y, self.size.width, 1) for y, row in enumerate(self._rows) if row != old[y]]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """One row, filled to the widget's width."""
        row = fit(self._rows[y] if y < len(self._rows) else (), self.size.width)
        if self._surface:
            row = tuple((text, role if "@" in role else f"{role}@{self._surface}") for text, role in row)
        return self.palette.strip(row)
