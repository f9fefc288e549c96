"""state + event → state: pure, total, the only place where state changes.

One small rule per kind of event, in a table; a test holds the table against the closed union. An event that no longer
fits (a move the lifecycle forbids) leaves the state as it was: a log is history and is never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from engine import events as e
from engine.evolution import lanes, tasks
from engine.state import Repository, Run
from engine.words import RunId

Rule = Callable[[Run, Any, float], Run]


def evolve(run: Run, event: e.Event, at: float = 0.0) -> Run:
    """The state after one more event.

    In:   the state before; the event; when it happened, in seconds since the epoch.
    Out:  the state after. The old one is untouched.
    """
    rule = RULES.get(type(event))
    return rule(run, event, at) if rule else run


def fold(run: RunId, history: Iterable[tuple[e.Event, float]]) -> Run:
    """The state after a whole history of (event, time)."""
    state = Run(run)
    rules = RULES
    for event, at in history:
        rule = rules.get(type(event))
        if rule:
            state = rule(state, event, at)
    return state


def evolve_repository(repository: Repository, event: e.Event) -> Repository:
    """The person's decisions for the repository after one more event."""
    if isinstance(event, e.CloudPermitted):
        return replace(repository, cloud_allowed=event.allowed)
    if isinstance(event, e.FileTrusted):
        return replace(repository, trusted={**repository.trusted, event.path: event.digest})
    if isinstance(event, e.CheckChosen):
        return replace(repository, check=event.check, is_check_chosen=True)
    return repository


def _unchanged(run: Run, _event: e.Event, _at: float) -> Run:
    return run


RULES: dict[type, Rule] = {
    e.CloudPermitted: _unchanged,
    e.FileTrusted: _unchanged,
    e.CheckChosen: tasks.check_chosen,
    e.RunStarted: tasks.run_started,
    e.RunPaused: tasks.run_paused,
    e.RunContinued: tasks.run_continued,
    e.RunResumed: tasks.run_resumed,
    e.RunFinished: tasks.run_finished,
    e.RunCancelled: tasks.run_cancelled,
    e.PlanProposed: tasks.plan_proposed,
    e.PlanRefused: _unchanged,
    e.PlanAccepted: tasks.plan_accepted,
    e.TaskAdded: tasks.task_added,
    e.TaskStarted: tasks.task_started,
    e.TaskProduced: tasks.task_produced,
    e.TaskVerified: tasks.task_verified,
    e.TaskUnverified: _unchanged,
    e.TaskInterrupted: tasks.task_interrupted,
    e.AttemptFailed: tasks.attempt_failed,
    e.TaskRevised: tasks.task_revised,
    e.TaskWaiting: tasks.task_waiting,
    e.TaskMoved: tasks.task_moved,
    e.TaskDone: tasks.task_done,
    e.TaskFailed: tasks.task_failed,
    e.TaskSkipped: tasks.task_skipped,
    e.TaskCancelled: tasks.task_cancelled,
    e.LaneOpened: lanes.lane_opened,
    e.LaneKept: lanes.lane_kept,
    e.LaneReaped: lanes.lane_reaped,
    e.TurnQueued: lanes.turn_queued,
    e.TurnStarted: lanes.turn_started,
    e.TurnEnded: lanes.turn_ended,
    e.TurnFailed: lanes.turn_failed,
    e.ContextMeasured: lanes.context_measured,
    e.ContextCompacted: _unchanged,
    e.ContextTruncated: lanes.context_truncated,
    e.ToolCalled: lanes.tool_called,
    e.ToolFinished: lanes.tool_finished,
    e.NoteTaken: lanes.note_taken,
    e.Steered: lanes.steered,
    e.SteerDelivered: lanes.steer_delivered,
    e.LanePaused: lanes.lane_paused,
    e.LaneContinued: lanes.lane_continued,
    e.LoopFound: lanes.loop_found,
    e.LoopNudged: lanes.loop_nudged,
    e.LoopForgiven: lanes.loop_forgiven,
    e.CheckFinished: lanes.check_finished,
    e.VerdictGiven: lanes.verdict_given,
    e.LandIntended: lanes.land_intended,
    e.TaskLanded: lanes.task_landed,
    e.LandConflicted: lanes.land_conflicted,
    e.ApprovalAsked: lanes.approval_asked,
    e.ApprovalAnswered: lanes.approval_answered,
    e.ApprovalWithdrawn: lanes.approval_withdrawn,
}
