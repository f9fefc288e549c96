"""A long text to read: scrolls, searches, copies; the one reading widget of all screens that are not the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.cells import Row, fit, row_width, wrap
from tui.marking import cut, plain
from tui.theme import Palette

Source = Callable[[int], list[Row]]
"""Rows for a width in cells."""


def wrapped(lines: Sequence[Row], width: int, indent: int = 2) -> list[Row]:
    """Lines of any length as rows that fit; where a line goes on, it is indented."""
    indent = min(indent, max(0, width - 16))
    rows: list[Row] = []
    for line in lines:
        if row_width(line) <= width:
            rows.append(line)
            continue
        # The first row may be longer by the indent, but one width for all keeps the offsets in one pass.
        first, *rest = wrap(plain(line), max(8, width - indent))
        rows.append(cut(line, *first))
        rows += [((" " * indent, ""), *cut(line, *span)) for span in rest]
    return rows


class Pager(ScrollView, can_focus=True):
    """Shows rows from a source; stays at the end when it stood there and more came."""

    BINDINGS = [
        Binding("j,down", "scroll_down", "down", show=False),
        Binding("k,up", "scroll_up", "up", show=False),
        Binding("ctrl+d,pagedown,space", "page_down", "page down", show=False),
        Binding("ctrl+u,pageup", "page_up", "page up", show=False),
        Binding("g,home", "scroll_home", "start", show=False),
        Binding("G,end", "scroll_end", "end", show=False),
    ]
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Pager { height: 1fr; width: 1fr; background: $background; scrollbar-size-vertical: 1;
            scrollbar-color: $panel; scrollbar-background: $background; scrollbar-color-hover: $o-accent;
            scrollbar-background-hover: $background; scrollbar-color-active: $o-accent;
            scrollbar-background-active: $background; overflow-x: hidden; padding: 0; }
    """

    def __init__(self, palette: Palette, name: str = "pager") -> None:
        super().__init__(id=name)
        self.palette = palette
        self.pattern = ""
        self.matches: list[int] = []
        self._rows: list[Row] = []
        self._source: Source = lambda _: []
        self._is_following = False

    def read(self, source: Source, is_following: bool = False) -> None:
        """Show another text, from its start or, following, from its end."""
        self._source = source
        self._is_following = is_following
        self._fill()
        if is_following:
            self.scroll_end(animate=False)
        else:
            self.scroll_to(0, 0, animate=False)

    def refill(self) -> None:
        """The source has more."""
        was_at_end = self.scroll_offset.y >= self.max_scroll_y
        self._fill()
        if was_at_end and self._is_following:
            self.scroll_end(animate=False)

    def text(self) -> str:
        """Everything, to be copied."""
        return "\n".join(plain(row).rstrip() for row in self._rows)

    def search(self, pattern: str) -> int:
        """Mark a text wherever it is; returns how many rows have it."""
        self.pattern = pattern.casefold()
        self._find()
        self.refresh()
        if self.matches:
            self._show_match(next((row for row in self.matches if row >= self.scroll_offset.y), self.matches[0]))
        return len(self.matches)

    def next_match(self, step: int) -> None:
        """The next row that has it, or the one before."""
        here = self.scroll_offset.y
        later = [row for row in self.matches if row > here]
        earlier = [row for row in self.matches if row < here]
        chosen = (later or self.matches)[:1] if step > 0 else (earlier or self.matches)[-1:]
        if chosen:
            self._show_match(chosen[0])

    def render_line(self, y: int) -> Strip:
        """One row."""
        index = y + self.scroll_offset.y
        row = self._rows[index] if index < len(self._rows) else ()
        if self.pattern and index in self._marked:
            row = _highlighted(row, self.pattern)
        return self.palette.strip(fit(((" ", ""), *row), self.size.width))

    def on_resize(self) -> None:
        """Wrap for another width."""
        self.refill()

    def _fill(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self._rows = self._source(max(8, width - 2))
        self._find()
        self.virtual_size = Size(self.size.width, len(self._rows))
        self.refresh()

    def _find(self) -> None:
        rows = enumerate(self._rows)
        self.matches = [n for n, row in rows if self.pattern in plain(row).casefold()] if self.pattern else []
        self._marked = set(self.matches)

    def _show_match(self, row: int) -> None:
        self.scroll_to(0, max(0, min(row, self.max_scroll_y)), animate=False)


def _highlighted(row: Row, pattern: str) -> Row:
    """A row with the text it was found for in reverse."""
    text = plain(row)
    folded = text.casefold()
    if len(folded) != len(text):
        return tuple((piece, "match+bold") for piece, _ in row)
    pieces: list[tuple[str, str]] = []
    at = 0
    while (found := folded.find(pattern, at)) >= 0:
        pieces += cut(row, at, found)
        pieces.append((text[found : found + len(pattern)], "match+reverse"))
        at = found + len(pattern)
    return (*pieces, *cut(row, at, len(text)))
