"""One attempt, from a clean lane to a fact: open, brief, let the agent work, commit what it did.

Idempotent by key: work that was committed before the engine died is adopted, everything else starts anew.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path, PurePosixPath

from engine import events as e
from engine.briefing import brief_for
from engine.claiming.grounds import heard, judged
from engine.clean import clean, clean_line
from engine.clock import Clock
from engine.compilation import compiled
from engine.conformance.enforcing import rule_failure
from engine.decision.handoffs import handed_off
from engine.decision.sceptics import asks_claims
from engine.desk import LaneDesk
from engine.due import Attempting
from engine.git.commits import CommitMade, OutsideScope
from engine.identity import attempt_key, digest
from engine.journal import Journal
from engine.landing import subject_line
from engine.policy import starting_rung
from engine.ports import Agent, Failed, HandedOff, Judged, Planned, Produced
from engine.sandbox.outliving import outliving
from engine.sandbox.sandbox import Sandbox
from engine.seats import Seats
from engine.starting import start_of
from engine.state import Task
from engine.words import Claim, Failure, Role, TaskId, Verdict
from engine.workspace import Workspace

CARRIED_CHARS = 4_000
OUTPUT_CHARS = 100_000
"""The most of a text result that goes into the log."""


class Attempts:
    """Makes the attempts of one run."""

    def __init__(  # the composition of a run
        self,
        journal: Journal,
        workspace: Workspace,
        agent: Agent,
        seats: Seats,
        sandbox: Sandbox,
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._workspace = workspace
        self._agent = agent
        self._seats = seats
        self._sandbox = sandbox
        self._clock = clock

    def _task(self, name: TaskId) -> Task:
        return self._journal.run.tasks[name]

    async def make(self, effect: Attempting) -> None:
        """Make one attempt; ends with a fact that moves the task on, or with cancellation."""
        item_chars = await self._item_chars(self._task(effect.task))
        task = self._task(effect.task)
        run = self._journal.run
        rung = starting_rung(run, task, item_chars)
        if rung < 0:
            await self._no_model(task, effect.attempt)
            return
        start = task.next_start or (self._subject_commit(task) or run.head)
        model = run.roster[task.agent].ladder[rung]
        why = "" if task.attempt else start_of(run, task, item_chars).reason
        key = attempt_key(run.run, task.spec, effect.attempt, task.agent, model.model, start, task.feedback)
        started = e.TaskStarted(
            effect.task, effect.attempt, task.agent, model.model, model.tier, start, key=key, rung=rung, reason=why
        )
        if task.spec.role is Role.WORK and (found := await self._workspace.adopt(key)):
            await self._journal.record(started)
            text = await self._workspace.file_text(found.sha, task.spec.writes) if task.spec.writes else ""
            await self._claim(effect, found.sha, found.tree, found.summary, clean(text), is_adopted=True)
            return
        onto = run.head
        root, saved, conflict = await self._open(task, start, onto)
        await self._journal.record(started)
        if task.is_resolving and not conflict:
            tree = await self._workspace.tree_of(start)
            await self._claim(effect, start, tree, "merges by now; nothing to resolve", "")
            return
        if conflict:
            # The head of then, not of now: another task may have landed while the lane was laid out.
            await self._journal.record(e.LandConflicted(effect.task, onto, conflict))
        await self._work(effect, root, saved, key)

    async def _item_chars(self, task: Task) -> int:
        """How much there is to read of the task's item, for the first attempt; git has it, the state does not."""
        card, item = self._journal.run.roster.get(task.agent), task.spec.item
        if task.attempt or not item or card is None or len(card.ladder) < 2:
            return 0
        return len(await self._workspace.item_text(item))

    async def _work(self, effect: Attempting, root: Path, saved: str, key: str) -> None:
        task = self._task(effect.task)
        brief = await brief_for(self._journal.run, task, self._workspace, root, saved)
        desk = LaneDesk(self._journal, self._seats, self._sandbox, self._clock, effect.task, effect.attempt)
        outcome = await self._agent.attempt(brief, desk)
        match outcome:
            case Produced():
                await self._produced(effect, outcome, root, key)
            case HandedOff():
                await self._handed_off(effect, outcome, key)
            case Planned():
                await self._record(effect, e.PlanProposed(effect.task, outcome.tasks, task.agent, outcome.remark))
            case Judged():
                await self._judged(effect, outcome)
            case Failed():
                failed = e.AttemptFailed(
                    effect.task,
                    effect.attempt,
                    outcome.failure,
                    clean_line(outcome.reason, 300),
                    clean(outcome.feedback),
                )
                await self._record(effect, failed)

    async def _judged(self, effect: Attempting, outcome: Judged) -> None:
        task, run, said = self._task(effect.task), self._journal.run, outcome.verdict
        found = await judged(run, task, self._workspace, said) if asks_claims(run, task) else said
        if isinstance(found, Verdict):
            await self._record(effect, e.VerdictGiven(TaskId(task.spec.about), task.task, found))
        else:
            await self._record(effect, found)

    async def _handed_off(self, effect: Attempting, outcome: HandedOff, key: str) -> None:
        """Keep what was done so far, under a key that no attempt has: it is not a result."""
        task = self._task(effect.task)
        carried, made = clean(outcome.carried)[:CARRIED_CHARS], None
        if task.spec.role is Role.WORK:
            made = await self._commit(effect, task, carried, digest(key, "handoff"))
        if made is not None and not isinstance(made, CommitMade):
            await self._record(effect, made)
            return
        run, reason = self._journal.run, clean_line(outcome.reason, 300)
        commit = made.sha if made else ""
        await self._record(effect, handed_off(run, task, outcome.to, reason, carried, commit))

    async def _record(self, effect: Attempting, *facts: e.Event) -> None:
        """Log what an attempt led to, unless the task went on without it meanwhile."""
        task = self._task(effect.task)
        if task.attempt == effect.attempt and not task.is_settled:
            await self._journal.record(*facts)

    async def _no_model(self, task: Task, attempt: int) -> None:
        cloud = "" if self._journal.run.cloud_allowed else " and cloud models are not allowed here"
        reason = f"no model can do this: {task.agent} has none that is reachable{cloud}"
        await self._journal.record(
            e.TaskStarted(task.task, attempt, task.agent, "", "", self._journal.run.head, rung=-1),
            e.AttemptFailed(task.task, attempt, Failure.UNKNOWN_MODEL, reason),
        )

    def _subject_commit(self, task: Task) -> str:
        about = self._journal.run.tasks.get(TaskId(task.spec.about)) if task.spec.about else None
        return about.commit if about else ""

    async def _open(self, task: Task, start: str, onto: str) -> tuple[Path, str, tuple[str, ...]]:
        if not task.spec.reads and task.spec.role is not Role.WORK:
            return Path(tempfile.gettempdir()), "", ()
        conflict: tuple[str, ...] = ()
        lane = self._journal.run.lanes.get(task.task)
        try:
            if task.is_resolving:
                opened, conflict = await self._workspace.open_conflict(task.task, task.commit or start, onto)
            else:
                opened = await self._workspace.open(task.task, start)
        except asyncio.CancelledError:
            if lane is None or not lane.worktree:
                # Nobody has worked in it, and no fact tells of it: it would stay for ever.
                await self._workspace.drop(task.task)
            raise
        if lane is None or not lane.worktree or lane.is_reaped:
            tree = opened.worktree
            await self._journal.record(e.LaneOpened(task.task, tree.branch, str(tree.path), start))
        return opened.worktree.path, opened.saved, conflict

    async def _produced(self, effect: Attempting, outcome: Produced, root: Path, key: str) -> None:
        task = self._task(effect.task)
        output = clean(outcome.output)[:OUTPUT_CHARS]
        summary = clean(outcome.summary)[:2_000]
        claims = await self._heard(task, outcome)
        if isinstance(claims, e.AttemptFailed):
            await self._record(effect, claims)
            return
        if task.spec.role is not Role.WORK:
            said = e.TaskProduced(effect.task, effect.attempt, summary, output, answers=outcome.answers, claims=claims)
            await self._record(effect, said)
            return
        if task.spec.writes:
            output = (await compiled(self._journal.run, task, self._workspace, output or summary))[:OUTPUT_CHARS]
            # What the log holds is what the file holds: an adopted commit gives the same text.
            output = output if output.endswith("\n") else output + "\n"
            _write_below(root, task.spec.writes, output)
        if outcome.follow_ups:
            # Before the commit: an adopted one would otherwise have lost them.
            await self._record(effect, e.FollowUpsProposed(effect.task, effect.attempt, outcome.follow_ups))
        made = await self._commit(effect, task, summary, key)
        if made is None and await self._stands(task):
            tree = await self._workspace.tree_of(task.start_commit)
            await self._claim(effect, task.start_commit, tree, summary, output, claims)
        elif made is None:
            await self._record(effect, e.TaskProduced(effect.task, effect.attempt, summary, output))
        elif isinstance(made, CommitMade):
            await self._claim(effect, made.sha, made.tree, summary, output, claims)
        else:
            await self._record(effect, made)

    async def _heard(self, task: Task, outcome: Produced) -> tuple[Claim, ...] | e.AttemptFailed:
        """The claims of a result, found by the engine; none where none are asked for."""
        run = self._journal.run
        return await heard(run, task, self._workspace, outcome.claims) if asks_claims(run, task) else ()

    async def _stands(self, task: Task) -> bool:
        """Whether an earlier attempt's commit, on which this one changed nothing, is a result: not known to be red."""
        run = self._journal.run
        if await self._workspace.fork_point(run.head, task.start_commit) == task.start_commit:
            return False
        tree = await self._workspace.tree_of(task.start_commit)
        known = run.evidence_for(tree, task.spec.check) if task.spec.check else None
        return known is None or known.is_green

    async def _commit(self, effect: Attempting, task: Task, summary: str, key: str) -> CommitMade | e.Event | None:
        message = f"{subject_line(self._journal.run, task)}\n\n{summary}"
        trailers = {
            "Run": self._journal.run.run,
            "Task": task.spec.task,
            "Attempt": str(effect.attempt),
            "Agent": task.agent,
            "Model": task.model,
            "Key": key,
        }
        if task.is_resolving:
            onto = task.conflict_onto or self._journal.run.head
            made = await self._workspace.commit_resolution(effect.task, task.start_commit, onto, message, trailers)
            if isinstance(made, CommitMade):
                return made
            left = ", ".join(made.files)
            words = f"Conflict markers are left in: {left}. Edit these files until none is left."
            return e.AttemptFailed(effect.task, effect.attempt, Failure.CONFLICT, f"markers left in {left}", words)
        committed = await self._workspace.commit(effect.task, message, trailers, task.spec.scope)
        if isinstance(committed, OutsideScope):
            paths = ", ".join(committed.paths[:8])
            words = f"You may only write to {', '.join(task.spec.scope)}. These paths are outside of it: {paths}"
            return e.AttemptFailed(
                effect.task, effect.attempt, Failure.SCOPE, f"wrote outside its scope: {paths}", words
            )
        return committed

    async def _claim(
        self,
        effect: Attempting,
        sha: str,
        tree: str,
        summary: str,
        output: str,
        claims: tuple[Claim, ...] = (),
        is_adopted: bool = False,
    ) -> None:
        base = await self._workspace.fork_point(self._journal.run.head, sha)
        if failed := await rule_failure(self._journal.run, self._workspace, effect, base, sha):
            await self._record(effect, failed)
            return
        found = await self._workspace.diff(base, sha)
        files, check = tuple(change.path for change in found.files), self._journal.run.check
        claim = e.TaskProduced(
            effect.task,
            effect.attempt,
            summary,
            output,
            sha,
            tree,
            files,
            sum(change.insertions for change in found.files),
            sum(change.deletions for change in found.files),
            outliving(files, check.run if check else ""),
            is_adopted,
            claims=claims,
        )
        await self._record(effect, claim)


def _write_below(root: Path, name: str, text: str) -> None:
    """Write the harness's own artifact; the name comes from a flow, never from a model."""
    relative = PurePosixPath(name)
    target = root / relative
    if relative.is_absolute() or ".." in relative.parts or target.is_symlink():
        raise ValueError(f"a flow may not write to {name!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
