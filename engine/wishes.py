"""command → events and a receipt: what the person wishes, decided against the state. Pure.

Each wish ends in a receipt that says what will happen, or in a refusal that says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from engine import events as e
from engine.budget_wish import wished_budget
from engine.decision.failures import HELP, break_loop, carry_out
from engine.decision.grafts import CannotJoin, addition, told_anew
from engine.decision.plans import taken_ids
from engine.lifecycle import CANCELLABLE
from engine.plan import plan_faults
from engine.policy import LADDERS, Decision, choose, next_rung
from engine.starting import climb_label
from engine.state import Run, Task
from engine.words import ApprovalId, Failure, Reaction, Role, RunStatus, TaskId, TaskSpec, TaskState


@dataclass(frozen=True, slots=True)
class Granted:
    """The wish is carried out by these events."""

    events: tuple[e.Event, ...]
    receipt: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The wish cannot be carried out; nothing happened."""

    reason: str


Reply = Granted | Refused


def grant(run: Run, kind: str, wish: Mapping[str, Any]) -> Reply:
    """Decide one command of the person.

    In:   the run; the command's kind; its payload (`task`, `text`, `approval`, `answer`, `words`, `rung`, `tasks`).
    Out:  events to record with the receipt, or the reason of a refusal.
    """
    rule = _RULES.get(kind)
    if rule is None:
        return Refused(f"nobody here knows the command {kind!r}")
    if run.is_over:
        return Refused("the run is over")
    return rule(run, wish)


def _task(run: Run, wish: Mapping[str, Any]) -> Task | None:
    return run.tasks.get(TaskId(str(wish.get("task", ""))))


def _is_lost(run: Run, wish: Mapping[str, Any]) -> bool:
    """Whether a wish names a task that is not there: it never falls back to the whole run."""
    return bool(wish.get("task")) and _task(run, wish) is None


