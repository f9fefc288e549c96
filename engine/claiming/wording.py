"""What the words of a claim commit it to: numbers of things, and how tests or checks came out. Pure.

Only plain forms are read: "2 tests fail", "3 callers", "all tests pass". What is not read is not held against anybody;
the sceptic's own eyes are for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {"zero": 0, "a single": 1} | {word: value for value, word in enumerate(_WORDS)}
_THINGS = (
    r"(?:unit |failing |failed |passing |skipped |new |other |more |different |direct )?"
    r"(?:tests?|test cases|callers?|call sites?|usages?|occurrences?|places|files|failures?|errors?|warnings?|commits?"
    r"|failed|passed|skipped)"
)
_COUNTED = re.compile(
    rf"(?<![\w.:/#-])(?:(\w+)\s+)?(\d{{1,9}}|{'|'.join(NUMBERS)})\s+({_THINGS})\b(?:\s+(?:\w+\s+)??(\w+))?",
    re.IGNORECASE,
)
_NAMING = frozenset({"line", "lines", "http", "status", "code", "python", "version", "step", "issue", "exit", "at"})
"""Words before a number that make it a name and no count: `line 3 tests whether …`, `HTTP 500 errors`."""
_RESULTS = r"pass(?:es|ed|ing)?|succeeds?|succeeded|green|holds?|fail(?:s|ed|ing)?|red|breaks?|broken"
_CHECKS = r"(?:tests?|checks?|suite|build|lints?|type checks?)"
_OUTCOME = re.compile(
    rf"\b(?:all|every|the|no|none of the|whole|entire)\s+(?:\w+\s+){{0,2}}?{_CHECKS}"
    rf"\s+(?:(?:now|still|all|is|are|was|were|runs?|has|have|again|also)\s+){{0,2}}({_RESULTS})\b"
    r"(?=\s*(?:$|[.,;:!)]|and\b|on\b|after\b|before\b|again\b|now\b|here\b))"
    rf"|^\s*(?:tests?|checks?|build|ci)\s+(?:all\s+|is\s+|are\s+)?({_RESULTS})\s*[.!]?\s*$",
    re.IGNORECASE,
)
_STEMS = {
    "fail": ("fail", "red", "break", "broken"),
    "pass": ("pass", "succe", "green", "ok", "hold"),
    "error": ("error",),
    "skip": ("skip",),
    "warn": ("warn",),
    "caller": ("caller",),
    "match": ("match", "occurrence", "usage"),
    "file": ("file",),
    "commit": ("commit",),
    "test": ("test",),
}
_ASSENT_WORDS = """
agree agreed agrees confirm confirmed confirms confirming concur correct right true accurate valid
sound yes indeed fine good exactly looks seems same above stated said says claimed verified checked
approve approved lgtm
"""
_ASSENT = frozenset(_ASSENT_WORDS.split())
_PLAIN_WORDS = """
i we it this that is are was the a an with and to as all both what of in by also me us completely
fully my everything our their his her author researcher reviewer reviewers sceptic agent agents
claim claims finding findings answer analysis statement conclusion previous other others one two
three here now be been has have so too
"""
_PLAIN = frozenset(_PLAIN_WORDS.split())
"""Words that name nothing of a repository."""
_REPORTED = re.compile(r"(?<![\w.])(\d{1,9})\s+([A-Za-z]\w*)|\b([A-Za-z]\w*)\s*[:=]\s*(\d{1,9})(?![\w.])")
_PLAIN_NUMBER = re.compile(r"(?<![\w.])\d{1,9}(?![\w]|\.\d)")
RESULTS = ("fail", "pass", "error", "skip", "warn")
"""Stems that say how something came out: they say more than what it is."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things that a claim speaks of."""

    value: int
    said: str
    stems: tuple[str, ...]
    """What is counted, the words about its outcome first."""


def counts(text: str) -> Iterator[Count]:
    """The numbers of things in a claim."""
    for match in _COUNTED.finditer(text):
        before, number, things, after = match.groups()
        if before and before.lower() in _NAMING:
            continue
        value = int(number) if number.isdecimal() else NUMBERS[number.lower()]
        stems = {stem for word in (*things.split(), after or "") if (stem := stem_of(word))}
        said = clean_count(f"{number} {things} {after or ''}")
        yield Count(value, said, tuple(sorted(stems, key=lambda stem: stem not in RESULTS)))


def clean_count(text: str) -> str:
    """A count as it is said, on one line."""
    return " ".join(text.split())


def stem_of(word: str) -> str:
    """The word that a word is a form of, as far as outcomes and things of code go; empty for any other."""
    word = word.lower()
    return next((stem for stem, starts in _STEMS.items() if word.startswith(starts)), "")


def outcome(text: str) -> str:
    """How the claim says that tests or checks came out: `pass`, `fail`, or nothing."""
    match = _OUTCOME.search(text)
    if not match:
        return ""
    stem = stem_of(match[1] or match[2])
    is_none = re.match(r"no(?:ne)?\b", match[0].strip(), re.IGNORECASE)
    return {"pass": "fail", "fail": "pass"}[stem] if is_none else stem


def is_assent(text: str) -> bool:
    """Whether a statement says nothing but that somebody agrees: it has no subject that could be looked up."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return any(word in _ASSENT for word in words) and all(word in _ASSENT or word in _PLAIN for word in words)


def reported(output: str) -> dict[str, set[int]]:
    """The numbers of things in a command's output, by their stem: `3 failed`, `errors: 2`."""
    found: dict[str, set[int]] = {}
    for match in _REPORTED.finditer(output):
        number, word = (match[1], match[2]) if match[1] else (match[4], match[3])
        if stem := stem_of(word):
            found.setdefault(stem, set()).add(int(number))
    return found


def numbers_in(text: str) -> set[int]:
    """All whole numbers that stand for themselves."""
    return {int(match[0]) for match in _PLAIN_NUMBER.finditer(text)}
