"""The few ways in which a part of the state is put back into the whole."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from engine.lifecycle import SETTLED, may_move
from engine.state import Lane, Run, Task
from engine.words import TaskId, TaskState, TurnUsage


def with_task(run: Run, task: Task, at: float) -> Run:
    return replace(run, tasks={**run.tasks, task.task: task}, at=at)


def with_lane(run: Run, lane: Lane, at: float) -> Run:
    return replace(run, lanes={**run.lanes, lane.task: lane}, at=at)


def lane_of(run: Run, task: TaskId) -> Lane:
    return run.lanes.get(task) or Lane(task)


def move(run: Run, task_id: TaskId, state: TaskState, at: float, **changes: Any) -> Run:
    """Move a task if the table allows it; otherwise nothing changes."""
    task = run.tasks.get(task_id)
    if task is None or not may_move(task.state, state):
        return run
    settled_at = at if state in SETTLED else 0.0
    if TaskState.LANDING in (task.state, state) and task.state is not state:
        others = tuple(other for other in run.landing if other != task_id)
        run = replace(run, landing=(*others, task_id) if state is TaskState.LANDING else others)
    return with_task(run, replace(task, state=state, changed_at=at, settled_at=settled_at, **changes), at)


def change(run: Run, task_id: TaskId, at: float, **changes: Any) -> Run:
    task = run.tasks.get(task_id)
    return with_task(run, replace(task, **changes), at) if task else run


def add_usage(total: TurnUsage, more: TurnUsage) -> TurnUsage:
    return TurnUsage(
        total.prompt_tokens + more.prompt_tokens,
        total.cached_tokens + more.cached_tokens,
        total.output_tokens + more.output_tokens,
        total.duration_s + more.duration_s,
        more.first_token_s,
        total.cost_usd + more.cost_usd,
        total.is_estimated or more.is_estimated,
    )
