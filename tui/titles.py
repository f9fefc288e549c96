"""What a task and whoever has it are called on the screen: clean lines, never empty. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.state import Run, Task
from engine.words import Role, TaskState
from tui import figures
from tui.cells import tidy_line

WITHOUT_MODEL = {Role.GATE: "you", Role.VOTE: "vote", Role.COMMAND: "engine"}
"""Who does what no model works on."""
COMMIT = "commit:"


def who(task: Task) -> str:
    """Who has the task now."""
    return WITHOUT_MODEL.get(task.spec.role) or tidy_line(task.agent or task.spec.agent)


def handed_by(task: Task) -> str:
    """Who passed it on last; empty when nobody did."""
    return tidy_line(task.hops[-1]) if task.hops else ""


def title_of(task: Task, subjects: Mapping[str, str] | None = None) -> str:
    """A task as the person calls it.

    In: subjects, the first lines of commits by their full id: a task that goes over a commit is called by them.
    """
    item = task.spec.item
    if item.startswith(COMMIT) and subjects and (subject := tidy_line(subjects.get(item.removeprefix(COMMIT), ""))):
        return subject
    return tidy_line(task.spec.title or task.spec.task)


def plan_title(run: Run, task: Task, seats: tuple[Task, ...], subjects: Mapping[str, str]) -> str:
    """A task as the plan lists it: a vote with its count, a seat with its voice.

    In: seats, those of the vote that this task counts.
    """
    if task.spec.role is Role.VOTE:
        return f"{tidy_line(task.spec.node)}: {_count(task, seats)}"
    if task.state is TaskState.DONE and (voice := voice_of(run, task)):
        return f"{title_of(task)}: {voice}"
    return title_of(task, subjects)


def voice_of(run: Run, task: Task) -> str:
    """What a seat of a vote said, in the field that is counted; empty for a task that is no seat."""
    node = run.node_of(task)
    if node is None or node.vote is None or not node.vote.n:
        return ""
    fields = [name for name, answer in node.answers.items() if answer.choices]
    field = node.vote.field or next(iter(fields), "")
    return tidy_line(", ".join(task.answers.get(field, ())))


def _count(task: Task, seats: tuple[Task, ...]) -> str:
    if task.state is TaskState.DONE and task.summary:
        return tidy_line(task.summary)
    if not seats:
        return "the vote"
    said = sum(seat.state is TaskState.DONE for seat in seats)
    return f"{said} of {figures.plural(len(seats), 'voice')}"
