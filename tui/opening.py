"""Opens the screens that are not on the first frame; importing them is left to this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.state import Approval, Task
from tui.conductor import FirstRunReport

if TYPE_CHECKING:
    from tui.dashboard import Dashboard


def open_question(app: Dashboard, asked: Approval) -> None:
    """A question in full."""
    from tui.approval import ApprovalScreen

    app.push_screen(ApprovalScreen(app.palette, app.glyphs, asked))


def open_zoom(app: Dashboard, task: Task) -> None:
    """One lane over the whole screen."""
    from tui.zoom import ZoomScreen

    app.push_screen(ZoomScreen(app.palette, app.glyphs, task.task))


def open_runs(app: Dashboard) -> None:
    """All runs."""
    from tui.runs_screen import RunsScreen

    app.push_screen(RunsScreen(app.palette, app.glyphs))


def open_first_run(app: Dashboard) -> None:
    """What is there and what is missing."""
    from tui.first_run import FirstRunScreen

    app.push_screen(FirstRunScreen(app.palette, app.glyphs, app.report_at_start or FirstRunReport()))
