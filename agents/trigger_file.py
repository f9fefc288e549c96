"""Files of triggers, `triggers.yaml`, and briefs: what starts runs by itself, validated with file, line and advice.

triggers:
  docs:
    on_change: ["src/**/*.py", "!src/generated/**"]   # files of the checkout; what git ignores does not count
    flow: docs-sync
    goal: Bring the documentation in line with the code.
    quiet_s: 2                # look after so long without a change,
    longest_s: 30             # and at the latest after so long with changes
  review:
    on_commit: main           # a branch, or true for the one that is checked out
    flow: review
    goal: Review the new commits.
  desk:
    inbox: ~/briefs           # Markdown files; in a repository's own triggers a folder inside of it
    check: pytest -q
    budget: {usd: 2}

A brief is Markdown whose front matter may hold `flow`, `check` and `budget`; the rest is the goal, and only ever text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agents.document import Document, checked, read_text, read_yaml
from agents.trust import digest_of, distrust, is_plain
from engine.clean import clean
from engine.errors import UserFault
from engine.places import config_home
from engine.triggers.trigger import Cause, Trigger, Wanted

NAME = "triggers.yaml"
REPOSITORY_FILE = Path(".orchestra", NAME)
MOST_TRIGGERS = 50
_FRONT = re.compile(r"\A---[ \t]*\r?\n(?P<head>.*?)^---[ \t]*\r?$\n?", re.MULTILINE | re.DOTALL)


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")]
Seconds = Annotated[float, Field(ge=0.1, le=86_400, strict=False)]
Amount = Annotated[float, Field(gt=0, le=1e12, strict=False)]


class _Budget(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    usd: Amount | None = None
    tokens: Amount | None = None
    seconds: Amount | None = None


class _Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    flow: Word | None = None
    check: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None
    budget: _Budget | None = None

    def wanted(self, goal: str) -> Wanted:
        """The same as a value."""
        budget = self.budget.model_dump(exclude_none=True) if self.budget else {}
        return Wanted(goal, self.flow or "", self.check or "", budget)


class _Entry(_Wanted):
    on_change: Annotated[list[str], BeforeValidator(_several), Field(min_length=1, max_length=50)] | None = None
    on_commit: Annotated[str, Field(max_length=200)] | bool | None = None
    inbox: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    goal: Annotated[str, Field(max_length=20_000)] = ""
    quiet_s: Seconds = 2.0
    longest_s: Seconds = 30.0


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    triggers: Annotated[dict[Word, _Entry], Field(max_length=MOST_TRIGGERS)]


@dataclass(frozen=True, slots=True)
class Declared:
    """All triggers that are declared for a repository."""

    triggers: tuple[Trigger, ...]
    reason: str = ""
    """Why the repository's own are not used; empty when they are or when there are none."""


def read_triggers(repository: Path, trusted: Mapping[str, str], user: Path | None = None) -> Declared:
    """Read the person's triggers and, once trusted, the repository's.

    In:      repository, its top folder; trusted, digests by path relative to it.
    Raises:  DefinitionFault with file, line and suggestion when a file that is used is malformed.
    """
    mine = user or config_home() / NAME
    found = parse_triggers(read_text(mine), mine, repository) if mine.is_file() else ()
    own = repository_file(repository)
    if own is None:
        return Declared(found)
    text, place = read_text(own), REPOSITORY_FILE.as_posix()
    if word := distrust(place, digest_of(text), trusted):
        return Declared(found, f"{place} is {word}: orchestra-tui watch --trust")
    return Declared((*found, *parse_triggers(text, own, repository, is_theirs=True)))


def repository_file(repository: Path) -> Path | None:
    """The repository's own file of triggers; a link is none."""
    path = repository / REPOSITORY_FILE
    return path if is_plain(path) and path.is_file() else None


def parse_triggers(text: str, path: Path, repository: Path, is_theirs: bool = False) -> tuple[Trigger, ...]:
    """Read a file of triggers.

    In:      is_theirs, for the repository's own: its inboxes stay inside of it.
    Raises:  DefinitionFault with file, line and suggestion.
    """
    document = read_yaml(text, path)
    entries = checked(document, _File).triggers if document.values else {}
    return tuple(_trigger(document, name, entry, repository, is_theirs) for name, entry in entries.items())


def inbox_trigger(name: str, folder: Path, wanted: Wanted, repository: Path, origin: str) -> Trigger:
    """A trigger on a folder of briefs."""
    place = folder.expanduser().absolute()
    is_inside = place.resolve().is_relative_to(repository.resolve())
    return Trigger(name, Cause.INBOX, wanted, folder=place, is_inside=is_inside, origin=origin)


def read_brief(text: str, is_inside: bool) -> Wanted:
    """Read a brief.

    In:      is_inside, whether it lies in the repository: then it may not name a command, as it may be a stranger's.
    Raises:  UserFault with the reason.
    """
    front = _FRONT.match(text)
    head = front["head"] if front else ""
    wanted = checked(read_yaml(head, lines_before=1), _Wanted).wanted(
        clean(text[front.end() if front else 0 :]).strip()
    )
    if not wanted.goal:
        raise UserFault("The brief holds no goal.", "", "Write below the front matter what is to be done.")
    if wanted.check and is_inside:
        raise UserFault("A brief inside the repository may not name a check.", "", "Name it on the command line.")
    return wanted


def _trigger(document: Document, name: str, entry: _Entry, repository: Path, is_theirs: bool) -> Trigger:
    place = ("triggers", name)
    causes = [cause for cause in Cause if getattr(entry, cause) not in (None, False, "")]
    if len(causes) != 1:
        what = f"The trigger {name!r} waits for {len(causes)} things."
        raise document.fault(what, place, f"Give it one of {', '.join(Cause)}.")
    cause, origin = causes[0], f"{document.path}:{document.line_of(place)}"
    if cause is not Cause.INBOX and not entry.goal.strip():
        raise document.fault(f"The trigger {name!r} has no goal.", place, "Add `goal: …`.")
    wanted = entry.wanted(entry.goal.strip())
    if cause is Cause.INBOX:
        folder = _folder(document, (*place, "inbox"), str(entry.inbox), repository, is_theirs)
        return inbox_trigger(name, folder, wanted, repository, origin)
    branch = entry.on_commit if isinstance(entry.on_commit, str) else ""
    longest_s = max(entry.longest_s, entry.quiet_s)
    globs = tuple(entry.on_change or ())
    return Trigger(name, cause, wanted, globs, branch, quiet_s=entry.quiet_s, longest_s=longest_s, origin=origin)


def _folder(document: Document, place: tuple[str | int, ...], folder: str, repository: Path, is_theirs: bool) -> Path:
    if not is_theirs:
        return Path(folder).expanduser()
    relative = PurePosixPath(folder)
    is_outside = relative.is_absolute() or ".." in relative.parts or folder.startswith("~")
    if is_outside or not (repository / folder).resolve().is_relative_to(repository.resolve()):
        raise document.fault("A repository's inbox is a folder inside of it.", place, "Write a relative path.")
    return repository / folder
