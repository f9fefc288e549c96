"""What an agent is told for one attempt, gathered from the state and from git; no model's conversation is in it."""

from __future__ import annotations

from pathlib import Path

from engine.graph import upstream_of
from engine.ports import Brief, Subject, Upstream
from engine.state import Run, Task
from engine.words import Rung, TaskId
from engine.workspace import Workspace

SUMMARY_CHARS = 1_600
"""About 400 tokens: what agents learn of each other's work besides paths and commits."""
OUTPUT_CHARS = 8_000


async def brief_for(run: Run, task: Task, workspace: Workspace, root: Path, saved: str) -> Brief:
    """Everything for one attempt.

    In:  the state; the task as it starts; root, its worktree (or an empty folder); saved, what an earlier attempt left.
    """
    card = run.roster[task.agent]
    return Brief(
        run=run.run,
        goal=run.goal,
        task=task.spec,
        attempt=task.attempt,
        agent=task.agent,
        rung=card.ladder[task.rung] if task.rung < len(card.ladder) else Rung(task.model, ""),
        max_turns=card.max_turns,
        root=root,
        start_commit=task.start_commit,
        feedback=task.feedback,
        diff_so_far=await _diff_so_far(task, workspace, saved),
        upstream=tuple(_upstream(other) for other in upstream_of(run, task)),
        subject=await _subject(run, task, workspace),
        conflict=task.conflict if task.is_resolving else (),
        item_text=await workspace.item_text(task.spec.item) if task.spec.item else "",
        specialists=tuple((card.name, card.description) for card in run.roster.values()),
        check=task.spec.check or run.check,
        is_unattended=run.is_unattended,
    )


async def _diff_so_far(task: Task, workspace: Workspace, saved: str) -> str:
    if not saved or not task.feedback:
        return ""
    return (await workspace.diff(task.start_commit, saved)).patch


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
    base = await workspace.fork_point(run.head, about.commit)
    found = await workspace.diff(base, about.commit)
    return Subject(
        about.spec,
        about.commit,
        base,
        found.patch,
        about.summary,
        about.evidence,
        about.review_round + 1,
        about.verdict,
    )
