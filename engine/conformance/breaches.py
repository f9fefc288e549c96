"""Hold a diff against rules: which are broken, in what file and line. Pure, but for the patterns, which are handed out.

Only what the diff adds counts: nobody is sent back for what was there before. What cannot be known breaks a rule: a
file too large to be read, a pattern that comes to no end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.clean import clean_line
from engine.conformance import source
from engine.conformance.patterns import Find, Hits, Search, found_in_child
from engine.conformance.reading import Reading
from engine.conformance.rule import BrokenRule, Changed, Demand, Rule
from engine.conformance.source import Mention
from engine.sandbox.scope import WriteScope

MOST_OF_A_RULE = 20
"""Places that are named for one rule: whoever mends those has seen what is meant."""
HEADER_SLACK = 4
"""Lines that may come before a header: a shebang, an encoding, a doctype."""
_TEXT_CHARS = 160
_SINGULAR = {"modules": "module", "classes": "class", "functions": "function"}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A name or line that a pattern decides about."""

    path: str
    line: int
    subject: str
    text: str


def broken_rules(
    rules: Sequence[Rule], changes: Sequence[Changed], find: Find = found_in_child, scope: Sequence[str] = ()
) -> tuple[BrokenRule, ...]:
    """Hold a diff against rules.

    In:   the files of the diff; find, how patterns are looked for; scope, where its author may write: a companion that
          they could not write is not asked for.
    Out:  what is broken, by file and line; at most `MOST_OF_A_RULE` places for each rule.
    """
    readings = [Reading(change) for change in changes]
    found = [one for rule in rules for one in _without_patterns(rule, readings, scope)]
    found += _with_patterns([rule for rule in rules if rule.demand in _CANDIDATES], readings, find)
    return tuple(sorted(_first_of_each(found), key=lambda one: (one.path, one.line, one.rule.name)))


def _first_of_each(found: Sequence[BrokenRule]) -> Iterator[BrokenRule]:
    seen: set[tuple[str, str, int]] = set()
    counts: dict[str, int] = {}
    for one in found:
        place = (one.rule.name, one.path, one.line)
        if place not in seen and counts.get(one.rule.name, 0) < MOST_OF_A_RULE:
            seen.add(place)
            counts[one.rule.name] = counts.get(one.rule.name, 0) + 1
            yield one


def _without_patterns(rule: Rule, readings: Sequence[Reading], scope: Sequence[str]) -> Iterator[BrokenRule]:
    if rule.demand is Demand.PATHS:
        yield from _touched(rule, readings)
    elif rule.demand is Demand.COMPANION:
        yield from _alone(rule, readings, scope)
    else:
        for one in _readable(rule, readings):
            if one.change.is_cut:
                yield BrokenRule(rule, one.change.path, 0, "too large to be held against this rule")
            elif rule.demand in _HELD:
                yield from _HELD[rule.demand](rule, one)


def _readable(rule: Rule, readings: Sequence[Reading]) -> Iterator[Reading]:
    yield from (one for one in readings if one.is_readable and rule.applies_to(one.change.path))


def _with_patterns(rules: Sequence[Rule], readings: Sequence[Reading], find: Find) -> Iterator[BrokenRule]:
    candidates = [tuple(_CANDIDATES[rule.demand](rule, readings)) for rule in rules]
    asked = [(rule, some) for rule, some in zip(rules, candidates, strict=True) if some]
    searches = [
        Search(rule.pattern, tuple(one.subject for one in some), rule.demand is Demand.NAMING) for rule, some in asked
    ]
    answers = find(searches) if searches else ()
    for (rule, some), hits in zip(asked, answers, strict=True):
        yield from _decided(rule, some, hits)


def _decided(rule: Rule, candidates: Sequence[_Candidate], hits: Hits) -> Iterator[BrokenRule]:
    if hits is None:
        first = candidates[0]
        yield BrokenRule(rule, first.path, first.line, f"the pattern {rule.pattern!r} came to no end here")
        return
    for one, is_hit in zip(candidates, hits, strict=True):
        if is_hit is (rule.demand is Demand.TEXT):
            yield BrokenRule(rule, one.path, one.line, clean_line(one.text, _TEXT_CHARS))


def _lines(rule: Rule, readings: Sequence[Reading]) -> Iterator[_Candidate]:
    for one in _readable(rule, readings):
        yield from (_Candidate(one.change.path, number, text, text.strip()) for number, text in one.change.added)


