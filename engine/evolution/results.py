"""Events of checks, verdicts, landings, nudges and the person's answers."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.evolution.parts import change, lane_of, move, with_lane
from engine.loops.verdict import pardon
from engine.state import Approval, Run, Task, evidence_key
from engine.words import CheckSpec, TaskId, TaskState, Verdict


def note_taken(run: Run, event: e.NoteTaken, at: float) -> Run:
    return replace(run, notes_taken=(*run.notes_taken, f"{event.agent}: {event.text}"), at=at)


def loop_forgiven(run: Run, event: e.LoopForgiven, at: float) -> Run:
    known = pardon(event.form, event.subject)
    lane = lane_of(run, event.task)
    run = with_lane(run, replace(lane, loop=None, forgiven=(*lane.forgiven, known)), at)
    return replace(run, excused=(*run.excused, known)) if event.subject else run


def loop_nudged(run: Run, event: e.LoopNudged, at: float) -> Run:
    lane = lane_of(run, event.task)
    breaking, nudges = (*lane.breaking, event.text), (*lane.nudges, event.text)
    nudged = replace(lane, nudges=nudges, breaking=breaking, interrupts=lane.interrupts + 1)
    run = with_lane(run, nudged, at)
    task = run.tasks.get(event.task)
    if task is None:
        return run
    used = "stuck:nudge"
    return change(run, event.task, at, reactions={**task.reactions, used: task.reactions.get(used, 0) + 1})


def check_finished(run: Run, event: e.CheckFinished, at: float) -> Run:
    found = event.result
    key = evidence_key(found.tree, CheckSpec(found.command, found.metric))
    return replace(run, evidence={**run.evidence, key: event.result}, at=at)


def verdict_given(run: Run, event: e.VerdictGiven, at: float) -> Run:
    run = move(run, event.review, TaskState.PRODUCED, at, verdict=event.verdict, summary=event.verdict.summary)
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.REVIEWING:
        return run
    review = run.tasks.get(event.review)
    number = review.spec.round if review and review.spec.round else task.review_round + 1
    return change(run, event.task, at, verdict=_graver(task, event.verdict, number), review_round=number)


def _graver(task: Task, new: Verdict, number: int) -> Verdict:
    """Of a round's verdicts the one that the author must answer: a rejection hides no later praise."""
    if task.verdict and task.review_round == number and not task.verdict.accepts:
        return task.verdict
    return new


def land_intended(run: Run, event: e.LandIntended, at: float) -> Run:
    return replace(run, intent=event.new, intent_task=event.task, at=at)


def task_landed(run: Run, event: e.TaskLanded, at: float) -> Run:
    run = change(run, event.task, at, landed=event.commit, conflict=(), is_resolving=False)
    return replace(run, head=event.commit, head_tree=event.tree, intent="", intent_task=TaskId(""), at=at)


def land_conflicted(run: Run, event: e.LandConflicted, at: float) -> Run:
    return change(run, event.task, at, conflict=event.files, conflict_onto=event.onto)


def approval_asked(run: Run, event: e.ApprovalAsked, at: float) -> Run:
    if event.approval in run.approvals and not run.approvals[event.approval].is_withdrawn:
        return run
    asked = Approval(
        event.approval,
        event.task,
        event.form,
        event.title,
        event.why,
        event.body,
        event.reach,
        event.options,
        event.default,
        at,
    )
    return replace(run, approvals={**run.approvals, event.approval: asked}, at=at)


def approval_answered(run: Run, event: e.ApprovalAnswered, at: float) -> Run:
    asked = run.approvals.get(event.approval)
    if asked is None or not asked.is_open:
        return run
    answered = replace(asked, answer=event.answer, words=event.words, by=event.by)
    return replace(run, approvals={**run.approvals, event.approval: answered}, at=at)


def approval_withdrawn(run: Run, event: e.ApprovalWithdrawn, at: float) -> Run:
    asked = run.approvals.get(event.approval)
    if asked is None or not asked.is_open:
        return run
    return replace(run, approvals={**run.approvals, event.approval: replace(asked, is_withdrawn=True)}, at=at)
