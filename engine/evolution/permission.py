"""The person's word on cloud models, while a run is being played."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.policy import first_rung
from engine.state import Run, Task


def cloud_permitted(run: Run, event: e.CloudPermitted, at: float) -> Run:
    """Without permission no task stays on a cloud rung; an attempt that runs there is cut by what follows from this.

    From then on only the person's explicit word brings a single task up there again.
    """
    run = replace(run, cloud_allowed=event.allowed, at=at)
    if event.allowed:
        return run
    moved = {name: _grounded(run, task) for name, task in run.tasks.items() if _is_in_cloud(run, task)}
    return replace(run, tasks={**run.tasks, **moved}) if moved else run


def _is_in_cloud(run: Run, task: Task) -> bool:
    card = run.roster.get(task.agent)
    return bool(task.attempt and card and 0 <= task.rung < len(card.ladder) and not card.ladder[task.rung].is_local)


def _grounded(run: Run, task: Task) -> Task:
    return replace(task, rung=first_rung(run, task.agent))
