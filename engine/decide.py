"""fact → consequences: what the engine decides, pure and total.

The journal folds a fact, asks `consequences` with the state after it, folds those, asks again, and writes all of them
in ONE transaction: a fact without its reactions would leave a window in which kill -9 loses the reaction. What is to
be *done* about the new state is not decided here; it is a pure function of the state (`engine.due`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import events as e
from engine.evolve import evolve
from engine.graph import doomed, first_tasks, planned_task, review_task, watchers
from engine.identity import approval_id
from engine.judge import judge, needs_before
from engine.plan import plan_faults
from engine.policy import Decision, choose, react
from engine.state import Approval, Run, Task
from engine.words import CheckSpec, Failure, Reaction, Role, RunOutcome, TaskId, TaskState

STUCK_OPTIONS = ("retry", "reassign", "climb", "skip")


def with_consequences(run: Run, facts: tuple[e.Event, ...], at: float) -> tuple[Run, tuple[e.Event, ...]]:
    """Fold facts and everything that follows from them.

    In:   the state; facts, oldest first; the time.
    Out:  the state after; the facts with their consequences, in the order they are to be logged.
    """
    waiting, recorded = list(facts), []
    while waiting:
        event = waiting.pop(0)
        run = evolve(run, event, at)
        recorded.append(event)
        waiting = [*consequences(run, event), *waiting]
    return run, tuple(recorded)


def consequences(run: Run, event: e.Event) -> tuple[e.Event, ...]:
    """What follows from one fact, given the state after it."""
    rule = None if run.is_over else _RULES.get(type(event))
    return rule(run, event) if rule else ()


def _on_start(run: Run, _event: e.RunStarted) -> tuple[e.Event, ...]:
    return tuple(e.TaskAdded(spec) for spec in first_tasks(run))


# ---- plan --------------------------------------------------------------------------------------------------------


def _on_plan(run: Run, event: e.PlanProposed) -> tuple[e.Event, ...]:
    taken = frozenset({node.name for node in run.flow.nodes} | set(run.tasks))
    reasons = plan_faults(event.tasks, run.roster, taken)
    if reasons:
        failed = e.AttemptFailed(
            event.task,
            run.tasks[event.task].attempt,
            Failure.PLAN,
            f"the plan cannot run: {reasons[0]}",
            "The plan was refused:\n" + "\n".join(f"- {reason}" for reason in reasons),
        )
        return (e.PlanRefused(event.task, reasons), failed)
    node = run.node_of(run.tasks[event.task])
    if event.by == "person" or run.accepts_plan or node is None or not node.human:
        return (e.PlanAccepted(event.task, event.tasks, event.by or "engine"),)
    ask = e.ApprovalAsked(
        approval_id(run.run, event.task, "plan", repr(event.tasks)),
        event.task,
        "plan",
        f"Plan with {len(event.tasks)} tasks",
        event.remark or "The planner proposes these tasks.",
        "\n".join(f"{spec.task} · {spec.agent} · {spec.title or spec.goal}" for spec in event.tasks),
        "Nothing has been changed yet; work happens in worktrees of its own.",
        ("accept", "edit", "reject", "deny"),
        "accept" if run.is_unattended else "deny",
    )
    return (ask, e.TaskWaiting(event.task, ask.approval, "the plan waits for your word"))


def _on_plan_accepted(run: Run, event: e.PlanAccepted) -> tuple[e.Event, ...]:
    planner = run.tasks[event.task]
    node = run.node_of(planner)
    target = run.flow.node(node.grafts) if node else None
    if target is None:
        return (e.TaskFailed(event.task, "the flow has no node for planned tasks"),)
    added = tuple(e.TaskAdded(planned_task(run, spec, target)) for spec in event.tasks)
    return (*added, e.TaskDone(event.task))


# ---- results -----------------------------------------------------------------------------------------------------


def _on_produced(run: Run, event: e.TaskProduced) -> tuple[e.Event, ...]:
    task = run.tasks[event.task]
    if task.state is not TaskState.PRODUCED:
        return ()
    if task.spec.role is not Role.WORK:
        return (e.TaskDone(task.task),)
    if not task.commit:
        if task.spec.may_be_empty:
            return (e.TaskUnverified(task.task), e.TaskDone(task.task))
        return (e.AttemptFailed(task.task, task.attempt, Failure.EMPTY, "nothing was changed", EMPTY_FEEDBACK),)
    if task.spec.check is None:
        return (e.TaskUnverified(task.task), *_after_checks(run, task))
    return (e.TaskMoved(task.task, TaskState.CHECKING),)


EMPTY_FEEDBACK = "The last attempt ended without changing any file. Use the edit or write tool, then finish."


def _on_check(run: Run, _event: e.CheckFinished) -> tuple[e.Event, ...]:
    return (*_settle_checks(run), *_ending(run))


def _on_moved(run: Run, event: e.TaskMoved) -> tuple[e.Event, ...]:
    return _settle_checks(run) if event.to is TaskState.CHECKING else ()


def _settle_checks(run: Run) -> tuple[e.Event, ...]:
    """Judge every task whose evidence is complete."""
    found: list[e.Event] = []
    for task in run.tasks.values():
        if task.state is TaskState.CHECKING and task.spec.check:
            found += _settle_check(run, task, task.spec.check)
    return tuple(found)


def _settle_check(run: Run, task: Task, check: CheckSpec) -> tuple[e.Event, ...]:
    after = run.evidence_for(task.tree, check)
    before = run.evidence_for(run.base_tree, check)
    if after is None or (before is None and needs_before(check, after)):
        return ()
    judgement = judge(check, before, after)
    if judgement.holds:
        return (e.TaskVerified(task.task, after, judgement.reason), *_after_checks(run, task))
    feedback = f"The engine ran `{check.run}` on your work: {judgement.reason}\n\n{after.output}"
    return (e.AttemptFailed(task.task, task.attempt, Failure.CHECK, judgement.reason, feedback),)


def _after_checks(run: Run, task: Task) -> tuple[e.Event, ...]:
    nodes = () if task.is_resolving else watchers(run, task)
    if not nodes:
        return _to_landing(run, task)
    review = review_task(run, task, nodes[0])
    return (e.TaskMoved(task.task, TaskState.REVIEWING), e.TaskAdded(review))


def _on_verdict(run: Run, event: e.VerdictGiven) -> tuple[e.Event, ...]:
    task = run.tasks[event.task]
    done = e.TaskDone(event.review)
    if task.state is not TaskState.REVIEWING:
        return (done,)
    if event.verdict.accepts:
        return (done, *_to_landing(run, task))
    points = [f"- {f.path}:{f.line}: {f.text}" if f.path else f"- {f.text}" for f in event.verdict.findings]
    feedback = "A reviewer sent the work back: " + event.verdict.summary + "\n" + "\n".join(points)
    return (done, e.AttemptFailed(task.task, task.attempt, Failure.REVIEW, event.verdict.summary, feedback))


def _to_landing(run: Run, task: Task) -> tuple[e.Event, ...]:
    if not task.outliving:
        return (e.TaskMoved(task.task, TaskState.LANDING),)
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, "outliving", task.commit),
        task.task,
        "outliving",
        f"{task.spec.title or task.task} changes files that act after it is over",
        "Such files steer tools, tests or agents from now on: " + ", ".join(task.outliving),
        task.commit,
        "Landing puts them on the run's branch; your own branch stays as it is.",
        ("allow", "reject", "deny"),
    )
    answered = run.approvals.get(ask.approval)
    if answered and answered.answer in ("allow", "always"):
        return (e.TaskMoved(task.task, TaskState.LANDING),)
    return (ask, e.TaskWaiting(task.task, ask.approval, "waits for your word on files that outlive it"))


# ---- failures ----------------------------------------------------------------------------------------------------


def _on_failure(run: Run, event: e.AttemptFailed) -> tuple[e.Event, ...]:
    task = run.tasks[event.task]
    if task.is_settled or task.state in (TaskState.REVISING, TaskState.WAITING):
        return ()
    decision = react(run, task, event.failure, event.reason)
    return carry_out(run, task, decision, event.failure, event.feedback or event.reason, event.resume_from)


def _on_loop(run: Run, event: e.LoopFound) -> tuple[e.Event, ...]:
    task = run.tasks[event.task]
    if task.state is not TaskState.RUNNING:
        return ()
    return break_loop(run, task, event.form, event.evidence)


def break_loop(
    run: Run, task: Task, form: str, evidence: str, from_rung: Reaction | None = None
) -> tuple[e.Event, ...]:
    """Take the next rung of the remedy ladder against a loop."""
    why = f"{form}: {evidence}"
    decision = react(run, task, Failure.STUCK, why, from_rung)
    text = (
        f"You are repeating yourself ({form}) and learn nothing new from it:\n{evidence}\n"
        "Do not do that again. Look at something you have not read yet, change your approach, "
        "or finish and say what is missing."
    )
    if decision.reaction is Reaction.NUDGE:
        return (e.LoopNudged(task.task, text, why),)
    return carry_out(run, task, decision, Failure.STUCK, text)


def carry_out(
    run: Run, task: Task, decision: Decision, failure: Failure, feedback: str, resume_from: str = ""
) -> tuple[e.Event, ...]:
    """Turn a decision into events."""
    if decision.reaction is Reaction.FAIL:
        return _give_up(run, task, decision.reason)
    if decision.reaction is Reaction.ASK:
        return _ask_for_help(run, task, decision.reason, feedback)
    start = resume_from or (task.commit if task.commit else task.start_commit)
    if decision.reaction is Reaction.RESOLVE:
        start = task.commit
    revised = e.TaskRevised(
        task.task,
        failure,
        decision.reaction,
        decision.rule,
        decision.reason,
        decision.agent,
        decision.rung,
        feedback,
        start,
    )
    return (revised,)


def _give_up(run: Run, task: Task, reason: str) -> tuple[e.Event, ...]:
    failed: tuple[e.Event, ...] = (e.TaskFailed(task.task, reason),)
    subject = run.tasks.get(TaskId(task.spec.about)) if task.spec.about else None
    if subject is None or subject.state is not TaskState.REVIEWING:
        return failed
    if subject.is_proven:
        return (*failed, *_to_landing(run, subject))
    return (*failed, e.TaskFailed(subject.task, f"could not be reviewed: {reason}"))


def _ask_for_help(run: Run, task: Task, reason: str, feedback: str) -> tuple[e.Event, ...]:
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, "stuck", f"{task.attempt} {reason}"),
        task.task,
        "stuck",
        f"{task.spec.title or task.task} needs you",
        reason,
        feedback,
        "Your words go to the next attempt.",
        STUCK_OPTIONS,
        "skip",
    )
    return (ask, e.TaskWaiting(task.task, ask.approval, reason))


# ---- answers -----------------------------------------------------------------------------------------------------


def _on_answer(run: Run, event: e.ApprovalAnswered) -> tuple[e.Event, ...]:
    approval = run.approvals[event.approval]
    task = run.tasks.get(approval.task)
    if task is None or task.state is not TaskState.WAITING:
        return ()
    if approval.form == "plan":
        return _on_plan_answer(run, task, approval)
    if approval.form == "outliving":
        return _on_outliving_answer(run, task, approval)
    return _on_help(run, task, approval)


def _on_plan_answer(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    if approval.answer in ("accept", "allow", "always"):
        return (e.PlanAccepted(task.task, run.plan, approval.by),)
    if approval.answer == "reject":
        decision = choose(run, task, Reaction.RETRY, f"you: {approval.words}")
        words = f"The person rejected the plan: {approval.words}"
        return carry_out(run, task, decision, Failure.PLAN, words) if decision else ()
    return (e.TaskCancelled(task.task),)


def _on_outliving_answer(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    if approval.answer in ("allow", "always", "accept"):
        return (e.TaskMoved(task.task, TaskState.LANDING),)
    if approval.answer == "reject":
        decision = choose(run, task, Reaction.RETRY, f"you: {approval.words}")
        words = f"The person does not want these files changed so: {approval.words}"
        return carry_out(run, task, decision, Failure.REVIEW, words) if decision else ()
    return (e.TaskFailed(task.task, "you did not allow the files that outlive it"),)


def _on_help(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    reactions = {"retry": Reaction.RETRY, "reassign": Reaction.REASSIGN, "climb": Reaction.CLIMB}
    wish = reactions.get(approval.answer)
    decision = choose(run, task, wish, approval.words or f"you: {approval.answer}") if wish else None
    if decision is None:
        return _give_up(run, task, task.reason or "skipped by you")
    feedback = "\n".join(part for part in (approval.body, approval.words) if part)
    return carry_out(run, task, decision, task.last_failure or Failure.STUCK, feedback)


# ---- the end -----------------------------------------------------------------------------------------------------


def _on_landed(_run: Run, event: e.TaskLanded) -> tuple[e.Event, ...]:
    return (e.TaskDone(event.task),)


def _on_settled(run: Run, _event: e.Event) -> tuple[e.Event, ...]:
    lost = doomed(run)
    if lost:
        return tuple(e.TaskSkipped(task.task, f"needs {need}") for task, need in lost)
    open_questions = tuple(
        e.ApprovalWithdrawn(approval.approval)
        for approval in run.open_approvals()
        if approval.task in run.tasks and run.tasks[approval.task].is_settled
    )
    return (*open_questions, *_ending(run))


def _ending(run: Run) -> tuple[e.Event, ...]:
    """The run's last event, once everything is settled and the result is checked."""
    if not run.tasks or not all(task.is_settled for task in run.tasks.values()):
        return ()
    failed = [task for task in run.tasks.values() if task.state is not TaskState.DONE and not task.spec.about]
    has_landed = run.head != run.base_commit
    if not has_landed:
        return (_without_landing(run, failed),)
    after = run.evidence_for(run.head_tree, run.check) if run.check else None
    before = run.evidence_for(run.base_tree, run.check) if run.check else None
    if run.check is None or not any(task.spec.check for task in run.work_tasks()):
        outcome, reason = RunOutcome.CLAIMED, "nothing proves it: no check was run"
    elif after is None:
        return ()
    else:
        judgement = judge(run.check, before, after, must_be_green=run.check.want == "pass")
        outcome = RunOutcome.PROVEN if judgement.holds else RunOutcome.RED
        reason = judgement.reason
    if failed:
        outcome = RunOutcome.FAILED
        reason = f"{len(failed)} of {len(run.tasks)} tasks not done; {reason}"
    return (e.RunFinished(outcome, reason, run.branch, run.head),)


