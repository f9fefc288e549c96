"""What follows when the person takes back the permission for cloud models: calls that run are cut at once."""

from __future__ import annotations

from engine import events as e
from engine.decision.failures import carry_out
from engine.policy import Decision, first_rung
from engine.state import Run, Task
from engine.words import Failure, Reaction, TaskState

RULE = "cloud: withdrawn"
WHY = "you do not allow cloud models any more"


def on_cloud_permitted(run: Run, event: e.CloudPermitted) -> tuple[e.Event, ...]:
    """Attempts on cloud models end here; each task starts anew on its first local model, or needs the person."""
    if event.allowed:
        return ()
    found: list[e.Event] = []
    for task in run.tasks.values():
        if task.state is TaskState.RUNNING and _runs_in_cloud(run, task):
            found += carry_out(run, task, _down(run, task), Failure.REFUSED, task.feedback)
    return tuple(found)


def _runs_in_cloud(run: Run, task: Task) -> bool:
    """By the model it was started with: its rung is a local one already."""
    card = run.roster.get(task.agent)
    return any(rung.model == task.model and not rung.is_local for rung in (card.ladder if card else ()))


def _down(run: Run, task: Task) -> Decision:
    rung = first_rung(run, task.agent)
    if rung >= 0:
        return Decision(Reaction.LOCAL, RULE, WHY, task.agent, rung)
    reaction = Reaction.FAIL if run.is_unattended else Reaction.ASK
    return Decision(reaction, RULE, f"{WHY}, and {task.agent} has no local one", task.agent, task.rung)
