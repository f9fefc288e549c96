"""state + event → state: pure, total, the only place where state changes.

One small rule per kind of event, in a table; a test holds the table against the closed union. An event that no longer
fits (a move the lifecycle forbids) leaves the state as it was: a log is history and is never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from engine import events as e
from engine.evolution import budget, lanes, permission, results, tasks
from engine.evolution.talk import hearing
from engine.loops.verdict import pardon
from engine.state import KEPT_OUTCOMES, Lane, Repository, Run
from engine.words import RunId, TaskId

Rule = Callable[[Run, Any, float], Run]
LaneRule = Callable[[Lane, Any, float], Lane]


def evolve(run: Run, event: e.Event, at: float = 0.0) -> Run:
    """The state after one more event.

    In:   the state before; the event; when it happened, in seconds since the epoch.
    Out:  the state after. The old one is untouched.
    """
    kind = type(event)
    if lane_rule := LANE_RULES.get(kind):
        return _on_lane(run, lane_rule, event, at)
    rule = RULES.get(kind)
    return rule(run, event, at) if rule else run


def fold(run: RunId, history: Iterable[tuple[e.Event, float]]) -> Run:
    """The state after a whole history of (event, time).

    Nine events in ten concern one lane and nothing else. They go into lanes that nobody has seen yet; the run is put
    together again before an event that sees all of it. The result is `evolve` applied to each.
    """
    state, ahead, seen_at, is_ahead = Run(run), dict[TaskId, Lane](), 0.0, False
    for event, at in history:
        kind = type(event)
        if lane_rule := LANE_RULES.get(kind):
            if not is_ahead:
                ahead, is_ahead = dict(state.lanes), True
            task: TaskId = event.task  # type: ignore[attr-defined]  # each event of a lane names its task
            ahead[task] = lane_rule(ahead.get(task) or Lane(task), event, at)
            seen_at = at
        elif rule := RULES.get(kind):
            if is_ahead:
                state, is_ahead = replace(state, lanes=ahead, at=seen_at), False
            state = rule(state, event, at)
    return replace(state, lanes=ahead, at=seen_at) if is_ahead else state


def evolve_repository(repository: Repository, event: e.Event, at: float = 0.0) -> Repository:
    """The person's decisions for the repository after one more event."""
    if isinstance(event, e.CloudPermitted):
        return replace(repository, cloud_allowed=event.allowed, cloud_decided_at=at)
    if isinstance(event, e.FileTrusted):
        return replace(repository, trusted={**repository.trusted, event.path: event.digest})
    if isinstance(event, e.CheckChosen):
        return replace(repository, check=event.check, is_check_chosen=True)
    if isinstance(event, e.OutcomeLearned):
        outcomes = (*repository.outcomes, *event.outcomes)[-KEPT_OUTCOMES:]
        return replace(repository, outcomes=outcomes, learned=repository.learned | {event.run})
    if isinstance(event, e.LoopExcused):
        excused = dict.fromkeys((*repository.excused, pardon(event.form, event.subject)))
        return replace(repository, excused=tuple(excused))
    return repository


def _on_lane(run: Run, rule: LaneRule, event: Any, at: float) -> Run:
    task = event.task
    return replace(run, lanes={**run.lanes, task: rule(run.lanes.get(task) or Lane(task), event, at)}, at=at)


def _unchanged(run: Run, _event: e.Event, _at: float) -> Run:
    return run


RULES: dict[type, Rule] = {
    e.CloudPermitted: permission.cloud_permitted,
    e.FileTrusted: _unchanged,
    e.LoopExcused: _unchanged,
    e.OutcomeLearned: _unchanged,
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
    e.PlanExtended: tasks.plan_extended,
    e.FollowUpsProposed: tasks.follow_ups_proposed,
    e.TaskAdded: tasks.task_added,
    e.TaskRespecified: tasks.task_respecified,
    e.TaskStarted: tasks.task_started,
    e.TaskProduced: hearing(tasks.task_produced),
    e.TaskVerified: tasks.task_verified,
    e.TaskUnverified: _unchanged,
    e.TaskInterrupted: tasks.task_interrupted,
    e.AttemptFailed: hearing(tasks.attempt_failed),
    e.TaskRevised: hearing(tasks.task_revised),
    e.TaskHandedOff: hearing(tasks.task_handed_off),
    e.VoteCounted: tasks.vote_counted,
    e.TaskWaiting: tasks.task_waiting,
    e.TaskMoved: tasks.task_moved,
    e.TaskDone: tasks.task_done,
    e.TaskFailed: tasks.task_failed,
    e.TaskSkipped: tasks.task_skipped,
    e.TaskCancelled: tasks.task_cancelled,
    e.ContextCompacted: _unchanged,
    e.BudgetWarned: budget.budget_warned,
    e.BudgetSet: budget.budget_set,
    e.NoteTaken: results.note_taken,
    e.LoopNudged: results.loop_nudged,
    e.LoopForgiven: results.loop_forgiven,
    e.CheckFinished: hearing(results.check_finished),
    e.VerdictGiven: results.verdict_given,
    e.LandIntended: results.land_intended,
    e.TaskLanded: results.task_landed,
    e.LandConflicted: results.land_conflicted,
    e.ApprovalAsked: results.approval_asked,
    e.ApprovalAnswered: results.approval_answered,
    e.ApprovalWithdrawn: results.approval_withdrawn,
}

LANE_RULES: dict[type, LaneRule] = {
    e.LaneOpened: lanes.lane_opened,
    e.LaneKept: lanes.lane_kept,
    e.LaneReaped: lanes.lane_reaped,
    e.TurnQueued: lanes.turn_queued,
    e.TurnStarted: lanes.turn_started,
    e.TurnEnded: lanes.turn_ended,
    e.TurnFailed: lanes.turn_failed,
    e.CallRefused: budget.call_refused,
    e.TimeHeld: budget.time_held,
    e.ContextMeasured: lanes.context_measured,
    e.ContextTruncated: lanes.context_truncated,
    e.ToolCalled: lanes.tool_called,
    e.ToolFinished: lanes.tool_finished,
    e.Steered: lanes.steered,
    e.SteerDelivered: lanes.steer_delivered,
    e.LanePaused: lanes.lane_paused,
    e.LaneContinued: lanes.lane_continued,
    e.LoopFound: lanes.loop_found,
}
"""Rules of events that change one lane and nothing else."""
