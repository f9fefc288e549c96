"""A run's worktrees and branch, for the event loop: each call does its git in a thread and ends before it is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UnsavedWork, UserFault
from engine.git import commits, conflicts, diffs, landing, names, snapshots
from engine.git.commits import CommitMade, OutsideScope
from engine.git.conflicts import MarkersLeft
from engine.git.diffs import Diff
from engine.git.gateway import Git, Worktree
from engine.git.landing import Conflict, Landed, LandIntent
from engine.git.worktrees import Worktrees, registered, unmerged_count
from engine.items import item_text
from engine.threads import in_thread
from engine.words import RunId, TaskId

PATCH_BYTES = 60_000
"""How much of a diff goes into a brief; the list of files is always whole."""
FOUND_AT_THE_END = "Found at the end in"
"""How the message of a snapshot begins that was taken when a finished task's lane was given back."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A lane made ready for an attempt."""

    worktree: Worktree
    saved: str
    """An artifact commit with bytes that an earlier attempt left; empty when there were none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A merge that nothing points to yet."""

    commit: str
    tree: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """A commit that an attempt made before the engine died."""

    sha: str
    tree: str
    summary: str


class Workspace:
    """Git as one run needs it.

    In:  git, the gateway to the user's repository; lanes, the folder for its worktrees; run, the run's id.
    """

    def __init__(self, git: Git, lanes: Path, run: RunId) -> None:
        self.git = git
        self.run = run
        self.worktrees = Worktrees(git, lanes, run)

    async def open(self, task: TaskId, commit: str) -> Opened:
        """A lane whose files are exactly a commit's; what was dirty is saved as an artifact first."""
        return await in_thread(self._open, task, commit)

    def _open(self, task: TaskId, commit: str) -> Opened:
        found = self.worktrees.find(task)
        if found is None or not found.path.exists():
            if found is not None:
                self.worktrees.remove(found, is_saved=True)
            return Opened(self.worktrees.add(task, commit), "")
        worktree = self.worktrees.add(task, commit)
        saved = self.worktrees.save(worktree, f"Left behind in {task}") or ""
        self.worktrees.reset(worktree, commit)
        return Opened(worktree, saved)

    async def open_conflict(self, task: TaskId, commit: str, onto: str) -> tuple[Opened, tuple[str, ...]]:
        """A lane that stands on the run's head and holds its merge with a task's commit, conflict markers and all.

        Out: the lane; the files in conflict, none when the two merge by now.
        """
        opened = await self.open(task, onto)
        return opened, await in_thread(self._lay_out, task, commit, onto)

    def _lay_out(self, task: TaskId, commit: str, onto: str) -> tuple[str, ...]:
        merged = landing.merge(self.git, onto, commit)
        if not isinstance(merged, Conflict):
            return ()
        conflicts.conflict_worktree(self.git, self.worktrees, task, merged)
        return merged.files

    async def commit(
        self, task: TaskId, message: str, trailers: Mapping[str, str], scope: tuple[str, ...]
    ) -> CommitMade | OutsideScope | None:
        """Commit what an agent changed in its lane."""
        worktree = await self.lane(task)
        return await in_thread(commits.commit, self.git, worktree, message, trailers, None, scope)

    async def commit_resolution(
        self, task: TaskId, commit: str, onto: str, message: str, trailers: Mapping[str, str]
    ) -> CommitMade | MarkersLeft:
        """Commit a lane as the merge of the run's head and the task's commit."""
        worktree = await self.lane(task)
        return await in_thread(self._resolve, worktree, commit, onto, message, trailers)

    def _resolve(
        self, worktree: Worktree, commit: str, onto: str, message: str, trailers: Mapping[str, str]
    ) -> CommitMade | MarkersLeft:
        merged = landing.merge(self.git, onto, commit)
        if not isinstance(merged, Conflict):
            raise UserFault("The conflict is gone.", "Both commits are kept.", "The task is landed again.")
        return conflicts.resolve(self.git, worktree, merged, message, trailers)

    async def lane(self, task: TaskId) -> Worktree:
        """The worktree of a task.

        Raises: UserFault when it is gone.
        """
        found = await in_thread(self.worktrees.find, task)
        if found is None:
            raise UserFault(f"The worktree of {task} is gone.", "Its commits are kept.", "Retry the task.")
        return found

    async def adopt(self, key: str) -> Adopted | None:
        """Work that an attempt with this key already committed before the engine died."""
        return await in_thread(self._adopt, key)

    def _adopt(self, key: str) -> Adopted | None:
        sha = commits.find_by_key(self.git, self.run, key)
        if not sha:
            return None
        facts = diffs.log(self.git, [sha], 1)[0]
        summary = "\n".join(line for line in facts.body.splitlines() if not line.startswith("Orchestra-"))
        return Adopted(sha, commits.tree_of(self.git, sha), summary.strip())

    async def diff(self, base: str, head: str) -> Diff:
        """What changed between two commits, the patch cut to what a brief can hold."""
        return await in_thread(diffs.diff, self.git, base, head, PATCH_BYTES)

    async def fork_point(self, one: str, other: str) -> str:
        """The newest commit that both contain."""
        return await in_thread(self.git.text, "merge-base", one, other)

    async def item_text(self, item: str) -> str:
        """The content behind one of the run's items."""
        return await in_thread(item_text, self.git, item)

    async def merge(self, head: str, commit: str, message: str) -> Candidate | Conflict:
        """Merge in memory and make a commit of it that nothing points to."""
        return await in_thread(self._merge, head, commit, message)

    def _merge(self, head: str, commit: str, message: str) -> Candidate | Conflict:
        merged = landing.merge(self.git, head, commit)
        if isinstance(merged, Conflict):
            return merged
        author = snapshots.identity(self.git)
        return Candidate(snapshots.commit_tree(self.git, merged.tree, [head, commit], message, author), merged.tree)

    async def land(
        self, base: str, commit: str, message: str, trailers: Mapping[str, str], intend: Callable[[LandIntent], None]
    ) -> Landed | Conflict:
        """Move the run's branch to the merge of itself and a commit; `intend` is called, in a thread, before."""
        return await in_thread(self._land, base, commit, message, trailers, intend)

    def _land(
        self, base: str, commit: str, message: str, trailers: Mapping[str, str], intend: Callable[[LandIntent], None]
    ) -> Landed | Conflict:
        branch = landing.start_result(self.git, self.run, base)
        return landing.land(self.git, branch, commit, message, trailers, intend)

    async def branch_head(self) -> str:
        """Where the run's branch points; empty while there is none."""
        return await in_thread(commits.resolve, self.git, names.head_ref(names.run_branch(self.run)))

    async def file_text(self, commit: str, path: str) -> str:
        """The text of a file as a commit holds it; empty when it holds none."""
        content = await in_thread(diffs.show_file, self.git, commit, path)
        return (content or b"").decode("utf-8", "replace")

    async def tree_of(self, commit: str) -> str:
        """The tree of a commit."""
        return await in_thread(commits.tree_of, self.git, commit)

    async def reap(self, task: TaskId) -> bool:
        """Remove a lane whose every byte is held elsewhere; whether it is gone now."""
        return await in_thread(self._reap, task)

    def _reap(self, task: TaskId) -> bool:
        found = self.worktrees.find(task)
        if found is not None:
            self._remove(found)
        else:
            self._forget_branch(task)
        self._forget_attempts(task)
        return found is not None

    def _remove(self, found: Worktree) -> None:
        if found.path.exists():
            self.worktrees.save(found, f"{FOUND_AT_THE_END} {found.lane}")
        try:
            self.worktrees.remove(found)
        except UnsavedWork:
            snapshots.keep(self.git, found, commits.resolve(self.git, names.head_ref(found.branch)))
            self.worktrees.remove(found, is_saved=True)

    def _forget_branch(self, task: TaskId) -> None:
        """Finish a removal that was killed between the folder and the branch, unless commits would be lost by it."""
        branch = names.lane_branch(self.run, task)
        if commits.resolve(self.git, names.head_ref(branch)) and not unmerged_count(self.git, branch):
            self.git.run(["update-ref", "-d", names.head_ref(branch)])

    def _forget_attempts(self, task: TaskId) -> None:
        """Let go of what earlier attempts at a done task left: the task's work took their place.

        Bytes that nobody expected, found when the lane was given back, are not an attempt: they stay.
        """
        prefix = names.saved_prefix(self.run, task)
        for line in self.git.text("for-each-ref", "--format=%(refname) %(contents:subject)", prefix).splitlines():
            ref, _, subject = line.partition(" ")
            if not subject.startswith(FOUND_AT_THE_END):
                self.git.run(["update-ref", "-d", ref])

    async def drop(self, lane: TaskId) -> None:
        """Remove a lane of our own that holds nothing of value."""
        await in_thread(self._drop, lane)

    def _drop(self, lane: TaskId) -> None:
        found = self.worktrees.find(lane)
        if found is not None:
            self.worktrees.remove(found, is_saved=True)
        left = (names.saved_prefix(self.run, lane), names.head_ref(names.lane_branch(self.run, lane)))
        for ref in self.git.text("for-each-ref", "--format=%(refname)", *left).split():
            self.git.run(["update-ref", "-d", ref])
        with suppress(OSError):
            (self.worktrees.home / self.run).rmdir()


