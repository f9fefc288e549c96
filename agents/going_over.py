"""What a digest goes over when nobody named it: what the goal itself speaks of, else the newest commits.

A goal typed on the dashboard has no options; `summarise the last 10 commits` says all that is needed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.git.gateway import Git
from engine.items import files_matching, recent_commits

DEFAULT_COMMITS = 20
MAX_ITEMS = 200
_COMMITS = re.compile(r"\b(?:(\d{1,4})\s+)?(?:\w+\s+)?(?:commits?|changes|history|log)\b", re.IGNORECASE)
_ALL_FILES = re.compile(r"\b(?:files|code|modules?|repository|codebase)\b", re.IGNORECASE)
_PATH = re.compile(r"[\w.*?/\[\]-]*[\w*/]")


class Subject(NamedTuple):
    """What is gone over, and why in a few words."""

    items: tuple[str, ...]
    reason: str


def subject_of(git: Git, head: str, goal: str) -> Subject:
    """Find what a goal wants gone over.

    In:   head, the commit that is read.
    Out:  files when the goal names some that exist, as many commits as it says, all files when it says files and no
          commits; else the newest commits.
    """
    if named := files_matching(git, head, globs) if (globs := _globs(goal)) else ():
        return Subject(named[:MAX_ITEMS], f"over {_counted(len(named[:MAX_ITEMS]), 'file')} that the goal names")
    commits = _COMMITS.search(goal)
    if commits is None and _ALL_FILES.search(goal):
        files = files_matching(git, head, ("**",))[:MAX_ITEMS]
        return Subject(files, f"over {_counted(len(files), 'file')}; --files narrows it")
    wanted = int(commits[1]) if commits and commits[1] else 0
    items = recent_commits(git, head, min(wanted or DEFAULT_COMMITS, MAX_ITEMS))
    told = "as the goal says" if wanted else "the goal says no number"
    return Subject(items, f"over the last {_counted(len(items), 'commit')}, {told}")


def _globs(goal: str) -> tuple[str, ...]:
    """The words of a goal that look like paths: with a slash, a star, or an ending."""
    words = (found[0] for found in _PATH.finditer(goal))
    return tuple(word for word in words if re.search(r"[*/]|\w\.[A-Za-z]\w{0,4}$", word) and word.strip("*/."))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
