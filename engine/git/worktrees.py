"""Lanes' worktrees: made fast, recognised for certain, and never removed while they hold bytes that are nowhere else.

They live in the user's state folder, not in the repository: test runners and watchers would walk them. Making one
is two steps with different rules. Registering (`worktree add --no-checkout`) takes milliseconds but races with
itself, so it is serialised by a lock on the repository's common folder, between processes too. Writing the files is
nearly all of the time, runs in parallel, and is done ahead of need where the engine asks for a warm pool. Every
worktree of ours is locked in git's sense while it lives, so that a `git worktree prune` of the user never takes it.

Source: git-worktree(1); git dies with "failed to read commondir" when two adds overlap.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from engine.errors import GitFault, LaneTampered, UnsavedWork
from engine.git import names
from engine.git.gateway import Git, Worktree, read_pointer
from engine.git.snapshots import changed_paths, keep, save

LOCK_REASON = "orchestra-tui"
POOL = ".pool"
"""The folder of worktrees made ahead; no run can have this name."""
TRASH = ".trash"
"""The folder of lanes that are being deleted."""
T = TypeVar("T")
R = TypeVar("R")

_CHECKOUT_THREADS = 2
"""More do not help: writing files is the kernel's time, and it is bound by cores and by the journal."""


class Worktrees:
    """The worktrees of one run.

    In:  git, the gateway to the user's repository; home, the state folder of this repository; run, the run's id.
    """

    def __init__(self, git: Git, home: Path, run: str) -> None:
        self.git = git
        self.home = home.resolve()
        self.run = names.checked(run)
        self._threads = Lock()

    def add(self, lane: str, start_commit: str) -> Worktree:
        """Make a lane's worktree with the files of a commit, on a new branch that points there.

        A branch left over from a worktree that somebody deleted is taken up where it stands: no commit is lost.

        Out:     the worktree; the same one, its bytes untouched, when the lane exists already.
        Raises:  GitFault: no such commit, disk full. LaneTampered.
        """
        found = self.find(lane)
        if found is not None and not os.path.lexists(found.path):
            self._forget(found)
            found = None
        if found is None:
            found = self._from_pool(lane, start_commit) or self._register(lane, start_commit)
        self._mend(found)
        return found

    def add_all(self, lanes: Sequence[str], start_commit: str) -> list[Worktree]:
        """Make many lanes; files are written in parallel. Same order, same errors as `add`."""
        return _in_parallel(lambda lane: self.add(lane, start_commit), lanes)

    def warm(self, count: int, commit: str) -> None:
        """Make worktrees of a commit ahead of need, until `count` stand ready; call it while a planner thinks.

        Those that an earlier run left at another commit are moved over: only the files that differ are written.
        """
        with self.registering():
            slots = {slot: _detached_at(slot) for slot in self._ready()}
            fresh = [slot for slot, at in slots.items() if at == commit]
            stale = [slot for slot, at in slots.items() if at != commit and not at.startswith("ref:")]
            moved = stale[: max(0, count - len(fresh))]
            for slot in moved:
                self._retarget(slot, slots[slot], commit)
        _in_parallel(lambda _: self._make_ready(commit), range(count - len(fresh) - len(moved)))

    def drain(self) -> int:
        """Delete what stands in the pool, also what a kill left half made; returns how many there were."""
        slots = [(git_dir, path) for git_dir, path in registered(self.git) if path.parent == self.home / POOL]
        for git_dir, path in slots:
            delete_folder(path)
            self._forget(lane_at(self.home, path, git_dir))
        return len(slots)

    def find(self, lane: str) -> Worktree | None:
        """Recognise a lane's worktree that was made earlier, by git's own records; None when there is none."""
        path = self.home / self.run / names.checked(lane)
        for git_dir, folder in registered(self.git):
            if folder == path:
                return lane_at(self.home, path, git_dir)
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
                 LaneTampered when the folder is not the one we made, and no such word.
        """
        if not is_saved:
            refuse_to_lose(self.git, worktree)
        self._take_away(worktree.path)
        self._forget(worktree)
        self.git.run(["update-ref", "-d", names.head_ref(worktree.branch)])

    def _take_away(self, path: Path) -> None:
        """Delete a lane's folder, out of the lane's place first: killed half-way, no half of a lane stands there."""
        if not os.path.lexists(path):
            return
        trash = self.home / TRASH
        trash.mkdir(mode=0o700, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            os.chmod(path, 0o700)
        gone = trash / os.urandom(6).hex()
        path.rename(gone)
        delete_folder(gone)

    def _forget(self, worktree: Worktree) -> None:
        """Take a worktree whose folder is gone out of git's records; its branch stays."""
        with self.registering():
            self.git.run(["worktree", "remove", "--force", "--force", str(worktree.path)])

    def _register(self, lane: str, start_commit: str) -> Worktree:
        path = self.home / self.run / names.checked(lane)
        branch = names.lane_branch(self.run, lane)
        has_branch = self.git.run(["for-each-ref", names.head_ref(branch)]).stdout
        self._worktree_add(
            path, [branch] if has_branch else [start_commit], [] if has_branch else ["--no-track", "-b", branch]
        )
        found = self.find(lane)
        if found is None or read_pointer(path) != found.pointer:
            raise LaneTampered(("worktree", "add"), 1, "git registered another folder", path)
        return found

    def _worktree_add(self, path: Path, start: Sequence[str], flags: Sequence[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = ["--lock", "--reason", LOCK_REASON]
        with self.registering():
            self.git.run(["worktree", "add", "--no-checkout", *lock, *flags, str(path), *start])

    def _mend(self, worktree: Worktree) -> None:
        """Finish what a killed engine left: files not yet written, a lock or a copy of the index lying about."""
        for remnant in (*worktree.git_dir.glob("index.apart.*"), worktree.git_dir / "index.lock"):
            remnant.unlink(missing_ok=True)
        if not (worktree.git_dir / "index").exists():
            fill(self.git, worktree)

    def _make_ready(self, commit: str) -> None:
        path = self.home / POOL / os.urandom(6).hex()
        self._worktree_add(path, [commit], ["--detach"])
        made = [lane_at(self.home, folder, git_dir) for git_dir, folder in registered(self.git) if folder == path]
        fill(self.git, made[0])

    def _retarget(self, slot: Worktree, old: str, new: str) -> None:
        """Move a pooled worktree to another commit; without its index it counts as half made until all is done."""
        index, apart = slot.git_dir / "index", slot.git_dir / "index.moving"
        index.rename(apart)
        git_index = {"GIT_INDEX_FILE": str(apart)}
        self.git.run(["read-tree", "-m", "-u", old, new], lane=slot, env=git_index, timeout_s=600.0)
        self.git.run(["update-ref", "--no-deref", "HEAD", new], lane=slot)
        apart.rename(index)

    def _ready(self) -> Iterator[Worktree]:
        """Pooled worktrees whose files are all written."""
        for git_dir, folder in registered(self.git):
            if folder.parent == self.home / POOL and (git_dir / "index").exists() and folder.is_dir():
                yield lane_at(self.home, folder, git_dir)

    def _from_pool(self, lane: str, start_commit: str) -> Worktree | None:
        """Turn a pooled worktree of the same commit into a lane; None when there is none or the branch exists.

        Killed before the move, the branch is there and `add` registers a new worktree on it; the slot, no longer
        detached, stays in the pool unused until it is pruned.
        """
        path = self.home / self.run / names.checked(lane)
        ref = names.head_ref(names.lane_branch(self.run, lane))
        if self.git.run(["for-each-ref", ref]).stdout:
            return None
        with self.registering():
            slot = next((slot for slot in self._ready() if _detached_at(slot) == start_commit), None)
            if slot is None:
                return None
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.git.run(["update-ref", ref, start_commit, ""])
            self.git.run(["symbolic-ref", "HEAD", ref], lane=slot)
            self.git.run(["worktree", "move", "--force", "--force", str(slot.path), str(path)])
        return self.find(lane)

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


def _in_parallel(act: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply to each item on a few threads; the first error is raised after all have ended."""
    with ThreadPoolExecutor(_CHECKOUT_THREADS, thread_name_prefix="checkout") as pool:
        return list(pool.map(act, items))


def _detached_at(worktree: Worktree) -> str:
    """The commit of a detached HEAD, read from git's own file; a symbolic one is no commit."""
    return (worktree.git_dir / "HEAD").read_text().strip()


def lane_at(home: Path, path: Path, git_dir: Path) -> Worktree:
    """What a registered folder below a state folder is: its run and lane are in its path."""
    run, lane = path.relative_to(home).parts
    branch = names.lane_branch(run, lane) if run != POOL else ""
    return Worktree(path, branch, git_dir, b"gitdir: " + os.fsencode(git_dir) + b"\n", run, lane)


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


def delete_folder(path: Path) -> None:
    """Delete a lane's folder; folders in it that may not be written or even listed are opened first."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    _open_up(path)
    for folder, inner, _ in os.walk(path):
        for name in inner:
            # From above: what cannot be listed is never walked into.
            _open_up(Path(folder, name))
    shutil.rmtree(path)


def _open_up(folder: Path) -> None:
    if not folder.is_symlink() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        os.chmod(folder, 0o700)


def empty_trash(home: Path) -> None:
    """Finish the deletions that a kill broke off; nothing in there is a lane any more."""
    with suppress(FileNotFoundError):
        for path in (home / TRASH).iterdir():
            # Rubbish that cannot be deleted (another user's, of a container) must not keep an engine from starting.
            with suppress(OSError):
                delete_folder(path)
