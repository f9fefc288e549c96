"""Tasks that no model works on: gates of the person and counts of votes. Pure."""

from __future__ import annotations

from engine import events as e
from engine.decision.votes import tally
from engine.graph import ready, upstream_of
from engine.identity import approval_id
from engine.state import Approval, Run, Task
from engine.words import Role

BODY_CHARS = 20_000


def settle_unmanned(run: Run, unmanned: list[Task]) -> tuple[e.Event, ...]:
    """The next gate to be put before the person, or the next vote that is decided.

    In: unmanned, the gates and votes that are still open.
    """
    for task in unmanned:
        if task.spec.role is Role.VOTE and (found := tally(run, task)):
            return found
    gates = (task for task in unmanned if task.spec.role is Role.GATE)
    return next((_ask(run, gate) for gate in ready(run, gates)), ())


def on_gate_answer(task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The person lets the run go on, or ends it here."""
    if approval.answer in ("allow", "always", "accept"):
        return (e.TaskDone(task.task),)
    who = "you said no" if approval.by == "person" else "nobody was there to allow it"
    words = f": {approval.words}" if approval.words else ""
    return (e.TaskFailed(task.task, f"{who}{words}"),)


def _ask(run: Run, task: Task) -> tuple[e.Event, ...]:
    told = (f"{one.spec.title or one.task}: {one.output or one.summary}" for one in upstream_of(run, task))
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, "gate", f"{sum(task.reactions.values())}"),
        task.task,
        "gate",
        f"{task.spec.title or task.task}: may it go on?",
        task.spec.goal,
        "\n\n".join(told)[:BODY_CHARS],
        "Nothing behind this point starts before your word.",
        ("allow", "deny"),
        "deny",
    )
    return (ask, e.TaskWaiting(task.task, ask.approval, "waits for your word"))