def lane_runs(git: Git, lanes: Path) -> tuple[RunId, ...]:
    """The runs of which a lane is left: a worktree that git knows of, or a branch."""
    home = lanes.resolve()
    runs = {path.parent.name for _, path in registered(git) if path.parent.parent == home}
    branches = git.text("for-each-ref", "--format=%(refname:lstrip=4)", "refs/heads/orchestra/lane/").split()
    runs.update(branch.partition("/")[0] for branch in branches)
    return tuple(RunId(run) for run in sorted(runs) if names.is_plain(run))


class CheckLanes:
    """Clean worktrees in which checks run, so that evidence is about a tree and nothing beside it."""

    def __init__(self, workspace: Workspace, count: int = 2) -> None:
        self.workspace = workspace
        self._all = tuple(TaskId(f"check-{number}") for number in range(1, count + 1))
        self._free = list(self._all)
        self._returned = asyncio.Condition()

    async def take(self, commit: str) -> tuple[TaskId, Path]:
        """A lane with exactly the files of a commit; waits while all are taken."""
        async with self._returned:
            await self._returned.wait_for(lambda: bool(self._free))
            lane = self._free.pop(0)
        try:
            opened = await self.workspace.open(lane, commit)
        except BaseException:
            await self.give(lane)
            raise
        return lane, opened.worktree.path

    async def give(self, lane: TaskId) -> None:
        """Return a lane."""
        async with self._returned:
            self._free.append(lane)
            self._returned.notify()

    async def close(self) -> None:
        """Remove the lanes; the run is over."""
        for lane in self._all:
            await self.workspace.drop(lane)
