"""Results: what an agent claims is checked, reviewed, asked about and sent to be landed."""

from __future__ import annotations

from itertools import chain

from engine import events as e
from engine.decision.failures import carry_out
from engine.decision.reviews import to_landing, to_review
from engine.judge import is_for_one_task, judge, needs_before
from engine.policy import choose
from engine.state import Approval, Run, Task
from engine.words import CheckSpec, Failure, Reaction, Role, TaskState

EMPTY_FEEDBACK = "The last attempt ended without changing any file. Use the edit or write tool, then finish."
FORMS = {Role.PLAN: "a plan", Role.REVIEW: "a verdict"}


def on_produced(run: Run, event: e.TaskProduced) -> tuple[e.Event, ...]:
    """A claim is done (a text), checked, reviewed, or sent back for its form."""
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.PRODUCED:
        return ()
    if form := FORMS.get(task.spec.role):
        why = f"the answer is not {form}"
        return (e.AttemptFailed(task.task, task.attempt, Failure.MALFORMED, why, f"Answer with {form}."),)
    if task.spec.role in (Role.TEXT, Role.COMMAND):
        return to_review(run, task) or (e.TaskDone(task.task),)
    if not task.commit:
        if task.spec.may_be_empty:
            return (e.TaskUnverified(task.task), e.TaskDone(task.task))
        return (e.AttemptFailed(task.task, task.attempt, Failure.EMPTY, "nothing was changed", EMPTY_FEEDBACK),)
    if task.spec.check is None:
        return (e.TaskUnverified(task.task), *_after_checks(run, task))
    return (e.TaskMoved(task.task, TaskState.CHECKING),)


def settle_checks(run: Run) -> tuple[e.Event, ...]:
    """Judge every task whose evidence is complete."""
    checking = [task for task in run.tasks.values() if task.state is TaskState.CHECKING]
    return tuple(chain.from_iterable(settle_check(run, task) for task in checking))


def settle_check(run: Run, task: Task) -> tuple[e.Event, ...]:
    """Judge one task that is being checked, if its evidence is complete."""
    check = task.spec.check
    return _judged(run, task, check) if check else ()


def _judged(run: Run, task: Task, check: CheckSpec) -> tuple[e.Event, ...]:
    after = run.evidence_for(task.tree, check)
    before = run.evidence_for(run.base_tree, check)
    must_be_green = is_for_one_task(check, run.check)
    if after is None or (before is None and needs_before(check, after, must_be_green)):
        return ()
    judgement = judge(check, before, after, must_be_green)
    if judgement.holds:
        return (e.TaskVerified(task.task, after, judgement.reason), *_after_checks(run, task))
    feedback = f"The engine ran `{check.run}` on your work: {judgement.reason}\n\n{after.output}"
    return (e.AttemptFailed(task.task, task.attempt, Failure.CHECK, judgement.reason, feedback),)


def _after_checks(run: Run, task: Task) -> tuple[e.Event, ...]:
    return to_review(run, task) or to_landing(task, run)


def on_outliving_answer(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The person allows files that outlive the task, sends them back, or refuses them."""
    if approval.answer in ("allow", "always", "accept"):
        return (e.TaskMoved(task.task, TaskState.LANDING),)
    decision = choose(run, task, Reaction.RETRY, f"you: {approval.words}") if approval.answer == "reject" else None
    if decision:
        words = f"The person does not want these files changed so: {approval.words}"
        return carry_out(run, task, decision, Failure.REVIEW, words)
    who = "you did not" if approval.by == "person" else "nobody was there to"
    return (e.TaskFailed(task.task, f"{who} allow the files that outlive it"),)