def _without_landing(run: Run, failed: list[Task]) -> e.Event:
    if failed:
        why = next((task.reason for task in failed if task.reason), "cancelled")
        all_cancelled = all(task.state is TaskState.CANCELLED for task in failed)
        outcome = RunOutcome.CANCELLED if all_cancelled else RunOutcome.FAILED
        return e.RunFinished(outcome, f"{len(failed)} of {len(run.tasks)} tasks not done: {why}")
    return e.RunFinished(RunOutcome.CLAIMED, "nothing was changed")


_RULES: dict[type, Callable[[Run, Any], tuple[e.Event, ...]]] = {
    e.RunStarted: _on_start,
    e.PlanProposed: _on_plan,
    e.PlanAccepted: _on_plan_accepted,
    e.TaskProduced: _on_produced,
    e.TaskMoved: _on_moved,
    e.CheckFinished: _on_check,
    e.VerdictGiven: _on_verdict,
    e.AttemptFailed: _on_failure,
    e.LoopFound: _on_loop,
    e.TaskLanded: _on_landed,
    e.TaskDone: _on_settled,
    e.TaskFailed: _on_settled,
    e.TaskSkipped: _on_settled,
    e.TaskCancelled: _on_settled,
    e.ApprovalAnswered: _on_answer,
}
