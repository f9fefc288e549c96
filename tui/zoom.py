"""One lane over the whole screen: Output · Diff · Context · Checks · Events."""

from __future__ import annotations

from textual import events
from textual.binding import Binding

from engine.state import Lane, Task
from engine.words import TaskId
from tui import zoom_view
from tui.cells import Row, row_width
from tui.glyphs import Glyphs
from tui.lane_pane import gauge_pieces
from tui.lane_view import LaneView, lane_view
from tui.output import LaneOutput
from tui.pager import wrapped
from tui.reading_screen import ReadingScreen
from tui.theme import Palette

REFRESH_S = 0.1


class ZoomScreen(ReadingScreen):
    """A lane to read closely."""

    BINDINGS = [
        *[
            Binding(str(number), f"tab({number - 1})", name, show=False)
            for number, name in enumerate(zoom_view.TABS, 1)
        ],
        Binding("tab,right,l", "step(1)", "next tab", show=False),
        Binding("shift+tab,left,h", "step(-1)", "tab before", show=False),
        Binding("p", "lane('pause')", "pause", show=False),
        Binding("e", "lane('escalate')", "stronger model", show=False),
        Binding("s", "steer", "steer", show=False),
        Binding("X", "lane('cancel')", "cancel", show=False),
    ]

    def __init__(self, palette: Palette, glyphs: Glyphs, task: str, tab: int = 0) -> None:
        super().__init__(palette, glyphs)
        self.lane = TaskId(task)
        self.tab = tab
        self._patch: str | None = None
        self._seen: tuple[object, ...] = ()

    def fill(self) -> None:
        """Show the tab, then keep it fresh."""
        self._show_tab()
        self.set_interval(REFRESH_S, self._keep_fresh)

    def head_rows(self) -> list[Row]:
        """The lane with its numbers, and the tabs."""
        view = self._view()
        if view is None:
            return [((" the lane is gone", "dim"),), *self._tab_rows()]
        left: Row = (
            (f" {view.number} " if view.number else " ", "dim"),
            (f"{view.phase.icon(self.glyphs.is_ascii)} {view.word}", f"{view.role}+bold"),
            (f"   {view.agent}", "strong+bold"),
            (f"{self.glyphs.dot}{view.title}", "base"),
        )
        right = self._numbers(view)
        gap = self.size.width - row_width(left) - row_width(right)
        return [(*left, (" " * gap, ""), *right) if gap > 1 else left, *self._tab_rows()]

    def keys(self) -> list[tuple[str, str]]:
        """The keys of this screen."""
        return [
            ("esc", "back"),
            ("1-5", "tab"),
            ("/", "search"),
            ("y", "copy"),
            ("s", "steer"),
            ("p", "pause"),
            ("e", "escalate"),
        ]

    def action_tab(self, tab: int) -> None:
        """Another tab."""
        self.tab = tab
        self._show_tab()

    def action_step(self, step: int) -> None:
        """The next tab."""
        self.action_tab((self.tab + step) % len(zoom_view.TABS))

    def action_lane(self, action: str) -> None:
        """A wish for this lane."""
        dashboard = self.dashboard
        dashboard.board.select(self.lane)
        {"pause": dashboard.action_pause, "escalate": dashboard.action_escalate, "cancel": dashboard.action_cancel}[
            action
        ]()
        self.say("asked")

    def action_steer(self) -> None:
        """Back to the prompt, speaking to this lane."""
        dashboard = self.dashboard
        self.dismiss()
        dashboard.board.select(self.lane)
        dashboard.action_steer()

    def on_click(self, event: events.Click) -> None:
        """A click on a tab."""
        if event.screen_y != 1:
            return
        at = 1
        for index, name in enumerate(zoom_view.TABS):
            if at <= event.screen_x < at + len(name) + 4:
                self.action_tab(index)
            at += len(name) + 4

    def _numbers(self, view: LaneView) -> Row:
        pieces: list[tuple[str, str]] = [(f"{view.turn}  ", "dim")] if view.turn else []
        if view.model:
            pieces += [(f"{view.model} ", "dim"), (f"{view.place} ", view.place)]
        if view.gauge:
            pieces += gauge_pieces(view.gauge, self.glyphs, has_numbers=True)
        if view.rate:
            pieces.append((f"  {view.rate}", "running"))
        return (*pieces, (" ", ""))

    def _tab_rows(self) -> list[Row]:
        row: list[tuple[str, str]] = [(" ", "")]
        for index, name in enumerate(zoom_view.TABS):
            role = "focus+bold+reverse" if index == self.tab else "dim"
            row.append((f" {index + 1} {name} ", role))
        return [tuple(row), ((self.glyphs.rule * self.size.width, "border"),)]

    def _view(self) -> LaneView | None:
        shown = next((lane for lane in self.dashboard.view.lanes if lane.task == self.lane), None)
        run = self.dashboard.shown_run
        task = run.tasks.get(self.lane) if run else None
        if shown is None and run is not None and task is not None:
            return lane_view(run, task, 0, self.dashboard.lens())
        return shown

    def _show_tab(self) -> None:
        self.show_frame()
        is_output = self.tab == 0
        self.pager.read(self._rows, is_following=is_output or self.tab == 4)
        if self.tab == 1:
            run = self.dashboard.shown_run
            if run is None or not zoom_view.has_files(run, self.lane):
                self._take_patch("")
                return
            self.dashboard.in_thread(lambda: self.dashboard.conductor.diff(self.lane), self._take_patch)

    def _take_patch(self, patch: str) -> None:
        self._patch = patch
        if self.is_mounted and self.tab == 1:
            self.pager.refill()
            self.say(zoom_view.diff_summary(patch))

    def _keep_fresh(self) -> None:
        output, run = self._output(), self.dashboard.shown_run
        seen = (output.version if self.tab == 0 else 0, run, len(self.dashboard.facts), self.dashboard.picture.rates)
        if seen == self._seen:
            return
        self._seen = seen
        self.show_frame()
        if self.tab != 1:
            self.pager.refill()

    def _output(self) -> LaneOutput:
        return self.dashboard.outputs.get(self.lane) or LaneOutput(self.glyphs)

    def _planned(self) -> Task | None:
        run = self.dashboard.shown_run
        return run.tasks.get(self.lane) if run else None

    def _rows(self, width: int) -> list[Row]:
        run, task = self.dashboard.shown_run, self._planned()
        if self.tab == 0:
            return list(self._output().rows(width))
        if run is None or task is None:
            return []
        if self.tab == 1:
            lines = zoom_view.diff_lines(self._patch) if self._patch is not None else [(("…", "dim"),)]
            return wrapped(lines, width)
        if self.tab == 2:
            return zoom_view.context_lines(run.lanes.get(self.lane) or Lane(self.lane), width, self.glyphs)
        if self.tab == 3:
            return wrapped(zoom_view.check_lines(run, task), width, 8)
        return wrapped(zoom_view.event_lines(self.dashboard.facts, self.lane), width, 17)
