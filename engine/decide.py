"""fact → consequences: what the engine decides, pure and total.

The journal folds a fact, asks `consequences` with the state after it, folds those, asks again, and writes all of them
in ONE transaction: a fact without its reactions would leave a window in which kill -9 loses the reaction. What is to
be *done* about the new state is not decided here; it is a pure function of the state (`engine.due`).

One rule for each kind of fact that leads to others, in a table; the rules are in `engine.decision`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from engine import events as e
from engine.decision.budget import on_budget_answer, on_budget_set, on_charged
from engine.decision.budget_question import FORM as BUDGET_FORM
from engine.decision.check_question import ask_about_check
from engine.decision.ending import ending, on_revised, on_settled, revive
from engine.decision.failures import on_failure, on_handed_off, on_help, on_loop
from engine.decision.flow_question import FORM as FLOW_FORM
from engine.decision.flow_question import ask_about_commands, asked_about_commands, needs_word
from engine.decision.follow_ups import FORM as FOLLOW_UPS_FORM
from engine.decision.follow_ups import on_follow_up_answer
from engine.decision.grafts import on_plan_extended
from engine.decision.permission import on_cloud_permitted
from engine.decision.plans import on_plan, on_plan_accepted, on_plan_answer
from engine.decision.results import on_outliving_answer, on_produced, settle_check, settle_checks
from engine.decision.reviews import on_verdict
from engine.decision.unmanned import on_gate_answer, settle_unmanned
from engine.decision.votes import on_vote_answer, stop_voices
from engine.evolve import evolve
from engine.graph import hanging
from engine.growth import first_tasks
from engine.state import Run
from engine.words import ApprovalId, RunOutcome, TaskState

NOBODY = "nobody is here: safe default"


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
    if run.found_check and not run.is_unattended:
        return (ask_about_check(run, run.found_check),)
    return _begin(run)


def _begin(run: Run) -> tuple[e.Event, ...]:
    """The first tasks, once the person allowed what needs their word."""
    asked = asked_about_commands(run)
    if asked is None and needs_word(run.flow, run.sandbox):
        return (ask_about_commands(run),)
    return () if asked and asked.is_open else _first_tasks(run)


def _first_tasks(run: Run) -> tuple[e.Event, ...]:
    added = tuple(e.TaskAdded(spec) for spec in first_tasks(run))
    if not added:
        return (e.RunFinished(RunOutcome.FAILED, f"the flow {run.flow.name} found nothing to do"),)
    # A gate is asked about once all are there: one that is refused at once must not end a run that has not begun.
    there = reduce(lambda run, fact: evolve(run, fact, run.at), added, run)
    return (*added, *settle_unmanned(there, hanging(there).unmanned))


def _on_check_chosen(run: Run, _event: e.CheckChosen) -> tuple[e.Event, ...]:
    return () if run.tasks else _begin(run)


def _on_check(run: Run, _event: e.CheckFinished) -> tuple[e.Event, ...]:
    return settle_checks(run) or ending(run)


def _on_moved(run: Run, event: e.TaskMoved) -> tuple[e.Event, ...]:
    if event.to is TaskState.CHECKING:
        task = run.tasks.get(event.task)
        return settle_check(run, task) if task and task.state is event.to else ()
    return revive(run) if event.to is TaskState.PENDING else ()


def _on_landed(_run: Run, event: e.TaskLanded) -> tuple[e.Event, ...]:
    return (e.TaskDone(event.task),)


def _on_waiting(run: Run, event: e.TaskWaiting) -> tuple[e.Event, ...]:
    """A question that was answered before is not asked again; with nobody there, its safe default answers it.

    The next gate that is open is asked about at once: the person may have several questions before them.
    """
    asked = run.approvals.get(event.approval)
    if asked and asked.answer:
        return _answered(run, event.approval)
    if asked and run.is_unattended:
        return (e.ApprovalAnswered(asked.approval, asked.default, by=NOBODY),)
    return stop_voices(run) or settle_unmanned(run, hanging(run).unmanned)


def _on_answer(run: Run, event: e.ApprovalAnswered) -> tuple[e.Event, ...]:
    return _answered(run, event.approval)


def _answered(run: Run, name: ApprovalId) -> tuple[e.Event, ...]:
    approval = run.approvals.get(name)
    if approval and approval.form == "check" and run.found_check:
        return (e.CheckChosen(run.found_check if approval.answer == "allow" else None),)
    if approval and approval.form == FLOW_FORM and not run.tasks:
        return _begin(run) if approval.answer == "allow" else (e.RunCancelled("you did not allow its commands"),)
    if approval and approval.form == FOLLOW_UPS_FORM and approval.answer:
        joined = on_follow_up_answer(run, approval)
        return joined if any(isinstance(one, e.PlanExtended) for one in joined) else (*joined, *ending(run))
    task = run.tasks.get(approval.task) if approval else None
    if approval is None or not approval.answer or task is None or task.state is not TaskState.WAITING:
        return ()
    if approval.form == "plan":
        return on_plan_answer(run, task, approval)
    if approval.form == "outliving":
        return on_outliving_answer(run, task, approval)
    if approval.form == BUDGET_FORM:
        return on_budget_answer(run, task, approval)
    if approval.form == "gate":
        return on_gate_answer(task, approval)
    if approval.form == "vote":
        return on_vote_answer(run, task, approval)
    return on_help(run, task, approval)


_RULES: dict[type, Callable[[Run, Any], tuple[e.Event, ...]]] = {
    e.RunStarted: _on_start,
    e.CheckChosen: _on_check_chosen,
    e.PlanProposed: on_plan,
    e.PlanAccepted: on_plan_accepted,
    e.PlanExtended: on_plan_extended,
    e.TaskProduced: on_produced,
    e.TaskMoved: _on_moved,
    e.TaskRevised: on_revised,
    e.TaskWaiting: _on_waiting,
    e.CheckFinished: _on_check,
    e.VerdictGiven: on_verdict,
    e.AttemptFailed: on_failure,
    e.LoopFound: on_loop,
    e.TaskHandedOff: on_handed_off,
    e.TaskLanded: _on_landed,
    e.TaskDone: on_settled,
    e.TaskFailed: on_settled,
    e.TaskSkipped: on_settled,
    e.TaskCancelled: on_settled,
    e.ApprovalAnswered: _on_answer,
    e.TurnEnded: on_charged,
    e.TurnFailed: on_charged,
    e.BudgetSet: on_budget_set,
    e.CloudPermitted: on_cloud_permitted,
}
