"""What changed between two commits, or between a commit and a lane as it is now; and what a commit says of itself.

No external diff, no textconv, no rename guessing: a reviewer sees what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.git.commits import parsed_numstat
from engine.git.gateway import Git, Worktree
from engine.git.snapshots import snapshot_tree

PATCH_LIMIT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed path."""

    path: str
    status: str
    """A added, M modified, D deleted, T changed its kind."""
    insertions: int
    deletions: int
    is_binary: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """The changed paths and the patch as text."""

    files: tuple[FileChange, ...]
    patch: str
    is_cut: bool
    """The patch reached its limit; the list of files is complete."""


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """One commit as history tells it; all text is from outside and not yet cleaned."""

    sha: str
    parents: tuple[str, ...]
    committed_at: int
    """Seconds since the epoch."""
    author: str
    subject: str
    body: str
    trailers: dict[str, str]


def diff(git: Git, base: str, head: str | Worktree, limit_bytes: int = PATCH_LIMIT_BYTES) -> Diff:
    """Compare a commit with another, or with everything a lane holds now.

    Out:     the changed paths, and the patch up to a limit.
    Raises:  GitFault; LaneTampered.
    """
    other = snapshot_tree(git, head) if isinstance(head, Worktree) else head
    words = ["diff-tree", "-r", "--no-renames", "--no-color", "-p", "--full-index", base, other]
    patch = git.run(words, limit_bytes=limit_bytes)
    text = patch.stdout.decode("utf-8", "replace")
    return Diff(file_changes(git, base, other), text, patch.is_truncated)


def file_changes(git: Git, base: str, head: str) -> tuple[FileChange, ...]:
    """The changed paths between two commits or trees, with counts, sorted as git sorts them."""
    fields = git.run(["diff-tree", "-r", "-z", "--no-renames", "--raw", "--numstat", base, head]).fields
    statuses: dict[str, str] = {}
    place = 0
    while place < len(fields) and fields[place].startswith(":"):
        statuses[fields[place + 1]] = fields[place][-1]
        place += 2
    counted = parsed_numstat(fields[place:])
    binary = {entry.split("\t", 2)[2] for entry in fields[place:] if entry.startswith("-\t")}
    return tuple(
        FileChange(path, status, *counted.get(path, (0, 0)), path in binary) for path, status in statuses.items()
    )


def show_file(git: Git, commit: str, path: str) -> bytes | None:
    """The bytes of a file as a commit stores it; None when it has no such file."""
    found = git.run(["cat-file", "blob", f"{commit}:{path}"], ok=(0, 128))
    return found.stdout if found.exit_code == 0 else None


def log(git: Git, revisions: Sequence[str], limit: int = 200) -> tuple[CommitFacts, ...]:
    """Commits of a range (`a..b`) or of heads, newest first."""
    layout = "%x1f".join(("%H", "%P", "%ct", "%an", "%(trailers:only,unfold)", "%s", "%b"))
    words = ["log", "-z", f"--format={layout}", f"--max-count={limit}", *revisions, "--"]
    entries = git.run(words).stdout.decode("utf-8", "replace").split("\0")
    return tuple(_facts(entry) for entry in entries if entry)


def blame(git: Git, commit: str, path: str, line: int) -> str:
    """The commit that wrote a line, counted from 1.

    Raises: GitFault when there is no such file or line.
    """
    words = ["blame", "--porcelain", "-L", f"{line},{line}", commit, "--", path]
    return git.run(words).text.split(" ", 1)[0]


def _facts(entry: str) -> CommitFacts:
    sha, parents, when, author, trailers, subject, body = entry.split("\x1f", 6)
    pairs = (line.partition(": ") for line in trailers.splitlines())
    named = {key: value for key, _, value in pairs if key}
    return CommitFacts(sha, tuple(parents.split()), int(when), author, subject, body.strip(), named)
