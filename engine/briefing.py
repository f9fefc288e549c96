"""What an agent is told for one attempt, gathered from the state and from git; no model's conversation is in it."""

from __future__ import annotations

from pathlib import Path

from engine.decision.follow_ups import may_propose
from engine.decision.handoffs import may_go_to
from engine.decision.sceptics import asks_claims
from engine.graph import upstream_of
from engine.material import OUTPUT_CHARS, SUBJECT_CHARS, SUMMARY_CHARS
from engine.patience import patience_with
from engine.ports import Brief, Subject, Upstream
from engine.state import Run, Task
from engine.words import Role, Rung, TaskId
from engine.workspace import Workspace


async def brief_for(run: Run, task: Task, workspace: Workspace, root: Path, saved: str) -> Brief:
    """Everything for one attempt.

    In:  the state; the task as it starts; root, its worktree (or an empty folder); saved, what an earlier attempt left.
    """
    card, patience = run.roster[task.agent], patience_with(run, task)
    is_sooner = patience is not None and patience.turns < card.max_turns
    return Brief(
        run=run.run,
        goal=run.goal,
        task=task.spec,
        attempt=task.attempt,
        agent=task.agent,
        rung=card.ladder[task.rung] if task.rung < len(card.ladder) else Rung(task.model, ""),
        max_turns=patience.turns if patience and is_sooner else card.max_turns,
        root=root,
        start_commit=task.start_commit,
        feedback=task.feedback,
        diff_so_far=await _diff_so_far(run, task, workspace, saved),
        upstream=tuple(_upstream(other) for other in upstream_of(run, task)),
        subject=await _subject(run, task, workspace),
        conflict=task.conflict if task.is_resolving else (),
        item_text=await workspace.item_text(task.spec.item) if task.spec.item else "",
        specialists=tuple((card.name, card.description) for card in run.roster.values()),
        check=task.spec.check or run.check,
        is_unattended=run.is_unattended,
        hand_to=tuple((name, _about(run, name)) for name in may_go_to(task)),
        commands=tuple(tool for tool in run.flow.tools if tool.name in task.spec.tools),
        rules=tuple(rule.sentence for rule in run.rules),
        claims=asks_claims(run, task),
        may_propose=may_propose(run, task),
        earlier_output=task.output[:OUTPUT_CHARS] if task.feedback and task.spec.role is Role.TEXT else "",
        max_turns_why=patience.turns_why if patience and is_sooner else "",
        max_seconds=patience.seconds if patience else 0,
        max_seconds_why=patience.seconds_why if patience else "",
    )


def _about(run: Run, name: str) -> str:
    card = run.roster.get(name)
    return card.description if card else ""


async def _diff_so_far(run: Run, task: Task, workspace: Workspace, saved: str) -> str:
    """What earlier attempts changed, committed or not: whoever takes over need not find it out."""
    if not task.feedback or task.spec.role is not Role.WORK:
        return ""
    base, end = task.start_commit, saved or task.start_commit
    if not task.is_resolving:
        base = await workspace.fork_point(run.head, task.start_commit)
    return "" if base == end else (await workspace.diff(base, end)).patch


def _upstream(task: Task) -> Upstream:
    return Upstream(
        task.task,
        task.spec.title or task.spec.task,
        (task.summary or task.reason or str(task.state))[:SUMMARY_CHARS],
        task.output[:OUTPUT_CHARS],
        task.landed or task.commit,
        task.files,
    )


async def _subject(run: Run, task: Task, workspace: Workspace) -> Subject | None:
    about = run.tasks.get(TaskId(task.spec.about)) if task.spec.about else None
    if about is None:
        return None
    base, patch = "", ""
    if about.commit:
        base = await workspace.fork_point(run.head, about.commit)
        patch = (await workspace.diff(base, about.commit)).patch
    return Subject(
        about.spec,
        about.commit,
        base,
        patch,
        about.summary,
        about.evidence,
        about.review_round + 1,
        about.verdict,
        about.output[:SUBJECT_CHARS],
        about.claims,
    )
