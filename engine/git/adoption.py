"""Adoption: the user's checked-out branch moves to a run's result, on their explicit word and only when it can.

The only place that writes the user's index, files and branch. Everything is checked first and refused with the
command that helps. Then three steps: the intent is written to a file, `read-tree -m -u` changes index and files,
`update-ref` moves the branch with its expected old value. `heal` finishes or undoes what a kill left between them:
a half-written file is recognised because its bytes are the old ones, the new ones or a beginning of the new ones;
anything else is an edit of the user's, and then nothing is touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from engine.errors import AdoptRefused, GitFault, PointerMoved
from engine.git import names
from engine.git.commits import resolve, tree_of, with_trailers
from engine.git.diffs import FileChange, file_changes
from engine.git.gateway import Git
from engine.git.landing import Conflict, merge
from engine.git.repository import quoted, unfinished, uses_filters
from engine.git.snapshots import Author, commit_tree, identity


class Refusal(StrEnum):
    """Why the user's branch does not move."""

    DETACHED = "detached"
    UNFINISHED = "unfinished"
    DIRTY = "dirty"
    LOCKED = "locked"
    FILTERED = "filtered"
    SUBMODULE = "submodule"
    CONFLICT = "conflict"
    IN_THE_WAY = "in the way"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Adopted:
    """The user's branch moved; equal commits when the result was in it already."""

    branch: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AdoptIntent:
    """What was about to happen."""

    ref: str
    old: str
    new: str


def adopt(
    git: Git,
    run_branch: str,
    intent_file: Path,
    message: str,
    trailers: Mapping[str, str],
    author: Author | None = None,
) -> Adopted:
    """Bring a run's result into the branch that the user has checked out.

    In:      intent_file, in the state folder; it exists only while this runs, or after it was killed.
    Out:     the branch's way; a fast-forward where possible, else a merge commit.
    Raises:  AdoptRefused with a reason and a remedy, nothing changed; GitFault.
    """
    heal(git, intent_file)
    ref, old = _place(git, run_branch)
    result = resolve(git, names.head_ref(run_branch))
    if not result:
        raise GitFault(("rev-parse", run_branch), 1, "the run's branch does not exist")
    new = _target(git, run_branch, old, result, with_trailers(message, trailers), author)
    if new != old:
        _refuse_what_lanes_cannot_write(git, run_branch, old, new)
        _write_intent(intent_file, AdoptIntent(ref, old, new))
        _switch(git, intent_file, old, new)
        _finish(git, intent_file, AdoptIntent(ref, old, new))
    return Adopted(ref.removeprefix("refs/heads/"), old, new)


def heal(git: Git, intent_file: Path) -> Adopted | None:
    """Finish an adoption that was killed, or forget it when the user has moved on.

    Out:     what was finished; None when there was nothing to do.
    Raises:  AdoptRefused when the user's own edits stand where the rest would be written.
    """
    intent = _read_intent(intent_file)
    if intent is None:
        return None
    if resolve(git, intent.ref) != intent.old or _head_ref(git) != intent.ref:
        intent_file.unlink()
        return None
    if _index_tree(git) != tree_of(git, intent.new):
        _undo(git, intent)
        _switch(git, intent_file, intent.old, intent.new)
    _finish(git, intent_file, intent)
    return Adopted(intent.ref.removeprefix("refs/heads/"), intent.old, intent.new)


def _place(git: Git, run_branch: str) -> tuple[str, str]:
    """The user's branch and commit, when nothing speaks against moving it."""
    ref = _head_ref(git)
    if not ref:
        raise _refusal(Refusal.DETACHED, "HEAD is detached.", f"Make a branch: git switch -c NAME {run_branch}")
    if word := unfinished(git.git_dir):
        raise _refusal(Refusal.UNFINISHED, f"A {word} is unfinished.", f"Finish it: git {word} --continue")
    _refuse_a_lock(git)
    dirty = git.run(["status", "--porcelain", "-z", "-uno", "--ignore-submodules=none"]).fields
    if dirty:
        what = f"{len(dirty)} files of your checkout are changed and not committed."
        raise _refusal(Refusal.DIRTY, what, "Commit them, or put them aside: git stash", tuple(e[3:] for e in dirty))
    return ref, resolve(git, ref)


def _target(git: Git, run_branch: str, old: str, result: str, text: str, author: Author | None) -> str:
    """The commit to move to: the old one, the result itself, or a merge of both."""
    base = git.run(["merge-base", old, result], ok=(0, 1)).text
    if base in (old, result):
        return result if base == old else old
    merged = merge(git, old, result)
    if isinstance(merged, Conflict):
        what = f"Your branch and {run_branch} changed the same places in {len(merged.files)} files."
        raise _refusal(Refusal.CONFLICT, what, f"Resolve it yourself: git merge {run_branch}", merged.files)
    return commit_tree(git, merged.tree, [old, result], text, author or identity(git))


