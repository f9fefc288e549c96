"""Fingerprints of a call and of its outcome, blind only to what is volatile.

Two runs of the same command differ in pids, durations, temporary paths, addresses and the shell's line counter
although nothing happened between them. Those are masked. All other digits stay: "3 failed" and "2 failed" are
different outcomes, and that difference is progress.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.loops.step import Step

OUTCOME_CHARACTERS = 4000
ERROR_CHARACTERS = 400

# Every alternative needs a digit or a temporary folder, so a text without either is returned untouched.
_VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"  # a point in time
    r"|\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b"  # a time of day
    r"|(?:/private)?(?:/tmp|/var/tmp|/var/folders|/dev/shm)/[^\s'\":,;)\]]+"
    r"|\b0x[0-9a-fA-F]{3,}\b"  # an address
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
    r"|\b(?=[0-9a-f]*[a-f])(?=[a-f]*\d)[0-9a-f]{12,64}\b"  # a hex id
    r"|\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?|(?:[KMG]i?)?B/s)\b"  # a duration, a rate
    r"|\b(?i:pid|process|job)\b[ =:#]{0,3}\d+"
    r"|\b(?i:line|ligne|zeile) \d+"
    r"|(?<=[\w.])\(\d+(?:,\d+)?\)(?=:)|(?<=[A-Za-z]):\d+(?::\d+)?\b"  # file.c(12):  file.py:12:3
)
_MIGHT_BE_VOLATILE = re.compile(r"\d|/tmp/|/var/|/dev/shm/")


def mask(text: str) -> str:
    """Replace what is volatile in a text by `~`; other digits stay.

    Out: equal texts for two runs between which nothing happened.
    """
    if _MIGHT_BE_VOLATILE.search(text) is None:
        return text
    return _VOLATILE.sub("~", text)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes of one finished call. They are comparable within one process only."""

    call: int
    outcome: int
    error: int
    """Hash of the masked error, whatever the call was; 0 when the call succeeded."""


def fingerprint(step: Step) -> Fingerprint:
    """Fingerprint a finished call; the thought before it is not looked at."""
    call = hash((step.tool, step.arguments))
    clipped = max(0, len(step.output) - OUTCOME_CHARACTERS)
    outcome = hash((mask(step.output[:OUTCOME_CHARACTERS]), clipped, bool(step.error)))
    error = hash(mask(step.error[:ERROR_CHARACTERS])) or 1 if step.error else 0
    return Fingerprint(call, outcome, error)
