"""Look at what stands in a repository: which files count and what they hold, which commits are new, whose they are."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.errors import GitFault, UserFault
from engine.git.commits import resolve
from engine.git.diffs import log
from engine.git.gateway import Git
from engine.identity import digest
from engine.triggers.seen import Sight
from engine.triggers.trigger import Trigger

MOST_FILES = 20_000
MOST_COMMITS = 200
_PIECE_BYTES = 1 << 20
OUR_TRAILER = "Orchestra-Run"


@dataclass(frozen=True, slots=True)
class News:
    """What is new since the last look, and what was seen now."""

    sight: Sight
    paths: tuple[str, ...] = ()
    """Changed, new and deleted files."""
    commits: tuple[str, ...] = ()
    """New commits that people made, newest first."""
    is_ours: bool = False
    """Everything that is new came from a run of ours."""

    @property
    def is_any(self) -> bool:
        """Whether somebody else than us did something."""
        return bool(self.paths or self.commits) and not self.is_ours


class Looker:
    """Looks at one repository; remembers what files held while their stamps stay the same."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._held: dict[str, tuple[tuple[int, ...], str]] = {}

    def changes(self, trigger: Trigger, before: Sight) -> News:
        """The files that a trigger is about, against what it saw before.

        Out:     nothing new at the first look: what stood there already is nobody's change.
        Raises:  GitFault; UserFault when there are too many files.
        """
        files = self._files(trigger)
        head = resolve(self._git, "HEAD")
        sight = Sight(digest(*(part for item in sorted(files.items()) for part in item)), head, files)
        if not before.content:
            return News(sight)
        paths = tuple(
            sorted(path for path in {*files, *before.files} if files.get(path, "") != before.files.get(path, ""))
        )
        return News(sight, paths, is_ours=bool(paths) and self._came_from_us(before.head, head, paths))

    def commits(self, trigger: Trigger, before: Sight) -> News:
        """The commits on a trigger's branch, against where it was before."""
        name = f"refs/heads/{trigger.branch}" if trigger.branch else "HEAD"
        head = resolve(self._git, name)
        sight = Sight(head, head)
        if not before.content or not head or head == before.content:
            # A branch that is not there is not a branch that was not looked at.
            return News(sight if head else before)
        found = self._between(before.content, head)
        theirs = tuple(sha for sha, is_ours in found if not is_ours)
        return News(sight, commits=theirs or tuple(sha for sha, _ in found), is_ours=bool(found) and not theirs)

    def _between(self, old: str, new: str) -> list[tuple[str, bool]]:
        """The commits that are new, and of each whether a run of ours made it."""
        try:
            return [
                (facts.sha, OUR_TRAILER in facts.trailers) for facts in log(self._git, [f"{old}..{new}"], MOST_COMMITS)
            ]
        except GitFault:
            # The old one is gone, after a rebase and a clean-up: the newest speaks for all.
            return [(facts.sha, OUR_TRAILER in facts.trailers) for facts in log(self._git, [new], 1)]

    def _came_from_us(self, old: str, new: str, paths: tuple[str, ...]) -> bool:
        """Whether a landing explains the change: all new commits are ours, and the files are as committed."""
        if not old or old == new or not all(is_ours for _, is_ours in self._between(old, new)):
            return False
        flags = ["--porcelain", "-z", "-uall", "--no-renames", "--ignore-submodules=all"]
        dirty = {entry[3:] for entry in self._git.run(["status", *flags]).fields if entry}
        return not dirty.intersection(paths)

    def _files(self, trigger: Trigger) -> dict[str, str]:
        listing = self._git.run(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).fields
        names = sorted({name for name in listing if name and trigger.is_about(name)})
        if len(names) > MOST_FILES:
            what = f"{trigger.name} is about {len(names)} files; {MOST_FILES} at most."
            raise UserFault(what, remedy="Name fewer by narrower globs.")
        held = {name: self._held_by(name) for name in names}
        return {name: content for name, content in held.items() if content}

    def _held_by(self, name: str) -> str:
        """A digest of a file's content; empty for what is no plain file or not there."""
        path = self._git.root / name
        try:
            facts = path.lstat()
            if not stat.S_ISREG(facts.st_mode):
                return ""
            stamp = (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino)
            known = self._held.get(name)
            if known and known[0] == stamp:
                return known[1]
            content = _digest_of(path)
        except OSError:
            return ""
        self._held[name] = (stamp, content)
        return content


def _digest_of(path: Path) -> str:
    found = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()[:32]
