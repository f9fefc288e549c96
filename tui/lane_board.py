"""All lanes in one widget that draws lines: nothing in here touches layout, and only rows that changed are drawn again.

A widget for each lane would cost a layout at each change and a compositor pass for each token. Here `tiling` says where
lanes go, `lane_pane` turns each into rows, rows become strips once, and `refresh(Region)` repaints the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.bindings import bindings_for
from tui.cells import Row, fit
from tui.glyphs import Glyphs
from tui.keys import REMEDIES, Place
from tui.lane_pane import Frame, line_row, pane_rows
from tui.lane_view import LaneView
from tui.output import LaneOutput, Line
from tui.theme import Palette
from tui.tiling import Rect, Tiling, columns_for, tile


class _Tile(msgspec.Struct):
    """A rectangle of the board and the rows drawn there."""

    rect: Rect
    rows: list[Row] = []
    key: object = None
    """What the rows were made from."""


class LaneBoard(Widget, can_focus=True):
    """The grid of lanes: shows views, knows which one is selected, and nothing else."""

    BINDINGS = [*bindings_for(Place.LANES)]
    ALLOW_SELECT = False
    DEFAULT_CSS = "LaneBoard { height: 1fr; width: 1fr; }"

    def __init__(self, palette: Palette, glyphs: Glyphs, on_remedy: Callable[[str, str], None]) -> None:
        """In: on_remedy, called with the task and the chosen rung (`break` for now, `` for none)."""
        super().__init__(id="lanes")
        self.palette = palette
        self.glyphs = glyphs
        self.selected: str | None = None
        self.is_chosen = False
        """Whether the person chose the selected lane; until then it is the first one."""
        self._is_stopgap = False
        """Whether the chosen lane went away: a lane that has ended stands in for it until somebody is at work again."""
        self.remedy_for: str | None = None
        self.hearing: str | None = None
        self.empty: tuple[Row, ...] = ()
        self.screen_width = 80
        self._on_remedy = on_remedy
        self._views: tuple[LaneView, ...] = ()
        self._outputs: Mapping[str, LaneOutput] = {}
        self._tiling = Tiling((), (), 0)
        self._tiles: list[_Tile] = []
        self._anchors: dict[str, Line] = {}

    # -- what it shows

    def show(self, views: tuple[LaneView, ...], outputs: Mapping[str, LaneOutput]) -> None:
        """Show these lanes; repaints what differs from before."""
        self._views, self._outputs = views, outputs
        if not self.is_chosen or all(view.task != self.selected for view in views):
            self._is_stopgap = self.is_chosen
            self.selected = views[0].task if views else None
        elif self._is_stopgap and views[0].is_busy and not self._is_busy(self.selected):
            self.selected = views[0].task
        self.repaint()

    def repaint(self, everything: bool = False) -> None:
        """Bring the rows up to date and mark the changed ones."""
        if not self.is_mounted or not self.size:
            return
        tiling = self._tile()
        if everything or tiling != self._tiling or len(self._tiles) != self._tile_count(tiling):
            self._tiling = tiling
            rects = [*tiling.panes, *tiling.lines, *([tiling.rest] if tiling.rest else [])]
            self._tiles = [_Tile(rect) for rect in rects]
            for index in range(len(self._tiles)):
                self._draw(index)
            self.refresh()
            return
        if not self._views:
            self.refresh()
            return
        dirty = [region for index in range(len(self._tiles)) for region in self._draw(index)]
        if dirty:
            self.refresh(*dirty)

    def select(self, task: str | None) -> None:
        """Choose a lane."""
        self.is_chosen, self._is_stopgap = True, False
        if task != self.selected:
            self.selected = task
            self.remedy_for = None
            self.repaint()

    def neighbour(self, step: int) -> str | None:
        """The lane some steps away in the order of the screen."""
        tasks = [view.task for view in self._views]
        if not tasks:
            return None
        here = tasks.index(self.selected) if self.selected in tasks else 0
        return tasks[max(0, min(len(tasks) - 1, here + step))]

    def _is_busy(self, task: str | None) -> bool:
        return any(view.task == task and view.is_busy for view in self._views)

    def choose_remedy(self, task: str | None) -> None:
        """Show or hide the ladder of remedies in a lane."""
        self.remedy_for = task
        self.repaint()

    def scroll_lane(self, pages: int, task: str | None = None, rows: int = 0) -> None:
        """Look further up (positive) in a lane's output; 0 follows its end again."""
        task = task or self.selected
        index = self._index(task)
        output = self._outputs.get(task or "")
        if task is None or index is None or output is None or index >= len(self._tiling.panes):
            return
        rect = self._tiling.panes[index]
        step = rows or max(1, rect.height - 4)
        above = self._above(task, rect) + pages * step
        anchor = output.line_above(rect.width - 4, above) if pages and above > 0 else None
        if anchor is None:
            self._anchors.pop(task, None)
        else:
            self._anchors[task] = anchor
        self.repaint()

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One row of the board, joined from the tiles it crosses."""
        if not self._views:
            return self._empty_line(y)
        strip = self.palette.strip
        parts = [strip(tile.rows[y - tile.rect.y]) for tile in self._tiles if self._crosses(tile, y)]
        if not parts:
            return self._blank()
        return parts[0] if len(parts) == 1 else Strip.join(parts)

    def get_content_width(self, *_: object) -> int:
        """As wide as it is given."""
        return self.size.width

    def _crosses(self, tile: _Tile, y: int) -> bool:
        return tile.rect.y <= y < tile.rect.y + len(tile.rows)

    def _empty_line(self, y: int) -> Strip:
        width, height = self.size
        top = max(0, (height - len(self.empty)) // 2 - 1)
        if not top <= y < top + len(self.empty):
            return self._blank()
        longest = max(sum(len(text) for text, _ in row) for row in self.empty)
        indent = max(1, (width - longest) // 2)
        return self.palette.strip(fit(((" " * indent, ""), *self.empty[y - top]), width, self.glyphs.ellipsis))

    def _blank(self) -> Strip:
        return self.palette.strip(((" " * self.size.width, ""),))

    def _tile(self) -> Tiling:
        width, height = self.size
        columns = columns_for(self.screen_width)
        total = len(self._views)
        busy = sum(view.is_busy for view in self._views)
        # When all is over nobody needs the room: let the last words be read.
        wanting = sum(view.has_pane for view in self._views) or min(total, 2 * columns)
        return tile(busy, max(busy, wanting), total, width, height, columns)

    def _tile_count(self, tiling: Tiling) -> int:
        return len(tiling.panes) + len(tiling.lines) + bool(tiling.rest)

    def _draw(self, index: int) -> list[Region]:
        tile = self._tiles[index]
        key, rows = self._rows(index, tile)
        if key == tile.key:
            return []
        old, tile.rows, tile.key = tile.rows, rows(), key
        rect = tile.rect
        return [
            Region(rect.x, rect.y + row, rect.width, 1)
            for row, cells in enumerate(tile.rows)
            if row >= len(old) or old[row] != cells
        ]

    def _rows(self, index: int, tile: _Tile) -> tuple[object, Callable[[], list[Row]]]:
        """What a tile's rows depend on, and how to make them."""
        if tile.rect is self._tiling.rest:
            hidden = self._tiling.hidden
            row = fit(((f"    {self.glyphs.ellipsis} {hidden} more", "dim"),), tile.rect.width)
            return hidden, lambda: [row]
        view = self._views[index]
        is_selected = view.task == self.selected
        if index >= len(self._tiling.panes):
            return (view, is_selected), lambda: [line_row(view, tile.rect.width, self.glyphs, is_selected)]
        output = self._outputs.get(view.task)
        frame = Frame(
            tile.rect.width,
            tile.rect.height,
            self.glyphs,
            is_selected,
            view.task == self.hearing,
            self._above(view.task, tile.rect),
            view.task == self.remedy_for,
        )
        return (view, output.version if output else 0, frame), lambda: pane_rows(view, output, frame)

    def _above(self, task: str, rect: Rect) -> int:
        anchor, output = self._anchors.get(task), self._outputs.get(task)
        return output.rows_below(anchor, rect.width - 4) if anchor and output else 0

    def _index(self, task: str | None) -> int | None:
        return next((index for index, view in enumerate(self._views) if view.task == task), None)

    # -- the person

    def on_key(self, event: events.Key) -> None:
        """While a remedy is being chosen its keys come first."""
        task = self.remedy_for
        if task is None:
            return
        rungs = {remedy.key: remedy.rung for remedy in REMEDIES} | {"b": "break", "escape": ""}
        event.stop()
        event.prevent_default()
        self.choose_remedy(None)
        if rung := rungs.get(event.key, ""):
            self._on_remedy(task, rung)

    def on_click(self, event: events.Click) -> None:
        """Select the lane under the mouse; a second click opens it."""
        task = self._task_at(event.x, event.y)
        if task and task == self.selected and event.chain > 1:
            self.app.call_later(self.app.run_action, "open")
        elif task:
            self.select(task)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look up in the lane under the mouse."""
        self.scroll_lane(1, self._task_at(event.x, event.y), rows=3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look down in the lane under the mouse."""
        self.scroll_lane(-1, self._task_at(event.x, event.y), rows=3)

    def on_focus(self) -> None:
        """The person looks at the selected lane: it stays selected from now on."""
        self.is_chosen = True

    def on_resize(self) -> None:
        """Lay out anew."""
        self.repaint(everything=True)

    def _task_at(self, x: int, y: int) -> str | None:
        found = (index for index, tile in enumerate(self._tiles) if tile.rect.contains(x, y))
        index = next(found, None)
        return self._views[index].task if index is not None and index < len(self._views) else None
