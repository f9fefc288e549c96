"""Lanes' worktrees: made fast, recognised for certain, and never removed while they hold bytes that are nowhere else.

They live in the user's state folder, not in the repository: test runners and watchers would walk them. Making one
is two steps with different rules. Registering (`worktree add --no-checkout`) takes milliseconds but races with
itself, so it is serialised by a lock on the repository's common folder, between processes too. Writing the files is
nearly all of the time and runs in parallel. Every worktree of ours is locked in git's sense while it lives, so a
`git worktree prune` of the user never takes it.

Source: git-worktree(1); git dies with "failed to read commondir" when two adds overlap.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from engine.errors import GitFault, LaneTampered, UnsavedWork
from engine.git import names
from engine.git.gateway import Git, Worktree, read_pointer
from engine.git.snapshots import changed_paths, keep, save

LOCK_REASON = "orchestra-tui"
_CHECKOUT_THREADS = min(8, (os.cpu_count() or 2) + 1)


class Worktrees:
    """The worktrees of one run.

    In:  git, the gateway to the user's repository; home, the state folder of this repository; run, the run's id.
    """

    def __init__(self, git: Git, home: Path, run: str) -> None:
        self.git = git
        self.home = home.resolve() / names.checked(run)
        self.run = run
        self._threads = Lock()

    def add(self, lane: str, start_commit: str) -> Worktree:
        """Make a lane's worktree with the files of a commit, on a new branch that points there.

        Out:     the worktree; the same one, untouched, when the lane exists already.
        Raises:  GitFault: no such commit, the branch exists without its worktree, disk full.
        """
        found = self.find(lane)
        if found is None:
            found = self._register(lane, start_commit)
            fill(self.git, found)
        elif not (found.git_dir / "index").exists():
            fill(self.git, found)  # the engine died between the two steps
        return found

    def add_all(self, lanes: Sequence[str], start_commit: str) -> list[Worktree]:
        """Make many lanes; files are written in parallel. Same order, same errors as `add`."""
        with ThreadPoolExecutor(_CHECKOUT_THREADS, thread_name_prefix="checkout") as pool:
            return list(pool.map(lambda lane: self.add(lane, start_commit), lanes))

    def find(self, lane: str) -> Worktree | None:
        """Recognise a lane's worktree that was made earlier, by git's own records; None when there is none."""
        path = self.home / names.checked(lane)
        branch = names.lane_branch(self.run, lane)
        for git_dir, folder in registered(self.git):
            if folder == path:
                return Worktree(path, branch, git_dir, f"gitdir: {git_dir}\n".encode(), self.run, lane)
        return None

    def reset(self, worktree: Worktree, commit: str) -> str | None:
        """Make a lane look exactly like a commit, for a new attempt; whatever would be lost is saved first.

        Ignored files go as well, so that no attempt inherits another's build output. The branch moves too.

        Out: the commit that holds the dirty bytes or the commits left behind; None when nothing was in danger.
        """
        saved = save(self.git, worktree, f"Saved before a new attempt in {worktree.lane}")
        head = self.git.text("rev-parse", "HEAD", lane=worktree)
        if saved is None and not is_ancestor(self.git, head, commit):
            keep(self.git, worktree, head)
            saved = head
        self.git.run(["read-tree", "--reset", "-u", commit], lane=worktree)
        self.git.run(["clean", "-ffdxq"], lane=worktree)
        self.git.run(["update-ref", names.head_ref(worktree.branch), commit, head])
        return saved

    def save(self, worktree: Worktree, message: str) -> str | None:
        """Keep a lane's dirty and untracked bytes as a commit of their own, without moving its branch.

        Out: the commit, held by `refs/orchestra/saved/<run>/<lane>/<n>`; None when nothing is dirty.
        """
        return save(self.git, worktree, message)

    def remove(self, worktree: Worktree, *, is_saved: bool = False) -> None:
        """Remove a lane's worktree and its branch.

        In:      is_saved, the caller's word that dirty bytes and the branch's commits are held by other refs.
        Raises:  UnsavedWork when there are uncommitted bytes or commits no other ref holds, and no such word.
                 LaneTampered when the folder is not the one we made.
        """
        if not is_saved:
            refuse_to_lose(self.git, worktree)
        elif worktree.path.exists():
            read_pointer(worktree.path)
        with self.registering():
            if worktree.path.exists():
                shutil.rmtree(worktree.path)
            shutil.rmtree(worktree.git_dir, ignore_errors=True)
            self.git.run(["update-ref", "-d", names.head_ref(worktree.branch)])

    def _register(self, lane: str, start_commit: str) -> Worktree:
        path = self.home / names.checked(lane)
        branch = names.lane_branch(self.run, lane)
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        start = [str(path), start_commit]
        with self.registering():
            # fmt: off
            self.git.run(["worktree", "add", "--no-checkout", "--no-track", "--lock", "--reason", LOCK_REASON,
                          "-b", branch, *start])
            # fmt: on
        found = self.find(lane)
        if found is None or read_pointer(path) != found.pointer:
            raise LaneTampered(("worktree", "add"), 1, "git registered another folder", path)
        return found

    @contextmanager
    def registering(self) -> Iterator[None]:
        """Hold the right to change the list of worktrees: one thread of one process at a time."""
        with self._threads:
            descriptor = os.open(self.git.common_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)


def registered(git: Git) -> Iterator[tuple[Path, Path]]:
    """Every linked worktree as git records it: its administrative folder and its own folder."""
    try:
        folders = sorted((git.common_dir / "worktrees").iterdir())
    except FileNotFoundError:
        return
    for folder in folders:
        try:
            pointer = (folder / "gitdir").read_bytes()
        except OSError:
            continue
        yield folder, Path(os.fsdecode(pointer).removesuffix("\n")).parent


def fill(git: Git, worktree: Worktree) -> None:
    """Write the files of a worktree that was added without checkout."""
    git.run(["read-tree", "-m", "-u", "HEAD"], lane=worktree, timeout_s=600.0)


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    """Whether a commit is part of another's history, or is it."""
    return git.run(["merge-base", "--is-ancestor", older, newer], ok=(0, 1)).exit_code == 0


def unmerged_count(git: Git, branch: str) -> int:
    """Commits of a lane's branch that nothing else holds: no other branch, tag or snapshot.

    A branch that does not exist has none.
    """
    ref = names.head_ref(branch)
    counted = git.run(
        ["rev-list", "--count", "--single-worktree", ref, "--not", f"--exclude={ref}", "--all"], ok=(0, 128)
    )
    if counted.exit_code:
        if git.run(["rev-parse", "-q", "--verify", ref], ok=(0, 1)).exit_code == 0:
            raise GitFault(("rev-list", ref), counted.exit_code, counted.stderr)
        return 0
    return int(counted.text)


def refuse_to_lose(git: Git, worktree: Worktree) -> None:
    """Raise UnsavedWork when removing a worktree would lose bytes; a folder deleted by others has none to lose."""
    dirty = changed_paths(git, worktree) if worktree.path.exists() else ()
    unmerged = unmerged_count(git, worktree.branch)
    if dirty or unmerged:
        raise UnsavedWork(
            f"The lane at {worktree.path} holds {len(dirty)} uncommitted paths and {unmerged} unmerged commits.",
            remedy=f"Look at it: git -C {worktree.path} status",
            path=worktree.path,
            dirty=dirty,
            unmerged=unmerged,
        )
