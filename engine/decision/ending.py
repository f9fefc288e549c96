"""Endings: of a task, with what hangs on it, and of the run."""

from __future__ import annotations

from functools import reduce
from itertools import islice

from engine import events as e
from engine.decision.follow_ups import are_awaited, on_done_with_follow_ups
from engine.decision.reviews import settle_review
from engine.decision.unmanned import settle_unmanned
from engine.decision.votes import stop_voices
from engine.evolution.tasks import task_added
from engine.graph import (
    doomed,
    hanging,
    has_checked_work,
    last_words,
    needless_reviews,
    revivable,
    unwanted,
)
from engine.growth import spread_tasks
from engine.judge import judge
from engine.state import Run, Task
from engine.words import RunOutcome, TaskId, TaskState

NO_CHANGE = "nothing was changed"
Settled = e.TaskDone | e.TaskFailed | e.TaskSkipped | e.TaskCancelled


def on_settled(run: Run, event: Settled) -> tuple[e.Event, ...]:
    """What hangs on a settled task, then the run's last event when nothing is left.

    One thing at a time: what is found here settles tasks, and each of those comes back here.
    """
    task = run.tasks.get(event.task)
    if task is not None and not task.is_settled:
        # The move was not heard: what would follow from it would lead here again, for ever.
        return ()
    closed = tuple(
        e.ApprovalWithdrawn(approval.approval)
        for approval in run.open_approvals()
        if approval.task in run.tasks and run.tasks[approval.task].is_settled
    )
    more = on_done_with_follow_ups(run, event.task) if isinstance(event, e.TaskDone) else ()
    spread = _spread(run, event)
    grows = any(isinstance(one, e.PlanExtended | e.ApprovalAsked) for one in more)
    # What hangs on the task hangs on what it becomes, too: conditions and lost needs are those of the whole list.
    run = reduce(lambda there, added: task_added(there, added, there.at), spread, run)
    return (*closed, *more, *spread, *(_judged(run, event) or _hanging(run) or (() if grows else ending(run))))


def _spread(run: Run, event: Settled) -> tuple[e.TaskAdded, ...]:
    """The tasks that the list in an answer becomes."""
    task = run.tasks.get(event.task) if isinstance(event, e.TaskDone) else None
    return tuple(map(e.TaskAdded, spread_tasks(run, task))) if task else ()


def _judged(run: Run, event: Settled) -> tuple[e.Event, ...]:
    task = run.tasks.get(event.task)
    return settle_review(run, TaskId(task.spec.about)) if task and task.spec.about else ()


def _hanging(run: Run) -> tuple[e.Event, ...]:
    """The next thing that settles by itself."""
    stand = hanging(run)
    return (
        tuple(e.TaskCancelled(review.task) for review in needless_reviews(run, stand)[:1])
        or stop_voices(run)
        or tuple(e.TaskSkipped(task.task, reason, is_passed=True) for task, reason in islice(unwanted(run, stand), 1))
        or tuple(e.TaskSkipped(task.task, f"needs {need}") for task, need in islice(doomed(run, stand), 1))
        or settle_unmanned(run, stand.unmanned)
    )


def on_revised(run: Run, event: e.TaskRevised) -> tuple[e.Event, ...]:
    """Questions of the last attempt do not matter any more; what was skipped for the task's sake has hope again."""
    closed = (e.ApprovalWithdrawn(asked.approval) for asked in run.open_approvals() if asked.task == event.task)
    return (*closed, *revive(run))


def revive(run: Run) -> tuple[e.Event, ...]:
    """The next skipped task whose needs may come after all; once there is none, what settles by itself."""
    return tuple(e.TaskMoved(task.task, TaskState.PENDING) for task in revivable(run)[:1]) or _hanging(run)


def ending(run: Run) -> tuple[e.Event, ...]:
    """The run's last event, once everything is settled and the result is checked."""
    # The newest tasks are the likeliest to be open still.
    if not run.tasks or not all(task.is_settled for task in reversed(run.tasks.values())):
        return ()
    if are_awaited(run):
        return ()
    failed = [
        task
        for task in run.tasks.values()
        if task.state is not TaskState.DONE and not task.is_passed and not task.spec.about
    ]
    if run.head == run.base_commit:
        return (_without_landing(run, failed),)
    if run.check is None or not has_checked_work(run):
        outcome, reason = RunOutcome.CLAIMED, "nothing proves it: no check was run"
    else:
        after = run.evidence_for(run.head_tree, run.check)
        if after is None:
            return ()
        before = run.evidence_for(run.base_tree, run.check)
        judgement = judge(run.check, before, after, must_be_green=run.check.want == "pass")
        outcome, reason = RunOutcome.PROVEN if judgement.holds else RunOutcome.RED, judgement.reason
    if failed:
        outcome, reason = RunOutcome.FAILED, f"{len(failed)} of {len(run.tasks)} tasks not done; {reason}"
    return (e.RunFinished(outcome, reason, run.branch, run.head),)


def _without_landing(run: Run, failed: list[Task]) -> e.Event:
    if failed:
        why = next((task.reason for task in failed if task.reason), "cancelled")
        all_cancelled = all(task.state is TaskState.CANCELLED for task in failed)
        outcome = RunOutcome.CANCELLED if all_cancelled else RunOutcome.FAILED
        return e.RunFinished(outcome, f"{len(failed)} of {len(run.tasks)} tasks not done: {why}")
    said = ", ".join(task.spec.task for task in last_words(run))
    reason = f"no file was changed; the result is a text: {said}" if said else NO_CHANGE
    return e.RunFinished(RunOutcome.CLAIMED, reason)
