"""Events of the run, the plan and the tasks."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.budget import of_attempt
from engine.evolution.parts import change, lane_of, move, with_lane, with_task
from engine.lifecycle import may_move
from engine.state import Lane, Run, Task
from engine.words import Failure, Reaction, Role, RunOutcome, RunStatus, TaskState


def run_started(run: Run, event: e.RunStarted, at: float) -> Run:
    return replace(
        run,
        goal=event.goal,
        flow=event.flow,
        roster=event.roster,
        base_commit=event.base_commit,
        base_tree=event.base_tree,
        base_branch=event.base_branch,
        check=event.check,
        found_check=event.found_check,
        items=event.items,
        route_reason=event.route_reason,
        max_lanes=event.max_lanes,
        is_unattended=event.is_unattended,
        accepts_plan=event.accepts_plan,
        cloud_allowed=event.cloud_allowed,
        sandbox=event.sandbox,
        notes=event.notes,
        settings=event.settings,
        excused=event.excused,
        budget=event.budget,
        budget_given=event.budget,
        policy=event.policy,
        rules=event.rules,
        prices=event.prices,
        counters=event.counters,
        started_at=at,
        branch=f"orchestra/{run.run}",
        head=event.base_commit,
        head_tree=event.base_tree,
        at=at,
    )


def check_chosen(run: Run, event: e.CheckChosen, at: float) -> Run:
    return replace(run, check=event.check, found_check=None, at=at)


def run_finished(run: Run, event: e.RunFinished, at: float) -> Run:
    if run.is_over:
        return run
    return replace(run, status=RunStatus.FINISHED, outcome=event.outcome, reason=event.reason, ended_at=at, at=at)


def run_cancelled(run: Run, event: e.RunCancelled, at: float) -> Run:
    """The one event that ends everything: tasks that were under way are cancelled, questions do not matter any more."""
    if run.is_over:
        return run
    for task in run.tasks.values():
        run = run if task.is_settled else move(run, task.task, TaskState.CANCELLED, at, reason="the run was cancelled")
    asked = {name: replace(one, is_withdrawn=True) if one.is_open else one for name, one in run.approvals.items()}
    return replace(
        run,
        approvals=asked,
        status=RunStatus.CANCELLED,
        outcome=RunOutcome.CANCELLED,
        reason=event.reason,
        ended_at=at,
        at=at,
    )


def run_paused(run: Run, _event: e.RunPaused, at: float) -> Run:
    return run if run.is_over else replace(run, status=RunStatus.PAUSED, at=at)


def run_continued(run: Run, _event: e.RunContinued, at: float) -> Run:
    return run if run.is_over else replace(run, status=RunStatus.RUNNING, at=at)


def run_resumed(run: Run, _event: e.RunResumed, at: float) -> Run:
    lanes = {task: replace(lane, in_turn=False, queued_at=0.0) for task, lane in run.lanes.items()}
    return replace(run, resumed=run.resumed + 1, lanes=lanes, at=at)


def plan_proposed(run: Run, event: e.PlanProposed, at: float) -> Run:
    run = move(run, event.task, TaskState.PRODUCED, at, summary=event.remark)
    task = run.tasks.get(event.task)
    if task is None or task.spec.role is not Role.PLAN or task.state is not TaskState.PRODUCED:
        # Nobody asked for it: the plan that waits for the person's word stays the one they were shown.
        return run
    run = with_task(run, replace(task, proposed=event.tasks), at)
    return replace(run, plan=event.tasks, plan_task=event.task)


def plan_accepted(run: Run, event: e.PlanAccepted, at: float) -> Run:
    return replace(run, plan=event.tasks, is_plan_accepted=True, at=at)


def plan_extended(run: Run, event: e.PlanExtended, at: float) -> Run:
    return replace(run, plan=(*run.plan, *event.tasks), at=at)


def task_added(run: Run, event: e.TaskAdded, at: float) -> Run:
    if event.spec.task in run.tasks:
        return run
    return with_task(run, Task(event.spec, agent=event.spec.agent, added_at=at, changed_at=at), at)


def follow_ups_proposed(run: Run, event: e.FollowUpsProposed, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None or task.is_settled or task.attempt != event.attempt:
        return run
    return change(run, event.task, at, follow_ups=event.tasks)


def task_respecified(run: Run, event: e.TaskRespecified, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.PENDING:
        return run
    return change(run, event.task, at, spec=event.spec, agent=event.spec.agent)


def task_started(run: Run, event: e.TaskStarted, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None or not may_move(task.state, TaskState.RUNNING):
        return run
    run = move(
        run,
        event.task,
        TaskState.RUNNING,
        at,
        attempt=event.attempt,
        agent=event.agent,
        model=event.model,
        rung=event.rung,
        route=event.reason or task.route,
        start_commit=event.start_commit,
        started_at=task.started_at or at,
        is_proven=False,
        evidence=None,
        verdict=None,
        commit="",
        tree="",
        reason="",
    )
    lane = lane_of(run, event.task)
    return with_lane(
        run,
        replace(
            lane,
            model=event.model,
            tier=event.tier,
            in_turn=False,
            queued_at=0.0,
            loop=None,
            nudges=_unread(lane),
            breaking=(),
            tool=None,
            is_truncated=False,
            trouble=task.reason if task.last_failure is Failure.STUCK else "",
            account=of_attempt(lane.account, event.attempt),
        ),
        at,
    )


def _unread(lane: Lane) -> tuple[str, ...]:
    """The person's words wait for the next attempt; those against a loop were about the one that is over."""
    waiting = (words for words in lane.nudges[lane.delivered :] if words not in lane.breaking)
    return (*lane.nudges[: lane.delivered], *waiting)


