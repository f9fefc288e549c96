"""A question to the person, in full: what, why, the command or the diff, where it would run and what it could reach."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from engine.state import Approval, Run
from engine.words import ApprovalId, TaskSpec
from tui.answers import Choice, choices
from tui.cells import Row, fit, pad, tidy, tidy_line
from tui.glyphs import Glyphs
from tui.pager import wrapped
from tui.reading_screen import ReadingScreen
from tui.theme import Palette
from tui.zoom_view import diff_lines


class ApprovalScreen(ReadingScreen):
    """One open question; the keys of its answers answer it."""

    def __init__(self, palette: Palette, glyphs: Glyphs, approval: Approval) -> None:
        super().__init__(palette, glyphs)
        self.approval = approval
        self._patch = ""

    def head_rows(self) -> list[Row]:
        """What is asked and why."""
        asked = self.approval
        run = self.dashboard.shown_run
        task = run.tasks.get(asked.task) if run else None
        who = f"{task.agent or task.spec.agent} · {task.spec.title or asked.task}" if task else asked.task
        icon = "!" if self.glyphs.is_ascii else "▲"
        return [
            ((f" {icon} ", "asks+bold"), (tidy_line(asked.title), "asks+bold")),
            ((pad("   asked by", 14), "dim"), (tidy_line(who), "base")),
            ((pad("   because", 14), "dim"), (tidy_line(asked.why), "base")),
            ((pad("   reach", 14), "dim"), (tidy_line(asked.reach), "base")),
            ((self.glyphs.rule * self.size.width, "border"),),
        ]

    def keys(self) -> Sequence[tuple[str, str]]:
        """The answers, then the way back."""
        return [*((choice.key, choice.phrase) for choice in self.choices()), ("esc", "later")]

    def choices(self) -> tuple[Choice, ...]:
        """How it can be answered."""
        return choices(self.approval)

    def fill(self) -> None:
        """Show the body; fetch the diff when the question is about one."""
        self.show_frame()
        self.pager.read(self._rows)
        self.set_interval(0.25, self._leave_when_answered)
        if self.approval.form == "outliving":
            task = self.approval.task
            self.dashboard.in_thread(lambda: self.dashboard.conductor.diff(task), self._take_patch)

    def on_key(self, event: events.Key) -> None:
        """An answer's key answers."""
        if self._search.has_focus:
            return
        chosen = next((choice for choice in self.choices() if choice.key == event.key), None)
        if chosen is None and event.character:
            chosen = next((choice for choice in self.choices() if choice.key == event.character), None)
        if chosen:
            event.stop()
            event.prevent_default()
            self.choose(chosen)

    def choose(self, choice: Choice) -> None:
        """Give this answer and go back."""
        if choice.option == "edit":
            self._edit()
            return
        self.dismiss()
        self.dashboard.answer(self.approval, choice)

    def _edit(self) -> None:
        from tui.plan_editor import PlanEditor

        run = self.dashboard.shown_run
        if run is not None:
            self.dismiss()
            self.dashboard.push_screen(PlanEditor(self.palette, self.glyphs, run.plan))

    def _take_patch(self, patch: str) -> None:
        self._patch = patch
        if self.is_mounted:
            self.pager.refill()

    def _leave_when_answered(self) -> None:
        run = self.dashboard.shown_run
        asked = run.approvals.get(ApprovalId(self.approval.approval)) if run else None
        if asked is not None and not asked.is_open and self.is_current:
            self.dismiss()

    def _rows(self, width: int) -> list[Row]:
        run = self.dashboard.shown_run
        if self.approval.form == "plan" and run is not None:
            return plan_lines(run.plan, width, self.glyphs)
        if self._patch:
            return wrapped(diff_lines(self._patch), width)
        return wrapped(body_lines(self.approval), width)


def body_lines(asked: Approval) -> list[Row]:
    """The body of a question: a command as a command, a diff as a diff, words as words."""
    body = tidy(asked.body).rstrip()
    if asked.form == "command":
        return [
            (("$ " if index == 0 else "  ", "dim"), (line, "code+bold")) for index, line in enumerate(body.split("\n"))
        ]
    if body.startswith(("diff ", "--- ")) or "\n@@ " in body:
        return diff_lines(body)
    return [((line, "base"),) for line in body.split("\n")]


def plan_lines(tasks: Sequence[TaskSpec], width: int, glyphs: Glyphs) -> list[Row]:
    """A plan as a table: who does what, after whom, where it may write, what proves it."""
    title = max(18, min(44, width - 58))
    head = (("    ", ""), (pad("task", title), "dim+bold"), ("  ", ""), (pad("agent", 14), "dim+bold"), ("  ", ""))
    rows: list[Row] = [(*head, (pad("after", 14), "dim+bold"), ("  ", ""), ("may write · proven by", "dim+bold"))]
    for number, spec in enumerate(tasks, start=1):
        check = tidy_line(spec.check.run) if spec.check else "the run's check"
        scope = ", ".join(tidy_line(glob) for glob in spec.scope) or "anything"
        row: Row = (
            (f"{number:>3} ", "faint"),
            *fit(((tidy_line(spec.title or spec.task), "strong"),), title, glyphs.ellipsis),
            ("  ", ""),
            *fit(((tidy_line(spec.agent), "accent"),), 14, glyphs.ellipsis),
            ("  ", ""),
            *fit(((tidy_line(", ".join(spec.needs)) or "-", "dim"),), 14, glyphs.ellipsis),
            ("  ", ""),
            (f"{scope} · {check}", "dim"),
        )
        rows.append(fit(row, width, glyphs.ellipsis))
        rows += [(("    ", ""), *line) for line in wrapped([((tidy_line(spec.goal), "base"),)], width - 4)]
        rows.append(())
    return rows


def open_question(run: Run, approval: str) -> Approval | None:
    """A question that is still open."""
    asked = run.approvals.get(ApprovalId(approval))
    return asked if asked and asked.is_open else None
