"""Where a task may write, as globs: `src/**`, `!src/generated/**`; the last pattern that matches decides.

The same globs also tell whether two tasks may meet in a file: both readings are made from the same tokens.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
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


def scopes_meet(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Two globs that name the same file, as `a and b`; empty when none do or one side declares nothing.

    Exceptions (`!…`) are not looked at: a pair may be told that only an exception keeps apart, none is missed.
    """
    for mine in one:
        for theirs in other:
            if not mine.startswith("!") and not theirs.startswith("!") and meeting(mine, theirs):
                return f"{mine} and {theirs}"
    return ""


@lru_cache(maxsize=4096)
def meeting(one: str, other: str) -> str:
    """A path that both globs match; empty when there is none.

    Both are read as automata and walked side by side, the shortest path first.
    """
    mine, theirs = _steps(one), _steps(other)
    short, long = sorted((_head(one), _head(other)), key=len)
    # Most globs differ before their first wildcard: a path cannot begin with both.
    if not mine or not theirs or not long.startswith(short):
        return ""
    waiting = deque([((0, False), (0, False), "")])
    seen = set()
    while waiting:
        left, right, path = waiting.popleft()
        # A path of no letters is no file: the same places count again once there are some.
        if (left, right, bool(path)) in seen:
            continue
        seen.add((left, right, bool(path)))
        if path and left[0] == len(mine) and right[0] == len(theirs):
            return path
        waiting += ((after, right, path) for letters, after in _moves(mine, left) if not letters)
        waiting += ((left, after, path) for letters, after in _moves(theirs, right) if not letters)
        for letters, after in _moves(mine, left):
            for others, behind in _moves(theirs, right):
                letter = _common(letters, others)
                if letter and (path or letter != "/"):
                    waiting.append((after, behind, path + letter))
    return ""


_Place = tuple[int, bool]
"""A step of a glob, and whether the walk is inside a folder's name of `**/`."""
_NAME, _ANY = "any letter of a name", "any letter"


def _common(one: str, other: str) -> str:
    """A letter of both sets; empty when there is none."""
    if one in (_NAME, _ANY):
        one, other = other, one
    if not one or (one == "/" and other == _NAME):
        return ""
    if one not in (_NAME, _ANY):
        return one if other in (one, _NAME, _ANY) else ""
    return "x" if other in (_NAME, _ANY) else ""


def _moves(steps: tuple[str, ...], place: _Place) -> Iterator[tuple[str, _Place]]:
    """From a place: a set of letters (none for a step that may be passed over) and where it leads."""
    index, is_inside = place
    if index == len(steps):
        return
    step, on = steps[index], (index + 1, False)
    if is_inside:
        yield from ((_NAME, place), ("/", (index, False)))
    elif step == "**/":
        yield from (("", on), (_NAME, (index, True)))
    elif step in ("**", "*"):
        yield from (("", on), (_ANY if step == "**" else _NAME, place))
    elif step == "below":
        yield from (("", (len(steps), False)), ("/", on))
    else:
        yield (_NAME if step == "?" else step.removeprefix("="), on)


@lru_cache(maxsize=1024)
def _steps(pattern: str) -> tuple[str, ...]:
    """A glob in steps: wildcards, `=` and a letter, and at its end what is below a folder of that name."""
    steps: list[str] = []
    for part in _parts(pattern):
        steps += [part] if part in _MEANING else [f"={letter}" for letter in part]
    if steps and not pattern.endswith("*"):
        steps += ["below", "**"]
    return tuple(steps)


@lru_cache(maxsize=1024)
def _head(pattern: str) -> str:
    """What every path that a glob matches begins with."""
    return _parts(pattern)[0]


_MEANING = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}


def _parts(pattern: str) -> list[str]:
    return re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./").strip("/"))


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    body = "".join(_MEANING.get(part) or re.escape(part) for part in _parts(pattern))
    return re.compile(rf"{body}(?:/.*)?" if not pattern.endswith("*") else body, re.DOTALL)
