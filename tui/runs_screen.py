"""All runs of this repository: what was wanted, what came of it; open one, or go on with it."""

from __future__ import annotations

from pathlib import Path
from time import localtime, strftime
from typing import NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding

from engine.codec import decode
from engine.errors import StoreMissing
from engine.events import RunCancelled, RunFinished, RunStarted
from engine.store.reader import LogReader
from engine.store.rows import RunSpan
from tui import figures
from tui.cells import Row, fit, pad, tidy_line
from tui.glyphs import Glyphs
from tui.menu import Menu
from tui.playing import is_played
from tui.reading_screen import ReadingScreen
from tui.theme import Palette

RUNNING, STOPPED = "running", "stopped"
UNFINISHED = (RUNNING, STOPPED)
ENDINGS = ("RunFinished", "RunCancelled", "RunResumed")
LATE_EVENTS = 256
"""How many events at most follow a run's end: its lanes are put away, some of them days later."""


class RunLine(NamedTuple):
    """A run in the list."""

    run: str
    goal: str
    word: str
    role: str
    started_at: float
    duration_s: float


def run_lines(path: Path, has_engine: bool = True) -> list[RunLine]:
    """Every run, the newest first. Reads the first and the last events of each.

    In:     has_engine, whether an engine lives here.
    Raises: StoreFault when the log cannot be read.
    """
    try:
        with LogReader(path) as reader:
            lease = reader.lease()
            spans = [span for span in reversed(reader.runs()) if span.run]
            return [_run_line(reader, span, has_engine and is_played(lease, span.last_at)) for span in spans]
    except StoreMissing:
        return []


def _run_line(reader: LogReader, span: RunSpan, is_going_on: bool) -> RunLine:
    first = _event(reader, span, span.first_seq)
    last, ended_at = _last_word(reader, span)
    goal = tidy_line(first.goal) if isinstance(first, RunStarted) else ""
    word, role = (RUNNING, "running") if is_going_on else (STOPPED, "warning")
    if isinstance(last, RunFinished):
        word, role = last.outcome.value, {"red": "failed"}.get(last.outcome.value, last.outcome.value)
    elif isinstance(last, RunCancelled):
        word, role = "cancelled", "dim"
    return RunLine(span.run, goal, word, role, span.started_at, ended_at - span.started_at)


def _last_word(reader: LogReader, span: RunSpan) -> tuple[object, float]:
    """How a run ended and when; worktrees may be put away long after, and who is gone on with has a later start."""
    for row in reversed(reader.newest(span.run, LATE_EVENTS)):
        if row.kind in ENDINGS:
            is_end = row.kind != "RunResumed"
            return decode(row.kind, row.payload), row.at if is_end else span.last_at
    return None, span.last_at


def _event(reader: LogReader, span: RunSpan, seq: int) -> object:
    rows = reader.events(span.run, seq - 1, 1)
    return decode(rows[0].kind, rows[0].payload) if rows else None


class RunsScreen(ReadingScreen):
    """The list."""

    BINDINGS = [Binding("R", "resume", "go on", show=False)]

    def __init__(self, palette: Palette, glyphs: Glyphs) -> None:
        super().__init__(palette, glyphs)
        self.menu = Menu(palette, glyphs)
        self.menu.empty = (("   No run yet: state a goal in the prompt.", "dim+italic"),)
        self._lines: list[RunLine] = []

    def compose(self) -> ComposeResult:
        """Head, list, keys."""
        yield self.head
        yield self.menu
        yield self.foot

    def on_mount(self) -> None:
        """Read the list."""
        self.menu.focus()
        self.show_frame()
        conductor = self.dashboard.conductor
        path = conductor.store_path
        self.dashboard.in_thread(lambda: self._read(path, conductor.engine_alive()), lambda _: self._show())

    def head_rows(self) -> list[Row]:
        """A title."""
        return [((" Runs", "strong+bold"), (f"   {tidy_line(self.dashboard.conductor.repository)}", "dim")), ()]

    def keys(self) -> list[tuple[str, str]]:
        """The keys of this screen."""
        return [("enter", "open"), ("R", "open and go on"), ("esc", "back")]

    def action_back(self) -> None:
        """Back to the dashboard."""
        self.dismiss()

    def action_resume(self) -> None:
        """Open it and go on with it."""
        chosen = next((line for line in self._lines if line.run == self.menu.selected), None)
        self._open(self.menu.selected)
        if chosen and chosen.word in UNFINISHED:
            self.dashboard.go_on_with(chosen.run)

    def on_menu_chosen(self, message: Menu.Chosen) -> None:
        """Open it."""
        self._open(message.key)

    def _read(self, path: Path, has_engine: bool) -> str:
        self._lines = run_lines(path, has_engine)
        return ""

    def _show(self) -> None:
        if self.is_mounted:
            room = max(16, self.size.width - 48)
            self.menu.offer([(line.run, _row(line, room, self.glyphs)) for line in self._lines])

    def _open(self, run: str | None) -> None:
        if run is not None and self.dashboard.follower:
            newest = bool(self._lines) and run == self._lines[0].run
            self.dashboard.follower.follow(None if newest else run)
        self.dismiss()


def _row(line: RunLine, room: int, glyphs: Glyphs) -> Row:
    when = strftime("%d %b %H:%M", localtime(line.started_at))
    return (
        (pad(when, 14), "dim"),
        (pad(line.word, 12), f"{line.role}+bold"),
        *fit(((line.goal or line.run, "base"),), room, glyphs.ellipsis),
        (figures.clock(line.duration_s).rjust(9), "dim"),
    )
