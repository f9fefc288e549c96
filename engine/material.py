"""The material of a brief: how much of what others made an agent is told, and how much of a window that fills. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from engine.graph import upstream_of
from engine.state import Run, Task
from engine.words import Role, TaskId

SUMMARY_CHARS = 1_600
"""About 400 tokens: what agents learn of each other's work besides paths and commits."""
OUTPUT_CHARS = 8_000
SUBJECT_CHARS = 60_000
"""A text under review is read whole, as a diff would be."""
CHARS_PER_TOKEN = 4
LINE_CHARS = 50
"""About what a changed line takes in a diff, its context included."""
TEXT_ITEM = "text:"


def context_tokens(run: Run, task: Task, item_chars: int = 0) -> int:
    """About how many tokens stand in a task's brief beside its own words.

    In: item_chars, the length of the item's text where somebody has read it; the state knows it of texts alone.
    """
    return -(-(sum(_sizes(run, task)) + max(item_chars, _item_chars(task.spec.item))) // CHARS_PER_TOKEN)


def _sizes(run: Run, task: Task) -> Iterator[int]:
    yield 0 if run.goal.strip() in task.spec.goal else len(run.goal)
    yield len(task.feedback)
    for one in upstream_of(run, task):
        yield min(len(one.output), OUTPUT_CHARS) or min(len(one.summary), SUMMARY_CHARS)
    about = run.tasks.get(TaskId(task.spec.about)) if task.spec.about else None
    if about:
        yield len(about.spec.goal) + len(about.summary) + min(len(about.output), SUBJECT_CHARS)
        yield LINE_CHARS * (about.insertions + about.deletions)


def _item_chars(item: str) -> int:
    return len(item) - len(TEXT_ITEM) if item.startswith(TEXT_ITEM) else 0


def needs_tools(task: Task) -> bool:
    """Whether a model that calls no tools cannot do it: it must edit, plan, judge, look around or answer in fields."""
    spec = task.spec
    if spec.answers or spec.claims or spec.tools:
        return True
    is_text = spec.role is Role.TEXT or bool(spec.writes)
    return spec.reads if is_text else True
