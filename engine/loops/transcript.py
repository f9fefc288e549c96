"""Transcripts as lines of JSON: one step a line, or one case a line with its steps, of this or of any other tool.

Nothing is guessed: what is not a step is named with its line, and where it lies in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from engine.loops.step import Step, StepKind

KINDS = ", ".join(StepKind)
_TEXTS = ("text", "tool", "actor")


@dataclass
class TranscriptFault(Exception):
    """A line that is no step and no case."""

    line: int
    """Counted from 1."""
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Case:
    """One transcript."""

    name: str
    """Its id in the file; empty for a file of single steps, which is one case as a whole."""
    steps: Iterable[Step]
    """Read while they are taken, once."""


def cases_in(lines: Iterable[str]) -> Iterator[Case]:
    """Read a transcript file.

    In:     its lines; empty ones are skipped. The first decides whether the file holds steps or cases.
    Out:    its cases, none for an empty file; their steps must be taken before the next case.
    Raises: TranscriptFault, also while steps are taken.
    """
    records = _records(lines)
    first = next(records, None)
    if first is None:
        return
    if "steps" not in first[1]:
        yield Case("", (_step(line, "", record) for line, record in chain((first,), records)))
        return
    for line, record in chain((first,), records):
        yield _case(line, record)


def _records(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except ValueError as error:
            raise TranscriptFault(line, f"not JSON: {error}") from error
        except RecursionError as error:
            raise TranscriptFault(line, "nested too deeply") from error
        if not isinstance(record, dict):
            raise TranscriptFault(line, f"a step or a case is an object, this is {_named(record)}")
        yield line, record


def _case(line: int, record: Mapping[str, Any]) -> Case:
    steps = record.get("steps")
    if not isinstance(steps, list):
        what = "a single step among cases" if steps is None else f"`steps` is {_named(steps)}, not a list"
        raise TranscriptFault(line, what)
    read = []
    for index, fields in enumerate(steps):
        if not isinstance(fields, dict):
            raise TranscriptFault(line, f"step {index} is {_named(fields)}, not an object")
        read.append(_step(line, f"step {index}: ", fields))
    return Case(str(record.get("id") or f"line {line}"), read)


def _step(line: int, where: str, fields: Mapping[str, Any]) -> Step:
    if "steps" in fields:
        raise TranscriptFault(line, f"{where}a case among single steps")
    kind = fields.get("type")
    if kind is None:
        raise TranscriptFault(line, f"{where}`type` is missing; it is one of {KINDS}")
    for name in _TEXTS:
        if not isinstance(fields.get(name), str | None):
            raise TranscriptFault(line, f"{where}`{name}` is {_named(fields[name])}, not text")
    if kind == StepKind.ACTION and not fields.get("tool"):
        raise TranscriptFault(line, f"{where}an action needs a `tool`")
    try:
        return Step.from_json(fields)
    except ValueError as error:
        raise TranscriptFault(line, f"{where}`type` is {kind!r}; it is one of {KINDS}") from error


def _named(value: object) -> str:
    """A JSON value by its kind, as a person calls it."""
    names = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
