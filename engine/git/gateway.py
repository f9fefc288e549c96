"""The one door to git: every call of the harness passes `Git.run`, and only a hardened call comes out.

GitPython starts the process; what it is asked to start is decided here: explicit --git-dir and --work-tree, the
settings and environment of `engine.git.hardening`, no stdin but ours, a deadline, an output limit, a process group
that can be killed whole. A lane is refused when its `.git` is no longer the pointer that git wrote: an agent that
replaced it would choose the configuration, and with it the programs, of every later call.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.errors import GitFault, LaneTampered
from engine.git import hardening
from engine.git.process import GitResult, Terms, git_executable, launch

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024
_POINTER_LIMIT_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Worktree:
    """A lane's folder and the facts that let us recognise it later."""

    path: Path
    branch: str
    """Short name, e.g. `orchestra/lane/r1/t1`."""
    git_dir: Path
    """The lane's own folder inside the repository's `.git/worktrees`."""
    pointer: bytes
    """Every byte that `path/.git` must hold."""
    run: str = ""
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Git:
    """Git on one repository.

    `git_dir` is the user's own (a linked worktree has one of its own), `common_dir` the one all worktrees share.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    executable: str = field(default_factory=git_executable)

    def run(
        self,
        args: Sequence[str],
        *,
        lane: Worktree | None = None,
        env: Mapping[str, str] | None = None,
        input: bytes = b"",
        timeout_s: float = DEFAULT_TIMEOUT_S,
        ok: Sequence[int] = (0,),
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        on_their_word: bool = False,
    ) -> GitResult:
        """Run one git command, hardened.

        In:      args, from the subcommand on; lane, to work in a lane instead of the user's checkout; ok, the exit
                 codes that are answers; on_their_word, True only where the person asked for their own checkout to
                 change.
        Out:     the result; `is_truncated` instead of an error when limit_bytes was reached.
        Raises:  GitFault for any other exit code, a timeout (exit code 124), or a call that would write to what is
                 the user's; LaneTampered when the lane is not the one we made.
        """
        has_own_index = "GIT_INDEX_FILE" in (env or {})
        reason = hardening.trespass(args, is_lane=lane is not None, has_own_index=has_own_index)
        if reason and not on_their_word:
            raise GitFault(tuple(args), 1, reason)
        if lane is not None:
            verify_lane(self.common_dir, lane)
        git_dir = lane.git_dir if lane else self.git_dir
        tree = lane.path if lane else self.root
        pairs = list(hardening.FIXED_SETTINGS)
        if hardening.needs_naming_away(args):
            pairs += self._neutral_settings(git_dir, tree)
        terms = Terms(env or {}, input, timeout_s, limit_bytes)
        result = self._call(args, git_dir, tree, pairs, terms)
        if result.exit_code not in ok and not result.is_truncated:
            raise GitFault(tuple(args), result.exit_code, result.stderr)
        return result

    def looking_at(self, folder: Path) -> Git:
        """The same repository with another folder in the place of the user's checkout."""
        return replace(self, root=folder)

    def text(self, *args: str, lane: Worktree | None = None) -> str:
        """Run a command and return its output as text."""
        return self.run(args, lane=lane).text

    def configuration(self, lane: Worktree | None = None) -> dict[str, str]:
        """The effective configuration, all scopes; the last value of a repeated key wins."""
        listed = self.run(["config", "--list", "-z"], lane=lane).fields
        return dict((key, value) for key, _, value in (entry.partition("\n") for entry in listed))

    def _neutral_settings(self, git_dir: Path, tree: Path) -> list[str]:
        """Asked anew before every command that could start a program: configuration changes, includes too."""
        listed = self._call(["config", "--list", "--name-only", "-z"], git_dir, tree, hardening.FIXED_SETTINGS, Terms())
        return hardening.neutral_settings(listed.fields)

    def _call(self, args: Sequence[str], git_dir: Path, tree: Path, pairs: Sequence[str], terms: Terms) -> GitResult:
        places = [f"--git-dir={git_dir}", f"--work-tree={tree}"]
        words = [self.executable, "--no-pager", *places, *hardening.settings(pairs), *hardened(args)]
        return launch(words, tree, terms)


def hardened(args: Sequence[str]) -> list[str]:
    """A subcommand's words with the flags that keep it from starting programs."""
    name, *rest = args
    if name in hardening.DIFFING:
        return [name, "--no-ext-diff", "--no-textconv", *rest]
    return [name, "--no-textconv", *rest] if name == "blame" else [name, *rest]


def verify_lane(common_dir: Path, lane: Worktree) -> None:
    """Refuse a lane whose folder or pointer was replaced.

    Raises: LaneTampered, with what was found.
    """
    if lane.git_dir.parent != common_dir / "worktrees":
        raise LaneTampered((), 1, "its administrative folder is elsewhere", lane.path)
    if read_pointer(lane.path) != lane.pointer:
        raise LaneTampered((), 1, "its .git is not the pointer that git wrote", lane.path)


def read_pointer(folder: Path) -> bytes:
    """The bytes of a worktree's `.git` file, following nothing.

    Raises: LaneTampered when the folder or the file is missing, a link or of another kind.
    """
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise LaneTampered((), 1, "its folder is not a folder", folder)
        descriptor = os.open(folder / ".git", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise LaneTampered((), 1, f"its .git cannot be read: {error.strerror}", folder) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise LaneTampered((), 1, "its .git is not a file", folder)
        return os.read(descriptor, _POINTER_LIMIT_BYTES)
    finally:
        os.close(descriptor)
