"""Rules as values: what may not be in a diff, and what a diff that is held against them looks like.

Rules go into the first event of a run as they stood in its base commit: what an agent writes to a rule file in its
lane changes nothing for its own run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.sandbox.scope import WriteScope
from engine.words import Value


class Demand(StrEnum):
    """What a rule asks."""

    NAMING = "naming"
    """New files, functions or classes are called in a certain way."""
    IMPORTS = "forbid_imports"
    CALLS = "forbid_calls"
    TEXT = "forbid"
    """No added line matches a pattern."""
    HEADER = "header"
    """A new file begins with a text."""
    LENGTH = "max_lines"
    DOCSTRINGS = "docstrings"
    PATHS = "forbid_paths"
    COMPANION = "tests"
    """Who changes these files changes, in the same diff, one of those too."""


class Rule(Value, frozen=True, omit_defaults=True):
    """One rule; which of its fields count depends on what it asks."""

    name: str
    demand: Demand
    says: str = ""
    """The rule in the words of who wrote it."""
    paths: tuple[str, ...] = ()
    """Globs of the files it is about, as in a write scope; empty for all."""
    words: tuple[str, ...] = ()
    """Forbidden modules, calls or path globs; the globs of companions; the things that need a docstring."""
    pattern: str = ""
    """A regular expression: of a whole name, or of a piece of a forbidden line."""
    subject: str = ""
    """What a naming rule is about: files, functions or classes."""
    limit: int = 0
    """The most lines of a file."""
    origin: str = ""
    """File and line of the rule."""

    def applies_to(self, path: str) -> bool:
        """Whether a file is one that the rule is about."""
        return not self.paths or WriteScope(self.paths).allows(path)

    @property
    def sentence(self) -> str:
        """The rule in one line: what its author says, else what it asks."""
        about = f" (in {', '.join(self.paths)})" if self.paths else ""
        return f"{self.says or self._asks()}{about}"

    def _asks(self) -> str:
        listed = ", ".join(self.words)
        match self.demand:
            case Demand.NAMING:
                return f"new {self.subject} are named like {self.pattern}"
            case Demand.IMPORTS:
                return f"do not import {listed}"
            case Demand.CALLS:
                return f"do not call {listed}"
            case Demand.TEXT:
                return f"no added line matches {self.pattern}"
            case Demand.HEADER:
                return f"a new file begins with: {self.pattern}"
            case Demand.LENGTH:
                return f"no file is longer than {self.limit} lines"
            case Demand.DOCSTRINGS:
                return f"new {listed} have a docstring"
            case Demand.PATHS:
                return f"do not touch {listed}"
            case Demand.COMPANION:
                return f"a change comes with a change in {listed}"


@dataclass(frozen=True, slots=True)
class Changed:
    """One file of a diff as it is after it; deleted files are not among them, but for `is_deleted`."""

    path: str
    is_new: bool = False
    is_deleted: bool = False
    added: tuple[tuple[int, str], ...] = ()
    """Number, counted from 1, and text of each added line."""
    removed: tuple[str, ...] = ()
    """The text of each removed line."""
    text: str = ""
    """All of the file; empty where it is no text."""
    is_text: bool = True
    is_cut: bool = False
    """Too large to be read whole: what it holds cannot be known."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One place where a diff breaks a rule."""

    rule: Rule
    path: str
    line: int
    """Counted from 1; 0 when it is about the file as a whole."""
    text: str
    """What is there, one line."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text} — {self.rule.name}: {self.rule.sentence}"
