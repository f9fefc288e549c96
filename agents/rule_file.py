r"""Files of rules that a machine can check: `.orchestra/rules/*.yaml`, and ```rules blocks in `.orchestra/rules/*.md`.

rules:
  - name: http                     # says which rule was broken
    says: HTTP goes through httpx  # what the author of a diff is told; without it the rule itself
    paths: ["src/**"]              # what it is about; everything without it. "!src/old/**" leaves something out
    forbid_imports: [requests]     # and exactly one of these:
    forbid_calls: [print, os.system, .unwrap]
    forbid: '\bTODO\b'             # a regular expression; no added line may match
    naming: {functions: "[a-z_][a-z0-9_]*", classes: "[A-Z][A-Za-z0-9]*", files: "[a-z_]+\\.py"}
    header: "SPDX-License-Identifier: MIT"      # in the first lines of new files; {year} is any year
    max_lines: 400
    docstrings: [modules, classes, functions]   # Python
    forbid_paths: ["generated/**"]
    tests: ["tests/**"]            # who changes `paths` changes one of these too

A rule can only restrict, so a repository's rules need nobody's trust. They are read from the commit a run starts from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from msgspec.structs import replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agents.document import Document, checked, read_text, read_yaml
from engine.clean import clean_line
from engine.conformance.rule import Demand, Rule
from engine.errors import DefinitionFault
from engine.git.gateway import Git
from engine.places import config_home

FOLDER = ".orchestra/rules"
MOST_FILES = 40
MOST_RULES = 200
MOST_PATTERN_CHARS = 400
_SUFFIXES = (".yaml", ".yml", ".md")
_FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})rules[ \t]*\n(?P<body>.*?)^(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL)
_PLAIN_MODES = ("100644", "100755")


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1, max_length=MOST_PATTERN_CHARS)]
Texts = Annotated[list[Text], BeforeValidator(_several), Field(min_length=1, max_length=100)]


class _Naming(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    files: Text | None = None
    functions: Text | None = None
    classes: Text | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    says: Annotated[str, Field(max_length=300)] = ""
    paths: Texts | None = None
    forbid_imports: Texts | None = None
    forbid_calls: Texts | None = None
    forbid: Text | None = None
    naming: _Naming | None = None
    header: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    max_lines: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    docstrings: Annotated[list[Literal["modules", "classes", "functions"]], BeforeValidator(_several)] | None = None
    forbid_paths: Texts | None = None
    tests: Texts | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    rules: Annotated[list[_Entry], Field(max_length=MOST_RULES)]


def parse_rules(text: str, path: Path, shown: str) -> tuple[Rule, ...]:
    """Read the rules of one file.

    In:      its text and path (the suffix says how to read it); shown, how its place is named in a rule's origin.
    Raises:  DefinitionFault with file, line and suggestion.
    """
    found: list[Rule] = []
    for document in _documents(text, path):
        entries = checked(document, _File).rules if document.values else []
        for index, entry in enumerate(entries):
            found += _rules(document, index, entry, f"{shown}:{document.line_of(('rules', index))}")
    return tuple(found)


def rules_of_commit(git: Git, commit: str) -> tuple[Rule, ...]:
    """The rules of a repository as a commit holds them; whatever lies in a worktree counts nothing.

    Raises: DefinitionFault for a malformed file: a run without rules that its owner relies on does not start.
    """
    entries = git.run(["ls-tree", "-z", commit, f"{FOLDER}/"], ok=(0, 128)).fields
    found: list[Rule] = []
    for entry in [entry for entry in entries if entry][:MOST_FILES]:
        facts, _, name = entry.partition("\t")
        mode, kind, blob = facts.split(" ")
        if mode in _PLAIN_MODES and kind == "blob" and name.endswith(_SUFFIXES):
            text = git.run(["cat-file", "blob", blob]).stdout.decode("utf-8", "replace")
            found += parse_rules(text, Path(name), name)
    return tuple(found)


def rules_of_person(folder: Path | None = None) -> tuple[Rule, ...]:
    """The person's own rules, for all repositories: `rules/` in their configuration folder.

    Raises: DefinitionFault for a malformed file.
    """
    place = folder or config_home() / "rules"
    paths = sorted(path for path in place.iterdir() if path.suffix in _SUFFIXES) if place.is_dir() else []
    return tuple(rule for path in paths[:MOST_FILES] for rule in parse_rules(read_text(path), path, str(path)))


def effective_rules(git: Git, commit: str, folder: Path | None = None) -> tuple[Rule, ...]:
    """Everything a diff that starts from a commit is held against: the person's rules and the repository's."""
    found = (*rules_of_person(folder), *rules_of_commit(git, commit))
    if len(found) > MOST_RULES:
        raise DefinitionFault(f"There are {len(found)} rules; {MOST_RULES} at most.", remedy="Merge some.")
    return found


def without_blocks(text: str) -> str:
    """The prose of a Markdown file of rules: without what the engine checks and says by itself."""
    return _FENCE.sub("", text).strip()


def _documents(text: str, path: Path) -> Iterator[Document]:
    if path.suffix != ".md":
        yield read_yaml(text, path)
        return
    for block in _FENCE.finditer(text):
        yield read_yaml(block["body"], path, text[: block.start("body")].count("\n"))


def _rules(document: Document, index: int, entry: _Entry, origin: str) -> Iterator[Rule]:
    asked = [demand for demand in Demand if _is_asked(getattr(entry, demand))]
    place = ("rules", index)
    if len(asked) != 1:
        what = f"asks {len(asked)} things" if asked else "asks nothing"
        raise document.fault(f"The rule {entry.name!r} {what}.", place, f"Give it one of {', '.join(Demand)}.")
    demand = asked[0]
    if demand is Demand.COMPANION and not entry.paths:
        raise document.fault(f"The rule {entry.name!r} does not say whose tests.", place, 'Add `paths: ["src/**"]`.')
    rule = Rule(
        clean_line(entry.name, 60), demand, clean_line(entry.says, 300), tuple(entry.paths or ()), origin=origin
    )
    for one in _asked(rule, getattr(entry, demand)):
        if demand in (Demand.TEXT, Demand.NAMING):
            _refuse_pattern(document, (*place, demand, *([one.subject] if one.subject else [])), one.pattern)
        yield one


def _is_asked(value: object) -> bool:
    return bool(value.model_dump(exclude_none=True) if isinstance(value, _Naming) else value)


def _asked(rule: Rule, value: object) -> Iterator[Rule]:
    """The rules that an entry stands for: one, or one for each thing that has a name."""
    match value:
        case _Naming():
            for subject, pattern in value.model_dump(exclude_none=True).items():
                yield replace(rule, subject=subject, pattern=pattern)
        case str():
            yield replace(rule, pattern=value)
        case int():
            yield replace(rule, limit=value)
        case list():
            yield replace(rule, words=tuple(value))


def _refuse_pattern(document: Document, place: tuple[str | int, ...], pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        what = f"{pattern!r} is no regular expression: {error}."
        raise document.fault(what, place, "Correct it; in YAML, put it in single quotes.") from error
