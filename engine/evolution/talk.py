"""What passes between agents over one task, remembered in its lane: answers, rejections, checks and handoffs.

Only the newest are kept, and only as far as a loop between agents can be told from them. A loop that was found, and
the person's own word, begin the memory anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine import events as e
from engine.evolution.parts import lane_of, with_lane
from engine.policy import YOU
from engine.state import Run, Said, Task
from engine.words import Failure, Role

Rule = Callable[[Run, Any, float], Run]
MOST_SAID = 24
SAID_CHARS = 1_500


def hearing(rule: Rule) -> Rule:
    """The same rule, which also remembers what its event lets one agent know of another."""

    def heard(run: Run, event: Any, at: float) -> Run:
        task = run.tasks.get(event.task)
        after = rule(run, event, at)
        if task is None:
            return after
        lane = lane_of(after, task.task)
        if isinstance(event, e.TaskRevised) and event.rule == YOU:
            return with_lane(after, replace(lane, said=()), at) if lane.said else after
        said = _said(run, task, event)
        kept = replace(lane, said=(*lane.said, said)[-MOST_SAID:]) if said else lane
        return with_lane(after, kept, at) if said else after

    return heard


def _said(run: Run, task: Task, event: e.Event) -> Said | None:
    match event:
        case e.TaskProduced(summary=summary, output=output):
            return Said(task.agent, (summary or output)[:SAID_CHARS])
        case e.CheckFinished(result=result):
            number = "" if result.number is None else str(result.number)
            return Said("check", outcome=f"{result.exit_code} {number or result.output[-SAID_CHARS:]}")
        case e.TaskHandedOff(to=to, reason=reason, carried=carried, start_commit=commit):
            return Said(task.agent, f"{reason}\n{carried}"[:SAID_CHARS], to=to, outcome=commit)
        case e.AttemptFailed(failure=Failure.REVIEW, reason=reason, feedback=feedback):
            points = [line for line in feedback.splitlines() if line.startswith("- ")]
            return Said(_critics(run, task), "\n".join((reason, *points))[:SAID_CHARS])
    return None


def _critics(run: Run, task: Task) -> str:
    """Who judges a task: in one round they speak with one voice, for it is the rounds that may repeat."""
    named = {one.agent for one in run.tasks.values() if one.spec.role is Role.REVIEW and one.spec.about == task.task}
    return " + ".join(sorted(named)) or "reviewer"