def _names(rule: Rule, readings: Sequence[Reading]) -> Iterator[_Candidate]:
    if rule.subject == "files":
        for change in (one.change for one in readings):
            if change.is_new and rule.applies_to(change.path):
                yield _Candidate(change.path, 0, change.path.rpartition("/")[2], "the name of this new file")
        return
    for reading in _readable(rule, readings):
        for one in reading.definitions:
            is_dunder = one.name.startswith("__") and one.name.endswith("__")
            if one.kind == rule.subject and not is_dunder:
                yield _Candidate(reading.change.path, one.line, one.name, f"{one.kind} {one.name}")


def _imported(rule: Rule, reading: Reading) -> Iterator[BrokenRule]:
    yield from _mentioned(rule, reading, reading.imports, source.is_below)


def _called(rule: Rule, reading: Reading) -> Iterator[BrokenRule]:
    yield from _mentioned(rule, reading, reading.calls, source.is_called)


def _mentioned(
    rule: Rule, reading: Reading, mentions: Sequence[Mention], is_one: Callable[[str, str], bool]
) -> Iterator[BrokenRule]:
    for mention in mentions:
        if any(is_one(mention.name, word) for word in rule.words):
            text = clean_line(reading.added[mention.line].strip(), _TEXT_CHARS)
            yield BrokenRule(rule, reading.change.path, mention.line, text)


def _without_docstring(rule: Rule, reading: Reading) -> Iterator[BrokenRule]:
    for one in reading.definitions:
        if one.kind in rule.words and one.is_public and not one.has_docstring:
            yield BrokenRule(rule, reading.change.path, one.line, f"{_SINGULAR[one.kind]} {one.name}".strip())


def _without_header(rule: Rule, reading: Reading) -> Iterator[BrokenRule]:
    change = reading.change
    wanted = [re.escape(line.strip()).replace(r"\{year\}", r"\d{4}") for line in rule.pattern.strip().splitlines()]
    lines = change.text.removeprefix("\ufeff").split("\n")[: len(wanted) + HEADER_SLACK]
    starts = range(len(lines) - len(wanted) + 1)
    is_there = any(all(re.search(line, lines[at + n]) for n, line in enumerate(wanted)) for at in starts)
    if change.is_new and change.text.strip() and not is_there:
        yield BrokenRule(rule, change.path, 1, clean_line(lines[0], _TEXT_CHARS) or "an empty line")


def _too_long(rule: Rule, reading: Reading) -> Iterator[BrokenRule]:
    change = reading.change
    count = len(change.text.split("\n")) - change.text.endswith("\n")
    if count > rule.limit and len(change.added) > len(change.removed):
        yield BrokenRule(rule, change.path, 0, f"{count} lines")


def _touched(rule: Rule, readings: Sequence[Reading]) -> Iterator[BrokenRule]:
    forbidden = WriteScope(rule.words)
    for change in (one.change for one in readings):
        if forbidden.allows(change.path) and rule.applies_to(change.path):
            yield BrokenRule(rule, change.path, 0, "deleted" if change.is_deleted else "changed")


def _alone(rule: Rule, readings: Sequence[Reading], scope: Sequence[str]) -> Iterator[BrokenRule]:
    companions = WriteScope(rule.words)
    living = [one.change for one in readings if not one.change.is_deleted]
    if any(companions.allows(change.path) for change in living) or not _has_room(rule.words, scope):
        return
    first = next((change for change in living if rule.applies_to(change.path)), None)
    if first:
        yield BrokenRule(rule, first.path, 0, "changed alone")


def _has_room(globs: Sequence[str], scope: Sequence[str]) -> bool:
    """Whether somebody who may write to a scope could write a file that one of the globs means."""
    if all(pattern.startswith("!") for pattern in scope):
        return True
    fixed = [_fixed_part(glob) for glob in scope if not glob.startswith("!")]
    return any(
        _fixed_part(glob).startswith(part) or part.startswith(_fixed_part(glob)) for glob in globs for part in fixed
    )


def _fixed_part(glob: str) -> str:
    return re.split(r"[*?\[]", glob.removeprefix("./"), maxsplit=1)[0]


_HELD: dict[Demand, Callable[[Rule, Reading], Iterator[BrokenRule]]] = {
    Demand.IMPORTS: _imported,
    Demand.CALLS: _called,
    Demand.HEADER: _without_header,
    Demand.LENGTH: _too_long,
    Demand.DOCSTRINGS: _without_docstring,
}
"""What is decided file by file."""
_CANDIDATES: dict[Demand, Callable[[Rule, Sequence[Reading]], Iterator[_Candidate]]] = {
    Demand.TEXT: _lines,
    Demand.NAMING: _names,
}
"""What a pattern decides."""