def _pause(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if _is_lost(run, wish):
        return Refused("there is no such task")
    if task is None:
        if run.status is RunStatus.PAUSED:
            return Refused("the run is paused already")
        return Granted((e.RunPaused(),), "all lanes pause at their next turn")
    if task.is_settled:
        return Refused(f"{task.task} is {task.state}")
    lane = run.lanes.get(task.task)
    if lane and lane.is_paused:
        return Refused(f"{task.task} is paused already")
    if task.state is TaskState.WAITING:
        return Refused(f"{task.task} waits for you: nothing goes on there that could pause")
    is_asking = any(asked.task == task.task for asked in run.open_approvals())
    when = "after your answer, at its next turn" if is_asking else "at its next turn"
    return Granted((e.LanePaused(task.task),), f"{task.task} pauses {when}")


def _continue(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if _is_lost(run, wish):
        return Refused("there is no such task")
    if task is None:
        if run.status is not RunStatus.PAUSED:
            return Refused("the run is not paused")
        return Granted((e.RunContinued(),), "the run goes on")
    lane = run.lanes.get(task.task)
    if lane is None or not lane.is_paused:
        return Refused(f"{task.task} is not paused")
    return Granted((e.LaneContinued(task.task),), f"{task.task} goes on")


def _steer(run: Run, wish: Mapping[str, Any]) -> Reply:
    task, text = _task(run, wish), str(wish.get("text", "")).strip()
    if not text:
        return Refused("there are no words to pass on")
    if _is_lost(run, wish):
        return Refused("there is no such task")
    if task is None:
        running = [other.task for other in run.tasks.values() if other.state is TaskState.RUNNING]
        if not running:
            return Refused("nobody is working just now")
        return Granted(tuple(e.Steered(name, text) for name in running), f"passed on to {len(running)} lanes")
    if task.state is not TaskState.RUNNING:
        return Refused(f"{task.task} is {task.state}: nobody there to listen")
    return Granted((e.Steered(task.task, text),), f"{task.task} reads it at its next turn")


def _break(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if task is None or task.state is not TaskState.RUNNING:
        return Refused("nothing is running there to break")
    lane = run.lanes.get(task.task)
    seen = lane.loop if lane else None
    form = seen.form if seen else "broken by you"
    evidence = seen.evidence if seen else str(wish.get("text") or "the person sees no progress")
    found = e.LoopFound(task.task, form, evidence, 1.0, by="person")
    return Granted((found,), f"{task.task}: broken, the next remedy starts")


REMEDIES = {word.value: word for word, _ in LADDERS[Failure.STUCK]}


def _remedy(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if task is None or task.state is not TaskState.RUNNING:
        return Refused("nothing is running there to break")
    rung = REMEDIES.get(str(wish.get("rung", "")))
    if rung is None:
        return Refused(f"a remedy is one of {', '.join(REMEDIES)}")
    if rung is Reaction.ASK and run.is_unattended:
        return Refused("this run was started for nobody to be asked")
    text = str(wish.get("text") or "the person sees no progress")
    if rung in (Reaction.NUDGE, Reaction.ASK):
        return Granted(break_loop(run, task, "broken by you", text, rung), f"{task.task}: {rung}")
    decision = choose(run, task, rung, f"you: {rung}")
    if decision is None:
        return Refused(f"{rung} is not possible here")
    return Granted(carry_out(run, task, decision, Failure.STUCK, text), f"{task.task}: {decision.reason}")


def _forgive(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    lane = run.lanes.get(task.task) if task else None
    if task is None or lane is None:
        return Refused("there is no such lane")
    seen = lane.loop or lane.last_loop
    form = str(wish.get("form") or (seen.form if seen else ""))
    if not form:
        return Refused("no loop was reported there")
    subject = seen.subject if seen and seen.form == form else ""
    what = f"{form} by {subject}" if subject else form
    return Granted((e.LoopForgiven(task.task, form, subject),), f"{task.task}: {what} is not a loop")


def _escalate(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if task is None or task.state not in (TaskState.RUNNING, TaskState.WAITING):
        return Refused("only a running or waiting task can climb")
    rung = next_rung(run, task, is_forced=bool(wish.get("allow_cloud")), is_chosen=True)
    if rung < 0:
        return Refused(f"{task.agent} has no stronger model that is allowed here")
    model = run.roster[task.agent].ladder[rung]
    why = f"{climb_label(run, task, model)}: you asked for a stronger model ({model.model})"
    decision = Decision(Reaction.CLIMB, "you", why, task.agent, rung)
    feedback = task.feedback or "The person gave the task to you, a stronger model."
    return Granted(carry_out(run, task, decision, task.last_failure or Failure.STUCK, feedback), why)


def _cancel(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if task is None or task.state not in CANCELLABLE:
        return Refused("there is nothing to cancel")
    if task.task == run.intent_task and task.state is TaskState.LANDING:
        return Refused(f"{task.task} is just becoming part of {run.branch}")
    return Granted((e.TaskCancelled(task.task),), f"{task.task} is cancelled; its worktree stays")


def _cancel_run(run: Run, _wish: Mapping[str, Any]) -> Reply:
    if run.intent:
        return Refused("a piece of work is landing just now: try again in a moment")
    return Granted((e.RunCancelled("cancelled by you"),), "the run is cancelled; worktrees and branches stay")


def _retry(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if task is None or task.state not in (TaskState.FAILED, TaskState.CANCELLED, TaskState.WAITING):
        return Refused("only a failed, cancelled or waiting task can be tried again")
    decision = choose(run, task, Reaction.RETRY, "you: try again")
    if decision is None:
        return Refused("it cannot be tried again")
    events = carry_out(run, task, decision, task.last_failure or Failure.STUCK, str(wish.get("text") or task.feedback))
    return Granted(events, f"{task.task} is tried again")


def _answer(run: Run, wish: Mapping[str, Any]) -> Reply:
    asked = run.approvals.get(ApprovalId(str(wish.get("approval", ""))))
    answer = str(wish.get("answer", ""))
    if asked is None or not asked.is_open:
        return Refused("this question is answered already")
    if answer not in asked.options:
        return Refused(f"the answers are {', '.join(asked.options)}")
    if answer == "edit":
        return Refused("send the plan as you want it: edit_plan")
    task, wished = run.tasks.get(asked.task), HELP.get(answer)
    if asked.form == "stuck" and task and wished and choose(run, task, wished, "") is None:
        return Refused(f"{answer} is not possible here: nobody else can do it, or no stronger model is allowed")
    answered = e.ApprovalAnswered(asked.approval, answer, str(wish.get("words", "")))
    return Granted((answered,), f"your answer counts: {answer}")


def _edit_plan(run: Run, wish: Mapping[str, Any]) -> Reply:
    # Without a name it is the newest plan; several may wait at once.
    planner = _task(run, wish) if wish.get("task") else run.tasks.get(run.plan_task)
    if planner is None or planner.spec.role is not Role.PLAN or planner.state is not TaskState.WAITING:
        return Refused("there is no plan waiting to be edited")
    try:
        tasks = msgspec.convert(wish.get("tasks", ()), tuple[TaskSpec, ...])
    except msgspec.ValidationError as error:
        return Refused(f"the plan cannot be read: {error}")
    faults = plan_faults(tasks, run.roster, taken_ids(run))
    if faults:
        return Refused("; ".join(faults))
    asked = [approval for approval in run.open_approvals() if approval.task == planner.task]
    answered = [e.ApprovalWithdrawn(approval.approval) for approval in asked]
    return Granted((*answered, e.PlanAccepted(planner.task, tasks)), f"your plan with {len(tasks)} tasks starts")


def _graft(run: Run, wish: Mapping[str, Any]) -> Reply:
    try:
        joined = addition(run, msgspec.convert(wish.get("tasks", ()), tuple[TaskSpec, ...]))
    except msgspec.ValidationError as error:
        return Refused(f"the tasks cannot be read: {error}")
    except CannotJoin as reason:
        return Refused(str(reason))
    count = len(joined.tasks)
    return Granted((joined,), "1 task joins the plan" if count == 1 else f"{count} tasks join the plan")


def _edit_task(run: Run, wish: Mapping[str, Any]) -> Reply:
    task = _task(run, wish)
    if task is None:
        return Refused("there is no such task")
    try:
        return Granted((told_anew(run, task, wish),), f"{task.task} is told anew")
    except CannotJoin as reason:
        return Refused(str(reason))


def _set_budget(run: Run, wish: Mapping[str, Any]) -> Reply:
    if _is_lost(run, wish):
        return Refused("there is no such task")
    task = _task(run, wish)
    try:
        budget = wished_budget(run.budget, task.task if task else "", wish)
    except (TypeError, ValueError) as error:
        return Refused(f"that is no budget: {error}")
    return Granted((e.BudgetSet(budget),), "the budget is set")


_RULES: dict[str, Callable[[Run, Mapping[str, Any]], Reply]] = {
    "pause": _pause,
    "continue": _continue,
    "steer": _steer,
    "break": _break,
    "remedy": _remedy,
    "forgive": _forgive,
    "escalate": _escalate,
    "cancel": _cancel,
    "cancel_run": _cancel_run,
    "retry": _retry,
    "answer": _answer,
    "edit_plan": _edit_plan,
    "graft": _graft,
    "edit_task": _edit_task,
    "set_budget": _set_budget,
}
