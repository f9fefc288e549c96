"""A screen with a head, one pager and a footer: what zoom, approval, help and runs have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from tui.cells import Row, crop, fit, row_width
from tui.glyphs import Glyphs
from tui.lines import Lines
from tui.pager import Pager
from tui.theme import Palette

if TYPE_CHECKING:
    from tui.dashboard import Dashboard


class SearchLine(Input):
    """What to look for."""

    DEFAULT_CSS = """
    SearchLine, SearchLine:focus { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    SearchLine.-open, SearchLine.-open:focus { display: block; }
    """


class ReadingScreen(Screen[None]):
    """Head rows, a pager, footer keys; `/` searches, `y` copies, Esc goes back."""

    BINDINGS = [
        Binding("escape,q", "back", "back", show=False),
        Binding("slash,ctrl+f", "search", "search", show=False),
        Binding("n", "match(1)", "next match", show=False),
        Binding("N", "match(-1)", "match before", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    def __init__(self, palette: Palette, glyphs: Glyphs) -> None:
        super().__init__()
        self.palette = palette
        self.glyphs = glyphs
        self.head = Lines(palette, "head")
        self.pager = Pager(palette)
        self.foot = Lines(palette, "foot", "raised")
        self._search = SearchLine(id="search", placeholder="search", select_on_focus=False)
        self._search.cursor_blink = False

    @property
    def dashboard(self) -> Dashboard:
        """The application."""
        from tui.dashboard import Dashboard

        app = self.app
        if not isinstance(app, Dashboard):
            raise TypeError("this screen belongs to the dashboard")
        return app

    def compose(self) -> ComposeResult:
        """Head, text, search, keys."""
        yield self.head
        yield self.pager
        yield self._search
        yield self.foot

    def on_mount(self) -> None:
        """Show everything."""
        self.pager.focus()
        self.call_after_refresh(self.fill)

    def on_resize(self) -> None:
        """Lay out for another size."""
        self.show_frame()

    def fill(self) -> None:
        """Show head, text and keys."""
        self.show_frame()

    def show_frame(self) -> None:
        """Show head and keys."""
        rows = [fit(row, self.size.width, self.glyphs.ellipsis) for row in self.head_rows()]
        self.head.styles.height = len(rows)
        self.head.show(rows)
        self.say("")

    def head_rows(self) -> list[Row]:
        """What the screen is about."""
        return []

    def keys(self) -> Sequence[tuple[str, str]]:
        """Key and word, at most seven."""
        return (("esc", "back"), ("/", "search"), ("y", "copy"))

    def action_back(self) -> None:
        """Leave the search, or the screen."""
        if self._search.display:
            self._close_search()
        else:
            self.dismiss()

    def action_search(self) -> None:
        """Ask what to look for."""
        self._search.add_class("-open")
        self._search.value = ""
        self._search.focus()

    def action_match(self, step: int) -> None:
        """Another place that has it."""
        self.pager.next_match(step)

    def action_copy(self) -> None:
        """Hand the text to the terminal's clipboard."""
        self.app.copy_to_clipboard(self.pager.text())
        self.say("copied")

    def say(self, words: str) -> None:
        """A word at the right of the footer; the keys take as many rows as they need, for each must be seen."""
        rows = self._foot_rows(words)
        self.foot.styles.height = len(rows)
        self.foot.show(rows)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Look for it."""
        found = self.pager.search(message.value)
        self._close_search()
        self.say(f"{found} rows have it" if found else "not found")

    def _close_search(self) -> None:
        self._search.remove_class("-open")
        self.pager.focus()

    def _foot_rows(self, words: str = "") -> list[Row]:
        width = self.size.width
        rows: list[Row] = [((" ", ""),)]
        for key, word in self.keys():
            piece: Row = ((key, "accent+bold"), (f" {crop(word, max(8, width // 2), self.glyphs.ellipsis)}   ", "dim"))
            if row_width((*rows[-1], *piece)) > width + 2 and len(rows[-1]) > 1:
                rows.append(((" ", ""),))
            rows[-1] += piece
        gap = width - row_width(rows[-1]) - len(words) - 1
        rows[-1] += ((" " * max(1, gap), ""), (words, "proven"))
        return rows[-max(1, self.size.height // 2) :]
