"""A question to the person, in full: what, why, the command or the diff, where it would run and what it could reach."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from engine.state import Approval, Run, Task
from engine.words import Role, TaskSpec
from tui.answers import Choice, choices
from tui.cells import Row, fit, pad, tidy, tidy_line
from tui.glyphs import Glyphs
from tui.pager import wrapped
from tui.phase import Phase
from tui.reading_screen import ReadingScreen
from tui.theme import Palette
from tui.titles import who
from tui.zoom_view import diff_lines


class ApprovalScreen(ReadingScreen):
    """One open question; the keys of its answers answer it."""

    def __init__(self, palette: Palette, glyphs: Glyphs, approval: Approval) -> None:
        super().__init__(palette, glyphs)
        self.approval = approval
        self._patch = ""
        self._pressed = ""
        """What was pressed of an answer's keys so far."""

    def head_rows(self) -> list[Row]:
        """What is asked and why."""
        asked = self.approval
        run = self.dashboard.shown_run
        task = run.tasks.get(asked.task) if run else None
        asker = f"{asker_of(task)}{self.glyphs.dot}{self.dashboard.name_of(task)}" if task else "the run"
        icon = Phase.ASKS.icon(self.glyphs.is_ascii)
        lines: list[Row] = [((f" {icon} ", "asks+bold"), (tidy_line(asked.title), "asks+bold"))]
        told = (("asked by", asker), ("because", tidy_line(asked.why)), ("reach", tidy_line(asked.reach)))
        lines += [((pad(f"   {name}", 14), "dim"), (words, "base")) for name, words in told if words]
        # Whatever an agent says of itself, there is room for what is asked about.
        rows = wrapped(lines, self.size.width, 14)[: max(3, self.size.height // 3)]
        return [*rows, ((self.glyphs.rule * self.size.width, "border"),)]

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
        offered = self.choices()
        pressed = self._pressed + (event.character or event.key)
        if not any(choice.key.startswith(pressed) for choice in offered):
            self._pressed = ""
            return
        event.stop()
        event.prevent_default()
        self._pressed = pressed
        chosen = next((choice for choice in offered if choice.key == pressed), None)
        if chosen:
            self._pressed = ""
            self.choose(chosen)

    def choose(self, choice: Choice) -> None:
        """Give this answer and go back."""
        if choice.option == "edit" and self.approval.form == "plan":
            self._edit()
            return
        self.dismiss()
        self.dashboard.answer(self.approval, choice)

    def _edit(self) -> None:
        from tui.plan_editor import PlanEditor

        run = self.dashboard.shown_run
        if run is not None:
            self.dismiss()
            self.dashboard.push_screen(PlanEditor(self.palette, self.glyphs, self.approval.task, self._plan(run)))

    def _plan(self, run: Run) -> tuple[TaskSpec, ...]:
        """The plan that is asked about: another planner may have put one forward since."""
        planner = run.tasks.get(self.approval.task)
        return planner.proposed if planner else run.plan

    def _take_patch(self, patch: str) -> None:
        self._patch = patch
        if self.is_mounted:
            self.pager.refill()

    def _leave_when_answered(self) -> None:
        run = self.dashboard.shown_run
        if run is not None and not is_still_open(run, self.approval) and self.is_current:
            self.dismiss()

    def _rows(self, width: int) -> list[Row]:
        run = self.dashboard.shown_run
        if self.approval.form == "plan" and run is not None:
            return plan_lines(self._plan(run), width, self.glyphs)
        if self._patch:
            return wrapped(diff_lines(self._patch), width)
        return wrapped(body_lines(self.approval), width)


_TO_AGENTS = ("stuck", "budget")


def asker_of(task: Task) -> str:
    """Who asks: a gate and a count of votes ask by themselves."""
    return "the flow" if task.spec.role in (Role.GATE, Role.VOTE) else who(task)


def body_lines(asked: Approval) -> list[Row]:
    """The body of a question: a command as a command, a diff as a diff, words as words."""
    body = tidy(asked.body).rstrip()
    if asked.form == "command":
        return [
            (("$ " if index == 0 else "  ", "dim"), (line, "code+bold")) for index, line in enumerate(body.split("\n"))
        ]
    if body.startswith(("diff ", "--- ")) or "\n@@ " in body:
        return diff_lines(body)
    return [*_spoken_to(asked.form, body), *(((line, "base"),) for line in body.split("\n"))]


def _spoken_to(form: str, body: str) -> list[Row]:
    """Words that are meant for an agent and only shown to the person say so: their `you` is the agent."""
    return [(("What the agent is told next; `you` is the agent:", "dim"),), ()] if body and form in _TO_AGENTS else []


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


def is_still_open(run: Run, asked: Approval) -> bool:
    """Whether a question still waits in the run that is shown."""
    now = run.approvals.get(asked.approval)
    return now is not None and now.is_open and not run.is_over
