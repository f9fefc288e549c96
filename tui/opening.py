"""Opens the screens that are not on the first frame; importing them is left to this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.state import Run, Task
from tui.conductor import FirstRunReport
from tui.lane_view import question_of

if TYPE_CHECKING:
    from tui.dashboard import Dashboard


def open_lane(app: Dashboard, run: Run, task: Task) -> None:
    """The lane's question when it has one, else the lane itself."""
    asked = question_of(run, task)
    if asked is not None:
        from tui.approval import ApprovalScreen

        app.push_screen(ApprovalScreen(app.palette, app.glyphs, asked))
    else:
        open_zoom(app, task)


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
