"""Looking places up in git: files and commits as a tree and its history hold them, never the disk. Bounded.

Only what git stores is read, so no path leads out of the repository, through a link or into `.git`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from engine.claiming.evidence import Ground
from engine.claiming.quotes import Page
from engine.clean import clean_line
from engine.git.diffs import show_file
from engine.git.gateway import Git

MAX_FILE_BYTES = 1024 * 1024
MAX_LISTING_BYTES = 2 * 1024 * 1024
MAX_LOOKS = 100
"""How many different files and commits are looked up for one result."""
TOO_MANY = f"more than {MAX_LOOKS} different places are named; say less"
PATH_CHARS = 400
TIMEOUT_S = 10.0
_HEX = re.compile(r"[0-9a-f]{7,64}")


class Places(Protocol):
    """Where claims are looked up: one tree, its history, and what was run on it."""

    ground: Ground

    def page(self, path: str, commit: str = "") -> Page | str:
        """A text file at the tree, or at a commit; why there is none to be read, in words."""

    def commit(self, name: str) -> str:
        """The whole id of a commit of this history; empty when it is none."""

    def touched(self, commit: str) -> frozenset[str]:
        """The paths that a commit changed."""

    def spoken(self, path: str) -> bool:
        """Whether a file is what agents of this run said, written down."""


@dataclass(slots=True)
class GitPlaces:
    """`Places` through the gateway; every answer is kept, so that naming a file often costs one look."""

    git: Git
    ground: Ground
    spoken_paths: frozenset[str] = frozenset()
    """Files that the harness wrote from texts of this run's agents."""
    _pages: dict[tuple[str, str], Page | str] = field(default_factory=dict)
    _commits: dict[str, str] = field(default_factory=dict)

    def page(self, path: str, commit: str = "") -> Page | str:
        """A text file at the tree, or at a commit; why there is none to be read, in words."""
        if why := misshapen(path):
            return why
        key = (str(PurePosixPath(path)), commit or self.ground.commit)
        if key not in self._pages:
            self._pages[key] = TOO_MANY if self._has_looked_enough else self._read(*key)
        return self._pages[key]

    @property
    def _has_looked_enough(self) -> bool:
        return len(self._pages) + len(self._commits) >= MAX_LOOKS

    def _read(self, path: str, commit: str) -> Page | str:
        listed = self.git.run(["ls-tree", "-l", "-z", commit, "--", path], ok=(0, 128), timeout_s=TIMEOUT_S).fields
        entry = next((one for one in listed if one.partition("\t")[2] == path), "")
        if not entry:
            return f"there is no file {clean_line(path, 120)}{self._hint(path, commit)}"
        mode, kind, _, size = entry.partition("\t")[0].split()
        if mode == "120000":
            return f"{path} is a link; name the file itself"
        if kind != "blob":
            return f"{path} is not a file"
        if int(size) > MAX_FILE_BYTES:
            return f"{path} is too large to be looked into; name a command that shows it"
        content = show_file(self.git, commit, path) or b""
        return f"{path} is not a text" if b"\0" in content else Page(path, content.decode("utf-8", "replace"))

    def _hint(self, path: str, commit: str) -> str:
        """The file that may be meant: of the same name elsewhere, or with letters that look alike."""
        strange = next((char for char in path if not char.isascii()), "")
        if strange:
            return f": it holds `{strange}`, {unicodedata.name(strange, 'an unnamed character').lower()}"
        words = ["ls-tree", "-r", "--name-only", "-z", commit]
        names = self.git.run(words, ok=(0, 128), limit_bytes=MAX_LISTING_BYTES, timeout_s=TIMEOUT_S).fields
        last = PurePosixPath(path).name.lower()
        like = [clean_line(name, 120) for name in names if PurePosixPath(name).name.lower() == last][:3]
        return f"; there is {' and '.join(like)}" if like else ""

    def commit(self, name: str) -> str:
        """The whole id of a commit of this history; empty when it is none."""
        name = name.strip().lower()
        if name not in self._commits:
            may_look = _HEX.fullmatch(name) and not self._has_looked_enough
            self._commits[name] = self._resolve(name) if may_look else ""
        return self._commits[name]

    def _resolve(self, name: str) -> str:
        words = ["rev-parse", "-q", "--verify", f"{name}^{{commit}}"]
        found = self.git.run(words, ok=(0, 1, 128), timeout_s=TIMEOUT_S)
        if found.exit_code or not found.text:
            return ""
        words = ["merge-base", "--is-ancestor", found.text, self.ground.commit]
        return "" if self.git.run(words, ok=(0, 1, 128), timeout_s=TIMEOUT_S).exit_code else found.text

    def touched(self, commit: str) -> frozenset[str]:
        """The paths that a commit changed; for a merge, what it brought to its first parent."""
        words = ["log", "-1", "--format=", "--name-only", "-z", "--no-renames", "--diff-merges=first-parent", commit]
        return frozenset(self.git.run(words, limit_bytes=MAX_LISTING_BYTES, timeout_s=TIMEOUT_S).fields)

    def spoken(self, path: str) -> bool:
        """Whether a file is what agents of this run said, written down."""
        return str(PurePosixPath(path)) in self.spoken_paths


def misshapen(path: str) -> str:
    """Why a path cannot name a file of the repository; empty when it can."""
    shown, parts = clean_line(path, 120), PurePosixPath(path).parts
    if "://" in path:
        return f"{shown} is an address: what stands there cannot be looked up"
    if not parts or len(path) > PATH_CHARS or not path.isprintable():
        return f"`{shown}` is no path"
    if path.startswith(("/", "~")) or ".." in parts or "\\" in path:
        return f"{shown} leads out of the repository; paths are relative to its top"
    return f"{shown} is git's own" if any(part.lower() == ".git" for part in parts) else ""