def task_produced(run: Run, event: e.TaskProduced, at: float) -> Run:
    run = move(
        run,
        event.task,
        TaskState.PRODUCED,
        at,
        summary=event.summary,
        output=event.output,
        commit=event.commit,
        tree=event.tree,
        files=event.files,
        insertions=event.insertions,
        deletions=event.deletions,
        outliving=event.outliving,
        answers=event.answers,
        claims=event.claims,
        proof=f"{len(event.claims)} of {len(event.claims)} claims found" if event.claims else "",
    )
    return with_lane(run, replace(lane_of(run, event.task), in_turn=False, queued_at=0.0, loop=None), at)


def task_verified(run: Run, event: e.TaskVerified, at: float) -> Run:
    return change(run, event.task, at, is_proven=True, evidence=event.evidence, proof=event.reason)


def task_interrupted(run: Run, event: e.TaskInterrupted, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.RUNNING:
        return run
    run = move(run, event.task, TaskState.REVISING, at, attempt=event.attempt - 1, next_start=task.start_commit)
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, in_turn=False, queued_at=0.0, tool=None, loop=None), at)


def attempt_failed(run: Run, event: e.AttemptFailed, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None or task.is_settled or task.attempt != event.attempt:
        return run
    run = change(run, event.task, at, last_failure=event.failure, reason=event.reason, saved=event.saved, follow_ups=())
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, in_turn=False, queued_at=0.0, trouble=event.reason), at)


def task_revised(run: Run, event: e.TaskRevised, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None:
        return run
    used = [f"{event.failure}:{event.reaction}"]
    card = run.roster.get(event.agent)
    if event.reaction is Reaction.CLIMB and card and 0 <= event.rung < len(card.ladder):
        used.append(f"climb:{card.ladder[event.rung].tier}")
    run = move(
        run,
        event.task,
        TaskState.REVISING,
        at,
        agent=event.agent,
        rung=event.rung,
        feedback=event.feedback,
        reason=event.reason,
        next_start=event.start_commit,
        last_failure=event.failure,
        reactions={**task.reactions, **{name: task.reactions.get(name, 0) + 1 for name in used}},
        is_proven=False,
        # Without a commit a resolver has resolved nothing: whoever takes over still has the conflict before them.
        is_resolving=event.reaction is Reaction.RESOLVE or (task.is_resolving and not task.commit),
    )
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, in_turn=False, queued_at=0.0, tool=None), at)


def task_handed_off(run: Run, event: e.TaskHandedOff, at: float) -> Run:
    task = run.tasks.get(event.task)
    if task is None or task.attempt != event.attempt:
        return run
    run = move(
        run,
        event.task,
        TaskState.REVISING,
        at,
        agent=event.to,
        rung=event.rung,
        hops=(*task.hops, task.agent),
        feedback=event.carried,
        reason=f"{task.agent} passed it on to {event.to}: {event.reason}",
        next_start=event.start_commit or task.start_commit,
    )
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, in_turn=False, queued_at=0.0, tool=None, loop=None), at)


def vote_counted(run: Run, event: e.VoteCounted, at: float) -> Run:
    voices = ", ".join(f"{choice} {count}" for choice, count in event.counts.items())
    said = f"{event.choice} ({voices}; {event.quorum} needed)"
    return change(run, event.task, at, answers={event.field: (event.choice,)}, summary=said, output=said)


def task_waiting(run: Run, event: e.TaskWaiting, at: float) -> Run:
    return move(run, event.task, TaskState.WAITING, at, reason=event.reason)


def task_done(run: Run, event: e.TaskDone, at: float) -> Run:
    return move(run, event.task, TaskState.DONE, at)


def task_failed(run: Run, event: e.TaskFailed, at: float) -> Run:
    return move(run, event.task, TaskState.FAILED, at, reason=event.reason)


def task_skipped(run: Run, event: e.TaskSkipped, at: float) -> Run:
    return move(run, event.task, TaskState.SKIPPED, at, reason=event.reason, is_passed=event.is_passed)


def task_cancelled(run: Run, event: e.TaskCancelled, at: float) -> Run:
    return move(run, event.task, TaskState.CANCELLED, at, reason="cancelled by you")


def task_moved(run: Run, event: e.TaskMoved, at: float) -> Run:
    return move(run, event.task, event.to, at, is_passed=False)
