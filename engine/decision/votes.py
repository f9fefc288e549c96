"""Votes: when the answer is certain, when it never will be, and who need not speak any more. Pure."""

from __future__ import annotations

from collections import Counter

from engine import events as e
from engine.decision.extra_voice import extra_voice, is_extra
from engine.flow import Node
from engine.graph import voices
from engine.identity import approval_id
from engine.state import Approval, Run, Task
from engine.words import Role, TaskState

DECIDED = "the vote is decided"
LOST = "no answer can win any more"
_OVER = (TaskState.DONE, TaskState.FAILED, TaskState.WAITING)


def tally(run: Run, task: Task) -> tuple[e.Event, ...]:
    """Count what was said so far.

    Out: the answer and the end of the vote as soon as one has its quorum; a question to the person when none can reach
         it; nothing while it is open.
    """
    node = run.node_of(task)
    heard = voices(run, task)
    if node is None or node.vote is None:
        return (e.TaskFailed(task.task, "the flow has no such vote"),)
    if heard and all(voice.is_passed for voice in heard):
        return (e.TaskSkipped(task.task, "it was passed over", is_passed=True),)
    seats = sum(not is_extra(node, voice) for voice in heard)
    field, quorum = field_of(run, node), node.vote.quorum or seats // 2 + 1
    counts = Counter(voice.answers[field][0] for voice in heard if voice.answers.get(field) and _has_spoken(voice))
    still_open = tuple(voice for voice in heard if not voice.is_settled)
    if still_open and node.vote.hears_all:
        return ()
    choice, most = counts.most_common(1)[0] if counts else ("", 0)
    if most >= quorum:
        return (e.VoteCounted(task.task, field, choice, dict(counts), quorum), e.TaskDone(task.task))
    if most + len(still_open) >= quorum:
        return ()
    if extra := None if still_open else extra_voice(run, node, heard, most, quorum):
        return (e.TaskAdded(extra),)
    return _no_quorum(run, task, node, counts, quorum, len(heard))


def stop_voices(run: Run) -> tuple[e.Event, ...]:
    """The next one who need not speak any more: their vote is decided, or no answer can win it."""
    if not any(node.vote for node in run.flow.nodes):
        return ()
    votes = (task for task in run.tasks.values() if task.spec.role is Role.VOTE and task.state in _OVER)
    silent = ((voice, vote) for vote in votes for voice in voices(run, vote) if not voice.is_settled)
    found = next(silent, None)
    if found is None:
        return ()
    voice, vote = found
    return (e.TaskSkipped(voice.task, DECIDED if vote.state is TaskState.DONE else LOST, is_passed=True),)


def field_of(run: Run, node: Node) -> str:
    """The field that a vote counts: the one it names, or the first of its voices that has choices."""
    if node.vote and node.vote.field:
        return node.vote.field
    nodes = [found for name in (node.vote.of if node.vote else ()) if (found := run.flow.node(name))] or [node]
    fields = (name for voice in nodes for name, answer in voice.answers.items() if answer.choices)
    return next(fields, "")


def on_vote_answer(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The person gives the answer that the vote did not find."""
    node = run.node_of(task)
    if node is None or approval.answer == "skip":
        return (e.TaskFailed(task.task, task.reason or "no quorum"),)
    counted = e.VoteCounted(task.task, field_of(run, node), approval.answer, {approval.answer: 1}, 1)
    return (counted, e.TaskDone(task.task))


def _has_spoken(voice: Task) -> bool:
    return voice.state is TaskState.DONE


def _no_quorum(run: Run, task: Task, node: Node, counts: Counter[str], quorum: int, seats: int) -> tuple[e.Event, ...]:
    said = ", ".join(f"{choice} {count}" for choice, count in counts.most_common()) or "nobody gave an answer"
    reason = f"no quorum: {quorum} of {seats} needed; {said}"
    if run.is_unattended:
        return (e.TaskFailed(task.task, reason),)
    field = field_of(run, node)
    nodes = [found for name in (node.vote.of if node.vote else ()) if (found := run.flow.node(name))] or [node]
    declared = (choice for voice in nodes if field in voice.answers for choice in voice.answers[field].choices)
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, "vote", f"{reason} {sum(task.reactions.values())}"),
        task.task,
        "vote",
        f"{task.spec.task}: {reason}",
        "The voices do not agree, and more of the same would be a guess.",
        "\n\n".join(f"{voice.task} ({voice.agent}): {voice.output or voice.reason}" for voice in voices(run, task)),
        "Your answer counts in their place.",
        (*dict.fromkeys((*declared, *counts)), "skip"),
        "skip",
    )
    return (ask, e.TaskWaiting(task.task, ask.approval, reason))
