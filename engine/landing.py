"""Landing a task: merge in memory, prove the merged tree, log the intent, move the run's branch by compare-and-swap.

Landings go one after the other and each merged tree is proven before the branch moves, so the culprit of a red merge is
the task being landed; there is never a batch to bisect.
"""

from __future__ import annotations

import asyncio

from engine import events as e
from engine.checker import Checker
from engine.clean import clean_line
from engine.due import Attempting, Checking, Landing
from engine.errors import GitFault, UserFault
from engine.git.landing import Conflict, Landed, LandIntent
from engine.journal import Journal
from engine.judge import is_for_one_task, judge, needs_before
from engine.measuring import measure
from engine.state import Run, Task
from engine.words import CheckResult, CheckSpec, Failure, Role, TaskId
from engine.workspace import Candidate, Workspace

SUBJECT_CHARS = 70
TRIES = 3
"""A landing that git broke off is whole or nothing, so it is begun again; the agent's work is not to blame."""


class Landings:
    """Runs checks and lands work for one run."""

    def __init__(self, journal: Journal, workspace: Workspace, checker: Checker) -> None:
        self._journal = journal
        self._workspace = workspace
        self._checker = checker

    async def check(self, effect: Checking) -> None:
        """Run one check and log its result."""
        result = await self._checker.run(effect.check, effect.commit, effect.tree)
        await self._journal.record(e.CheckFinished(effect.task, effect.place, result))

    async def measure(self, effect: Attempting) -> None:
        """Run a command of the flow, whose output is a task's result."""
        await measure(self._journal, self._checker, effect)

    async def land(self, effect: Landing) -> None:
        """Bring one task's commit into the run's branch, or log why it cannot be.

        Raises:  GitFault when git fails again and again: the branch moved each time, the disk is full, …
        """
        for tries_left in reversed(range(TRIES)):
            try:
                await self._land(effect)
                return
            except GitFault:
                if not tries_left:
                    raise

    async def _land(self, effect: Landing) -> None:
        run = self._journal.run
        task = run.tasks[effect.task]
        # The intent is trusted for its own task alone: another's work is not in that merge.
        if run.intent and run.intent_task == task.task and await self._workspace.branch_head() == run.intent:
            await self._landed(task, run.intent, await self._workspace.tree_of(run.intent))
            return
        candidate = await self._workspace.merge(run.head, effect.commit, f"Try {task.task}")
        if isinstance(candidate, Conflict):
            await self._conflicted(task, candidate)
            return
        if task.spec.check and not await self._is_proven(task, task.spec.check, candidate):
            return
        await self._move(task, effect.commit)

    async def reap(self, task: TaskId) -> None:
        """Give a finished lane's worktree back; what a judge or a planner left in theirs is nobody's work."""
        is_work = self._journal.run.tasks[task].spec.role is Role.WORK
        await (self._workspace.reap(task) if is_work else self._workspace.drop(task))
        await self._journal.record(e.LaneReaped(task))

    async def _move(self, task: Task, commit: str) -> None:
        run = self._journal.run
        loop = asyncio.get_running_loop()

        def intend(intent: LandIntent) -> None:
            if self._journal.run.is_over:
                raise UserFault("The run ended before this could land.", "The branch did not move.")
            fact = e.LandIntended(task.task, intent.old, intent.new, intent.tree)
            asyncio.run_coroutine_threadsafe(self._journal.record(fact), loop).result()

        landed = await self._workspace.land(run.base_commit, commit, *_message(run, task), intend)
        if isinstance(landed, Landed):
            await self._landed(task, landed.new, landed.tree)
        else:
            await self._conflicted(task, landed)

    async def _landed(self, task: Task, commit: str, tree: str) -> None:
        await self._journal.record(e.TaskLanded(task.task, self._journal.run.branch, commit, tree))

    async def _conflicted(self, task: Task, conflict: Conflict) -> None:
        files = ", ".join(conflict.files)
        words = (
            f"Your work and what landed before it change the same lines of {files}. The files hold conflict markers. "
            "Edit each so that both intentions are kept and no marker is left, then finish."
        )
        await self._journal.record(
            e.LandConflicted(task.task, conflict.ours, conflict.files),
            e.AttemptFailed(task.task, task.attempt, Failure.CONFLICT, f"does not merge: {files}", words),
        )

    async def _is_proven(self, task: Task, check: CheckSpec, candidate: Candidate) -> bool:
        run = self._journal.run
        after = run.evidence_for(candidate.tree, check)
        if after is None:
            after = await self._checker.run(check, candidate.commit, candidate.tree)
            await self._journal.record(e.CheckFinished(task.task, "merge", after))
        must_be_green = is_for_one_task(check, run.check)
        is_needed = needs_before(check, after, must_be_green)
        before = await self._before(check) if is_needed else run.evidence_for(run.head_tree, check)
        judgement = judge(check, before, after, must_be_green)
        if judgement.holds:
            return True
        words = f"Merged with what landed before, `{check.run}` fails: {judgement.reason}\n\n{after.output}"
        reason = f"red after the merge: {judgement.reason}"
        failed = e.AttemptFailed(task.task, task.attempt, Failure.CHECK, reason, words, candidate.commit)
        await self._journal.record(failed)
        return False

    async def _before(self, check: CheckSpec) -> CheckResult:
        run = self._journal.run
        known = run.evidence_for(run.head_tree, check)
        if known is None:
            known = await self._checker.run(check, run.head, run.head_tree)
            await self._journal.record(e.CheckFinished(TaskId(""), "head", known))
        return known


def subject_line(run: Run, task: Task) -> str:
    """What a commit of this task is called: its title, or the goal where that is only the name of a node."""
    spec = task.spec
    own = spec.title if spec.title not in ("", spec.task, spec.node) else ""
    return clean_line(own or run.goal.strip().partition("\n")[0] or spec.task, SUBJECT_CHARS)


def _message(run: Run, task: Task) -> tuple[str, dict[str, str]]:
    evidence = task.evidence
    proof = f"{evidence.command} exit {evidence.exit_code} {evidence.digest[:12]}" if evidence else "none: claimed"
    trailers = {
        "Run": run.run,
        "Task": task.spec.task,
        "Attempt": str(task.attempt),
        "Agent": task.agent,
        "Model": task.model,
        "Evidence": proof,
    }
    return f"{subject_line(run, task)}\n\n{task.summary}", trailers
