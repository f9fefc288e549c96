"""Where a task may write, as globs: `src/**`, `!src/generated/**`; the last pattern that matches decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class WriteScope:
    """A task's write scope; without any pattern everything in the worktree may be written.

    `*` stops at a slash, `**` does not; a pattern without wildcard is a file or a folder with all that is in it.
    When only exceptions (`!…`) are given, everything else is allowed.
    """

    patterns: tuple[str, ...] = ()

    def allows(self, path: str) -> bool:
        """Whether a path, relative to the worktree with `/` between its parts, may be written."""
        allowed = all(pattern.startswith("!") for pattern in self.patterns)
        for pattern in self.patterns:
            if _expression(pattern.removeprefix("!")).fullmatch(path):
                allowed = not pattern.startswith("!")
        return allowed

    def outside(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The paths that may not be written."""
        return tuple(path for path in paths if not self.allows(path))

    def __str__(self) -> str:
        return ", ".join(self.patterns) or "everything in the worktree"


def is_match(path: str, glob: str) -> bool:
    """Whether a path matches one glob; a glob without a slash is about the name alone."""
    return WriteScope((glob,)).allows(path if "/" in glob else path.rpartition("/")[2])


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./").strip("/"))
    meaning = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    body = "".join(meaning.get(part) or re.escape(part) for part in parts)
    return re.compile(rf"{body}(?:/.*)?" if not pattern.endswith("*") else body, re.DOTALL)
