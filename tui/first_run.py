"""The first screen when no model was found: what is there, what is missing with the exact command, never a dead end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.binding import Binding

from tui.cells import Row, pad, row_width, tidy_line, wrap
from tui.conductor import FirstRunReport
from tui.glyphs import Glyphs
from tui.reading_screen import ReadingScreen
from tui.theme import Palette

NAME_CELLS = 13
"""Room for the longest name of what is looked for, and two spaces."""


class FirstRunScreen(ReadingScreen):
    """What there is, what is missing, and two ways on."""

    BINDINGS = [
        Binding("d,enter", "demo", "demo", show=False),
        Binding("f", "fetch", "fetch", show=False),
        Binding("c", "check", "check again", show=False),
    ]

    def __init__(self, palette: Palette, glyphs: Glyphs, report: FirstRunReport) -> None:
        super().__init__(palette, glyphs)
        self.report = report

    def fill(self) -> None:
        """Show the findings."""
        self.show_frame()
        self.pager.read(lambda width: report_lines(self.report, self.glyphs, width))

    def head_rows(self) -> list[Row]:
        """A welcome."""
        word = "Welcome. " if not self.report.models else ""
        found = "No model was found yet." if not self.report.models else "Ready."
        return [(), ((f"   {self.glyphs.mark} ", "accent+bold"), (f"{word}{found}", "strong+bold")), ()]

    def keys(self) -> Sequence[tuple[str, str]]:
        """The ways on."""
        fetch = [("f", "fetch a model")] if self.report.can_fetch_model else []
        return [("d", "demo"), *fetch, ("c", "look again"), ("esc", "dashboard"), ("ctrl+q", "leave")]

    def action_demo(self) -> None:
        """Start the demo and follow it."""
        self.say("starting the demo")
        self.dashboard.in_thread(self.dashboard.conductor.start_demo, self._follow_demo)

    def action_fetch(self) -> None:
        """Fetch the embedded model."""
        if self.report.can_fetch_model:
            self.say(f"fetching {self.report.fetch_size}")
            self.dashboard.in_thread(self.dashboard.conductor.fetch_model, self._fetched)

    def action_check(self) -> None:
        """Look again."""
        self.say("looking")
        self.dashboard.in_thread(self._ask, lambda _: self.fill())

    def _ask(self) -> str:
        self.report = self.dashboard.conductor.first_run_report()
        return ""

    def _follow_demo(self, store: str) -> None:
        self.dismiss()
        self.dashboard.follow_store(Path(store), self.dashboard.conductor.run_id)

    def _fetched(self, sentence: str) -> None:
        self.say(tidy_line(sentence))
        self.action_check()


def report_lines(report: FirstRunReport, glyphs: Glyphs, width: int) -> list[Row]:
    """The findings, then the ways on; what does not fit into a line goes on below its beginning."""
    rows: list[Row] = []
    for finding in report.findings:
        icon, role = (("+", "proven") if glyphs.is_ascii else ("✓", "proven")) if finding.is_there else ("–", "paused")
        detail = tidy_line(finding.detail) or ("found" if finding.is_there else "not found")
        rows += _hung(((f"  {icon} ", role), (pad(tidy_line(finding.name), NAME_CELLS), "base")), detail, "dim", width)
        if not finding.is_there and finding.remedy:
            rows += _hung(((" " * (4 + NAME_CELLS), ""),), tidy_line(finding.remedy), "code", width)
    if report.models:
        names = ", ".join(tidy_line(model) for model in report.models)
        rows += [(), *_hung((("    ", ""), (pad("models", NAME_CELLS), "base")), names, "local", width)]
    ways = [("d", "watch a whole run on a scratch repository: no model, no network, 20 seconds")]
    if report.can_fetch_model:
        size = f" ({tidy_line(report.fetch_size)})" if report.fetch_size else ""
        ways.append(("f", f"fetch a tiny model that runs in here{size}: it summarises commits and files"))
    ways.append(("c", "look again, after you installed or started something"))
    rows.append(())
    for key, words in ways:
        rows += _hung(((f"  {key}   ", "accent+bold"),), words, "base", width)
    return rows


def _hung(head: Row, text: str, role: str, width: int) -> list[Row]:
    """A text behind a head, its further rows indented by the head's width."""
    indent = row_width(head)
    pieces = [text[start:end] for start, end in wrap(text, max(8, width - indent))]
    later: Row = ((" " * indent, ""),)
    return [(*(later if index else head), (piece, role)) for index, piece in enumerate(pieces)]
