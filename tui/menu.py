"""A list to choose from, drawn in lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.cells import Row, fit
from tui.glyphs import Glyphs
from tui.theme import Palette


class Menu(Widget, can_focus=True):
    """Rows with one selected; Enter chooses it."""

    BINDINGS = [
        Binding("j,down", "step(1)", "next", show=False),
        Binding("k,up", "step(-1)", "before", show=False),
        Binding("g,home", "step(-100000)", "first", show=False),
        Binding("G,end", "step(100000)", "last", show=False),
        Binding("enter", "choose", "choose", show=False),
    ]
    ALLOW_SELECT = False
    DEFAULT_CSS = "Menu { height: 1fr; width: 1fr; background: $background; }"

    class Chosen(Message):
        """A row was chosen."""

        def __init__(self, key: str) -> None:
            self.key = key
            super().__init__()

    def __init__(self, palette: Palette, glyphs: Glyphs) -> None:
        super().__init__(id="menu")
        self.palette = palette
        self.glyphs = glyphs
        self.empty: Row = ()
        self._entries: list[tuple[str, Row]] = []
        self._at = 0

    @property
    def selected(self) -> str | None:
        """The key of the selected row."""
        return self._entries[self._at][0] if self._entries else None

    def offer(self, entries: Sequence[tuple[str, Row]]) -> None:
        """Show these rows, each with its key; the selection stays on its key."""
        chosen = self.selected
        self._entries = list(entries)
        keys = [key for key, _ in self._entries]
        self._at = keys.index(chosen) if chosen in keys else 0
        self.refresh()

    def action_step(self, step: int) -> None:
        """Another row."""
        self._at = max(0, min(len(self._entries) - 1, self._at + step))
        self.refresh()

    def action_choose(self) -> None:
        """This one."""
        if self.selected is not None:
            self.post_message(self.Chosen(self.selected))

    def on_click(self, event: events.Click) -> None:
        """Select by mouse, choose by a second click."""
        row = event.y + self._top()
        if 0 <= row < len(self._entries):
            self._at = row
            self.refresh()
            if event.chain > 1:
                self.action_choose()

    def render_line(self, y: int) -> Strip:
        """One row."""
        index = y + self._top()
        width = self.size.width
        if index >= len(self._entries):
            row = self.empty if y == 0 and not self._entries else ()
            return self.palette.strip(fit(row, width))
        is_selected = index == self._at
        mark = f" {self.glyphs.cursor} " if is_selected else "   "
        row = fit(((mark, "accent+bold"), *self._entries[index][1]), width, self.glyphs.ellipsis)
        if is_selected:
            row = tuple((text, f"{role.partition('@')[0]}@panel") for text, role in row)
        return self.palette.strip(row)

    def _top(self) -> int:
        height = max(1, self.size.height)
        return max(0, min(self._at - height // 2, len(self._entries) - height))
