"""Failures and loops: what the policy chooses, turned into events."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.decision.between import loop_between, open_points
from engine.decision.budget_question import ask_about_budget
from engine.decision.reviews import to_landing
from engine.decision.sceptics import on_empty_verdict
from engine.identity import approval_id
from engine.loops.verdict import BETWEEN_AGENTS
from engine.patience import is_cut_short
from engine.policy import Decision, choose, react
from engine.spending import account_of
from engine.state import Approval, Run, Task
from engine.words import Failure, Reaction, Role, TaskState

BY_PERSON = "person"
NOBODY_TO_NUDGE = 1_000_000

HELP: dict[str, Reaction] = {"retry": Reaction.RETRY, "reassign": Reaction.REASSIGN, "climb": Reaction.CLIMB}
"""What the person may choose when a task needs them; besides, they may skip it."""
ACCEPT = "accept"
"""What the person may say of work that only a reviewer stands against."""


def on_failure(run: Run, event: e.AttemptFailed) -> tuple[e.Event, ...]:
    """The policy reacts to the running attempt's failure; one of an attempt that is over leads to nothing."""
    task = run.tasks.get(event.task)
    if task is None or task.attempt != event.attempt:
        return ()
    if task.is_settled or task.state in (TaskState.REVISING, TaskState.WAITING):
        return ()
    loops = loop_between(run, task.task) if event.failure is Failure.REVIEW else ()
    if loops and all(_is_certain(run, task, loop, is_folded=False) for loop in loops):
        return loops
    empty = on_empty_verdict(task, event.failure, event.reason)
    first = Reaction.CLIMB if is_cut_short(run, task, event.failure) else None
    decision = empty or _next_round(run, task, event) or react(run, task, event.failure, event.reason, first)
    led_to = carry_out(run, task, decision, event.failure, event.feedback or event.reason, event.resume_from)
    return (*loops, *led_to)


def _next_round(run: Run, task: Task, event: e.AttemptFailed) -> Decision | None:
    """A critic whom the flow names has as many rounds as the flow says, whatever the policy thinks of reviews."""
    node = run.node_of(task)
    if event.failure is not Failure.REVIEW or node is None or node.until is None:
        return None
    rule = f"until: round {task.review_round} of {node.until.max}"
    return Decision(Reaction.RETRY, rule, event.reason, task.agent, task.rung)


def on_loop(run: Run, event: e.LoopFound) -> tuple[e.Event, ...]:
    """A loop in a running attempt, or between those who work on a task, is broken."""
    task = run.tasks.get(event.task)
    is_between = event.form in BETWEEN_AGENTS
    if task is None or not (task.state is TaskState.RUNNING or (is_between and not task.is_settled)):
        return ()
    if not _is_certain(run, task, event):
        return _nudge_once(task, event)
    return break_loop(run, task, event.form, event.evidence)


def _is_certain(run: Run, task: Task, event: e.LoopFound, is_folded: bool = True) -> bool:
    """Whether a finding is to be acted upon: findings of one lane add up, for the count outlives every remedy."""
    lane = run.lanes.get(task.task)
    found = (lane.loops if lane else 0) + (not is_folded)
    certainty = 1.0 - (1.0 - event.confidence) ** max(1, found)
    return event.by == BY_PERSON or certainty >= run.policy.breaks_from


def _nudge_once(task: Task, event: e.LoopFound) -> tuple[e.Event, ...]:
    if task.reactions.get(f"{Failure.STUCK}:{Reaction.NUDGE}") or task.state is not TaskState.RUNNING:
        return ()
    text = (
        f"It looks as if you make no headway ({event.form}):\n{event.evidence}\n"
        "If that is so, take the next step with a tool, or finish and say what is missing."
    )
    return (e.LoopNudged(task.task, text, f"{event.form}: {event.evidence}"),)


def on_handed_off(run: Run, event: e.TaskHandedOff) -> tuple[e.Event, ...]:
    """A task that is passed back and forth goes to the ladder before it has used up its handoffs."""
    return loop_between(run, event.task)


def break_loop(
    run: Run, task: Task, form: str, evidence: str, from_rung: Reaction | None = None
) -> tuple[e.Event, ...]:
    """Take the next rung of the remedy ladder against a loop."""
    why = f"{form}: {evidence}"
    is_running = task.state is TaskState.RUNNING
    decision = react(run, task if is_running else _beyond_nudges(task), Failure.STUCK, why, from_rung)
    text = (
        f"You are repeating yourself ({form}) and learn nothing new from it:\n{evidence}\n"
        "Do not do that again. Look at something you have not read yet, change your approach, "
        "or finish and say what is missing."
    )
    if decision.reaction is Reaction.NUDGE:
        return (e.LoopNudged(task.task, text, why, decision.rule),)
    resume_from = task.next_start if task.state is TaskState.REVISING else ""
    return carry_out(run, task, decision, Failure.STUCK, text + open_points(task), resume_from)


def _beyond_nudges(task: Task) -> Task:
    """The task as the policy is to see it when nobody works on it just now: there is no one to be nudged."""
    return replace(task, reactions={**task.reactions, f"{Failure.STUCK}:{Reaction.NUDGE}": NOBODY_TO_NUDGE})


def carry_out(
    run: Run, task: Task, decision: Decision, failure: Failure, feedback: str, resume_from: str = ""
) -> tuple[e.Event, ...]:
    """Turn a decision into events."""
    if decision.reaction is Reaction.FAIL:
        return (e.TaskFailed(task.task, decision.reason, decision.rule),)
    if decision.reaction is Reaction.ASK:
        if failure is Failure.BUDGET and account_of(run, task.task).refused:
            return ask_about_budget(run, task, decision, feedback)
        return _ask_for_help(run, task, decision, feedback)
    revised = e.TaskRevised(
        task.task,
        failure,
        decision.reaction,
        decision.rule,
        decision.reason,
        decision.agent,
        decision.rung,
        feedback,
        resume_from or task.commit or task.start_commit,
    )
    return (revised,)


def on_help(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The person helps a stuck task on, or lets it go."""
    if approval.answer == ACCEPT and _is_judged_only(task):
        return to_landing(task, run)
    wish = HELP.get(approval.answer)
    decision = choose(run, task, wish, approval.words or f"you: {approval.answer}") if wish else None
    if decision is None:
        return (e.TaskFailed(task.task, task.reason or "skipped by you"),)
    feedback = "\n".join(part for part in (approval.body, approval.words) if part)
    return carry_out(run, task, decision, task.last_failure or Failure.STUCK, feedback)


def _ask_for_help(run: Run, task: Task, decision: Decision, feedback: str) -> tuple[e.Event, ...]:
    reason = decision.reason
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, "stuck", f"{task.attempt} {reason}"),
        task.task,
        "stuck",
        f"{task.spec.title or task.task} needs you",
        reason,
        feedback,
        "Your words go to the next attempt.",
        (*HELP, *((ACCEPT,) if _is_judged_only(task) else ()), "skip"),
        "skip",
    )
    return (ask, e.TaskWaiting(task.task, ask.approval, reason, decision.rule))


def _is_judged_only(task: Task) -> bool:
    """Whether there is a whole result and nothing but a reviewer's word is against it."""
    has_result = bool(task.commit) if task.spec.role is Role.WORK else bool(task.output)
    return has_result and task.last_failure in (Failure.REVIEW, Failure.DISPUTE)
