"""Triggers as values: what is watched, how long it has to be quiet, what is started then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from engine.clean import clean_line
from engine.identity import digest
from engine.sandbox.scope import WriteScope

SHOWN_PATHS = 12


class Cause(StrEnum):
    """What a trigger waits for."""

    CHANGE = "on_change"
    COMMIT = "on_commit"
    INBOX = "inbox"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked to do, besides the options that hold for all runs."""

    goal: str = ""
    flow: str = ""
    check: str = ""
    budget: Mapping[str, float] = field(default_factory=dict)
    """Any of usd, tokens and seconds, for the whole run."""

    def over(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The wish to start a run: what is said here wins over the options."""
        wish = {**options, "goal": self.goal}
        if self.flow:
            wish = {name: value for name, value in wish.items() if name != "flow_file"} | {"flow": self.flow}
        if self.check:
            wish["check"] = {"run": self.check}
        if self.budget:
            wish["budget"] = {**wish.get("budget", {}), "run": dict(self.budget)}
        return wish


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing to watch, and what it starts."""

    name: str
    cause: Cause
    wanted: Wanted
    globs: tuple[str, ...] = ()
    """Of the files whose change counts, as in a write scope."""
    branch: str = ""
    """Whose new commits count; empty for the one that is checked out."""
    folder: Path | None = None
    """Where briefs are dropped."""
    is_inside: bool = False
    """Whether that folder is part of the repository, so that what lies there may be a stranger's."""
    quiet_s: float = 2.0
    """How long nothing may happen before a look is taken."""
    longest_s: float = 30.0
    """How long at most a look is put off because things go on happening."""
    origin: str = ""

    @property
    def key(self) -> str:
        """What this trigger is: declared anew with another goal, it is another one and has seen nothing yet."""
        where = (*self.globs, self.branch, str(self.folder or ""))
        wanted = (self.wanted.goal, self.wanted.flow, self.wanted.check)
        return digest(self.cause, *where, *wanted)

    def is_about(self, path: str) -> bool:
        """Whether a file of the repository, relative to its top, is one whose change counts."""
        return self.cause is Cause.CHANGE and WriteScope(self.globs).allows(path)


def command_id(key: str, content: str, again: int = 0) -> str:
    """The id of the wish that a trigger sends for a content: sent twice, it is one wish and starts one run.

    In: again, how often the engine refused it before.
    """
    return "".join(digest(key, content, str(again), half) for half in ("a", "b"))


def listed(paths: tuple[str, ...]) -> str:
    """Some of the paths by name, the rest by number."""
    shown = ", ".join(clean_line(path, 120) for path in paths[:SHOWN_PATHS])
    return shown + (f" and {len(paths) - SHOWN_PATHS} more" if len(paths) > SHOWN_PATHS else "")


class Starter(Protocol):
    """What a watch asks of the engine."""

    async def start(self, key: str, content: str, wish: Mapping[str, Any]) -> tuple[str, bool]:
        """Wish for a run, once however often it is called for this trigger and content.

        Out:    the run's id, and whether it started now.
        Raises: UserFault with the reason of a refusal.
        """

    async def outcome(self, run: str) -> str:
        """How a run ended; empty while it is played."""
