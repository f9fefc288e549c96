"""Loops between agents: a critic and an author who never converge, a task that is passed back and forth. Pure.

The detector is fed anew from what the lane remembers, a few dozen pieces at most: the same log leads to the same
verdict, in the engine that wrote it and in one that resumes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine import events as e
from engine.loops import ConversationDetector, LoopKind, Step, Verdict
from engine.state import Lane, Run, Said, Task
from engine.words import TaskId

HANDOFF = "handoff"
THRESHOLD = 1.6
"""Lower than for chats: each word here stands for a whole attempt, so the third time is once too often."""


def loop_between(run: Run, task_id: TaskId) -> tuple[e.LoopFound, ...]:
    """The fact of a loop that what was said last has completed; nothing when there is none."""
    task, lane = run.tasks.get(task_id), run.lanes.get(task_id)
    if task is None or lane is None or task.is_settled:
        return ()
    found = heard(lane)
    if found is None:
        return ()
    return (e.LoopFound(task_id, found.kind, f"{found.subject}: {found.evidence}", found.confidence, found.began),)


def heard(lane: Lane) -> Verdict | None:
    """What the conversation of a lane amounts to; only a verdict that its last piece completes counts."""
    detector, verdict = ConversationDetector(lane.forgiven, _restating(lane), THRESHOLD), None
    for said in lane.said:
        verdict = None
        for step in _steps(said):
            verdict = detector.feed(step) or verdict
    return verdict if verdict and verdict.kind not in lane.forgiven else None


def _restating(lane: Lane) -> LoopKind:
    """What it is called when the same is said again: without a handoff, two who do not come together."""
    return LoopKind.PING_PONG if any(said.to for said in lane.said) else LoopKind.NEVER_CONVERGING


def _steps(said: Said) -> Iterator[Step]:
    """A piece as the detector reads it: what was found out first, then the words."""
    if said.outcome:
        yield Step.action("look", {}, said.outcome, actor=said.speaker)
    if said.to:
        yield Step.action(HANDOFF, {"to": said.to}, "", actor=said.speaker)
    if said.text:
        yield Step.message(said.speaker, said.text)


def open_points(task: Task) -> str:
    """What the last verdict holds against the work, for whoever takes it up with fresh eyes."""
    if task.verdict is None or task.verdict.accepts:
        return ""
    points = [f"- {f.path}:{f.line}: {f.text}" if f.path else f"- {f.text}" for f in task.verdict.findings]
    return "\n".join(("", "What is held against the work:", task.verdict.summary, *points))
