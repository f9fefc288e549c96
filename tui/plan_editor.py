"""Edit a plan before it runs: its YAML in the terminal, or in $EDITOR; nothing is sent before it is valid."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding
from textual.widgets import TextArea

from engine.words import TaskSpec
from tui.cells import Row, tidy_line
from tui.conductor import PlanText
from tui.glyphs import Glyphs
from tui.reading_screen import ReadingScreen
from tui.theme import Palette


class PlanEditor(ReadingScreen):
    """The plan as text; ctrl+s starts it, Esc leaves it as it was."""

    BINDINGS = [
        Binding("ctrl+s", "start", "start", priority=True, show=False),
        Binding("ctrl+e", "editor", "in $EDITOR", priority=True, show=False),
        Binding("escape", "back", "back", priority=True, show=False),
    ]
    CSS = """
    TextArea { height: 1fr; border: none; padding: 0 1; background: $background; }
    TextArea:focus { border: none; }
    """

    def __init__(self, palette: Palette, glyphs: Glyphs, planner: str, tasks: Sequence[TaskSpec]) -> None:
        super().__init__(palette, glyphs)
        self._planner = planner
        self._tasks: tuple[dict[str, object], ...] = tuple(msgspec.to_builtins(task) for task in tasks)
        self._area = TextArea("", id="plan-text", show_line_numbers=True, tab_behavior="indent")
        self._area.cursor_blink = False
        self.faults: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Head, text, keys."""
        yield self.head
        yield self._area
        yield self.foot

    def on_mount(self) -> None:
        """Fetch the plan's text."""
        self._area.focus()
        self.show_frame()
        self.dashboard.in_thread(lambda: self.dashboard.conductor.plan_yaml(self._tasks), self._show_text)

    def head_rows(self) -> list[Row]:
        """A title, and what is wrong."""
        title: Row = ((" Edit the plan", "strong+bold"), ("   nothing starts before you say so", "dim"))
        return [title, *((("   ", ""), (tidy_line(fault), "error")) for fault in self.faults[:5])]

    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys of this screen."""
        return [("ctrl+s", "start this plan"), ("ctrl+e", "open in $EDITOR"), ("esc", "leave it as it was")]

    def action_back(self) -> None:
        """Leave the plan as it was."""
        self.dismiss()

    def action_start(self) -> None:
        """Check the text; start it when it is a plan."""
        self._judge(self.dashboard.conductor.read_plan(self._area.text))

    def action_editor(self) -> None:
        """Edit the text with the person's own editor."""
        try:
            with self.app.suspend():
                edited = edit_elsewhere(self._area.text)
        except SuspendNotSupported:
            self.faults = ("This terminal cannot be left for an editor: edit here.",)
        except OSError as error:
            self.faults = (f"The editor did not start: {error}. Set $EDITOR, or edit here.",)
        else:
            self._area.text = edited
            self.faults = ()
        self.show_frame()

    def _judge(self, read: PlanText) -> None:
        self.faults = read.faults
        self.show_frame()
        if not read.faults:
            self.dismiss()
            wish = {"task": self._planner, "tasks": [dict(task) for task in read.tasks]}
            self.dashboard.wish("start the edited plan", "edit_plan", wish)

    def _show_text(self, text: str) -> None:
        if self.is_mounted:
            self._area.text = text


def edit_elsewhere(text: str) -> str:
    """Let $VISUAL or $EDITOR change a text.

    Raises: OSError when the editor cannot be started.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="orchestra-plan-") as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(text, "utf-8")
        subprocess.run([*command, str(path)], check=False)
        return path.read_text("utf-8")