def _refuse_what_lanes_cannot_write(git: Git, run_branch: str, old: str, new: str) -> None:
    changed = file_changes(git, old, new)
    paths = [change.path for change in changed]
    by_hand = f"Let your own git do it: git merge {run_branch}"
    if uses_filters(git, paths):
        raise _refusal(Refusal.FILTERED, "Changed files pass a filter (git-lfs …), which is never run here.", by_hand)
    listed = git.run(["diff-tree", "-r", "-z", "--no-renames", "--raw", old, new]).fields[::2]
    if any("160000" in entry[:14] for entry in listed):
        raise _refusal(Refusal.SUBMODULE, "A submodule changed.", f"{by_hand} && git submodule update")


def _switch(git: Git, intent_file: Path, old: str, new: str) -> None:
    """Change index and files; git checks every path before it writes the first."""
    git.run(["update-index", "-q", "--refresh"], ok=(0, 1), on_their_word=True)
    try:
        git.run(["read-tree", "-m", "-u", old, new], on_their_word=True, timeout_s=600.0)
    except GitFault as fault:
        if fault.exit_code != 128 or "would be overwritten" not in fault.stderr:
            raise
        intent_file.unlink()
        what = f"Files of yours are in the way: {fault.stderr.strip()}"
        raise _refusal(Refusal.IN_THE_WAY, what, "Move them away, then try again.") from fault


def _finish(git: Git, intent_file: Path, intent: AdoptIntent) -> None:
    reason = "orchestra: adopt the result of a run"
    try:
        git.run(["update-ref", "-m", reason, intent.ref, intent.new, intent.old], on_their_word=True)
    except GitFault as fault:
        raise PointerMoved(fault.arguments, fault.exit_code, fault.stderr) from fault
    intent_file.unlink()


def _undo(git: Git, intent: AdoptIntent) -> None:
    """Give half-written files their old bytes again, when nothing of the user's can be lost by it."""
    _refuse_a_lock(git)
    changed = file_changes(git, intent.old, intent.new)
    edited = tuple(change.path for change in changed if not _is_ours(git, intent, change))
    if edited or _index_tree(git) != tree_of(git, intent.old):
        what = f"A killed adoption left {len(changed)} files to finish, and some were edited since."
        raise _refusal(Refusal.EDITED, what, f"Compare: git diff {intent.new[:12]}", edited)
    index = git.git_dir / "index.orchestra"
    env = {"GIT_INDEX_FILE": str(index)}
    existing = b"".join(os.fsencode(change.path) + b"\0" for change in changed if change.status != "A")
    try:
        git.run(["read-tree", intent.old], env=env)
        git.run(["checkout-index", "-f", "-q", "-z", "--stdin"], env=env, input=existing)
    finally:
        index.unlink(missing_ok=True)
    for change in changed:
        if change.status == "A":
            (git.root / change.path).unlink(missing_ok=True)


def _is_ours(git: Git, intent: AdoptIntent, change: FileChange) -> bool:
    """Whether a file holds what the old or the new commit puts there, or a beginning of the new."""
    path = git.root / change.path
    if not os.path.lexists(path):
        return True
    held = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
    new = _as_checked_out(git, intent.new, change.path)
    return new.startswith(held) or held == _as_checked_out(git, intent.old, change.path)


def _as_checked_out(git: Git, commit: str, path: str) -> bytes:
    return git.run(["cat-file", "--filters", f"{commit}:{path}"], ok=(0, 128)).stdout


def _refuse_a_lock(git: Git) -> None:
    lock = git.git_dir / "index.lock"
    if lock.exists():
        what = "Another git is at work in your checkout, or was killed there."
        raise _refusal(Refusal.LOCKED, what, f"When no git runs: rm {quoted(lock)}")


def _head_ref(git: Git) -> str:
    return git.run(["symbolic-ref", "-q", "HEAD"], ok=(0, 1)).text


def _index_tree(git: Git) -> str:
    return git.run(["write-tree"], ok=(0, 128)).text


def _write_intent(path: Path, intent: AdoptIntent) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with open(fresh, "w", encoding="utf-8") as handle:
        json.dump(asdict(intent), handle)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)


def _read_intent(path: Path) -> AdoptIntent | None:
    try:
        return AdoptIntent(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _refusal(reason: Refusal, what: str, remedy: str, files: tuple[str, ...] = ()) -> AdoptRefused:
    return AdoptRefused(what, remedy=remedy, reason=reason.value, files=files)
