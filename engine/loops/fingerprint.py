"""Fingerprints of a call and of its outcome, blind only to what is volatile.

Two runs of the same command differ in pids, durations, temporary paths, addresses and the shell's line counter
although nothing happened between them. Those are masked. All other digits stay: "3 failed" and "2 failed" are
different outcomes, and that difference is progress.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from engine.loops.step import Step

OUTCOME_CHARACTERS = 2000
ERROR_CHARACTERS = 300
COMMAND_CHARACTERS = 300

# Every pattern starts with one character class: that is what keeps masking cheap, for most of a text is skipped in C.
_NUMBER = re.compile(
    r"\d(?:\d{3}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"  # a point in time
    r"|\d*(?:[:.,]\d+)*(?:\s?(?:ns|us|µs|ms|secs?|seconds?|s|mins?|minutes?|[KMG]i?B/s)\b)?)"  # a number, its unit
)
_HEX = re.compile(r"[0-9a-fA-F]{4}[0-9a-fA-F-]{8,60}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{3,}")
_TEMPORARY_PATH = re.compile(r"(?:/private)?/(?:tmp|var/tmp|var/folders|dev/shm)/[^\s'\":,;)\]]+")
_BEFORE_VOLATILE = (
    *("line ", "Line ", "pid ", "pid=", "pid:", "pid: ", "PID ", "PID=", "PID: ", "Pid "),
    *("process ", "Process ", "job ", "Job "),
)
_WORDS = re.compile(r"[A-Za-z][a-z]*")
_EDITS = frozenset(("edit", "editor", "write", "create", "replace", "patch", "insert", "append", "apply", "update"))
_SHELL_EDIT = re.compile(
    r"<<-?\s?['\"]?\w+['\"]?\s?>|>\s?[^\s<>]+\s?<<|\bsed -[a-z]*i|\bperl -[a-z]*i|\btee\b|\bgit apply\b"
)
_WAIT_WORDS = frozenset(("sleep", "wait", "poll", "status", "watch", "follow", "progress", "health", "ready"))
_PAUSES = frozenset(("sleep", "wait", "pause"))
_SLEEP = re.compile(r"\s*(?:sleep|timeout)\s+[\d.]+[smh]?\s*")
_WAITS = re.compile(r"\b(?:sleep|wait|poll|status|watch|tail -f|follow|health)\b")
_FAILING = re.compile(
    r"\b(?:error|failed|failure|failures|fail|exception|traceback|fatal|panic|cannot|denied|not found|undefined)\b",
    re.IGNORECASE,
)
_NO_FAILURE = re.compile(r"\b(?:0|no) (?:failed|failures|errors|issues)\b", re.IGNORECASE)
_PASSING = re.compile(r"\b(?:passed|all tests|success|successfully|succeeded|ok)\b", re.IGNORECASE)


class Result(Enum):
    """How an outcome reads to somebody who looks for failure."""

    FAILING = "failing"
    PASSING = "passing"
    UNKNOWN = "unknown"


def mask(text: str) -> str:
    """Replace what is volatile in a text by `~`; other digits stay.

    Out: equal texts for two runs between which nothing happened.
    """
    if "/tmp/" in text or "/var/" in text or "/dev/shm/" in text:
        text = _TEMPORARY_PATH.sub("~", text)
    if "0x" in text:
        text = _ADDRESS.sub("~", text)
    return _NUMBER.sub(_mask_number, _HEX.sub(_mask_hex, text))


def _mask_hex(match: re.Match[str]) -> str:
    """A commit, a digest, a uuid: digits and letters mixed, and nothing of a word around."""
    found, whole, end = match.group(), match.string, match.end()
    around = whole[match.start() - 1 : match.start()] + whole[end : end + 1]
    if found.isdigit() or found.isalpha() or any(c.isalnum() or c == "_" for c in around) or len(found) < 12:
        return found
    return found if found.replace("-", "").isdigit() else "~"


def _mask_number(match: re.Match[str]) -> str:
    """A date, a time of day, a duration, a pid, a line number; not a count, nor the digits of a name."""
    found = match.group()
    before = match.string[max(0, match.start() - 9) : match.start()]
    if before[-1:].isalnum() or before[-1:] == "_":
        return found
    is_time = found[-1].isalpha() or found.count(":") >= 2 or (len(found) > 10 and found[4] == "-")
    is_position = before[-1:] == ":" and (before[-2:-1].isalpha())
    return "~" if is_time or is_position or before.endswith(_BEFORE_VOLATILE) else found


def call_of(step: Step) -> int:
    """Hash of the tool and its arguments, temporary paths masked; the thought before the call is not looked at.

    Out: comparable within one process only.
    """
    arguments = step.arguments
    if any("/tmp/" in value or "/var/" in value for _, value in arguments):
        arguments = tuple([(name, _TEMPORARY_PATH.sub("~", value)) for name, value in arguments])
    return hash((step.tool, arguments))


def outcome_text(step: Step) -> str:
    """The part of an outcome that is compared: output, error and length, clipped."""
    text = step.output if step.error in step.output else f"{step.output}\n{step.error}"
    if len(text) <= OUTCOME_CHARACTERS:
        return text
    half = OUTCOME_CHARACTERS // 2
    return f"{text[:half]}{text[-half:]} {len(text)}"


def error_of(step: Step) -> int:
    """Hash of the masked error, whatever the call was; 0 when the call succeeded."""
    return hash(mask(step.error[:ERROR_CHARACTERS])) or 1 if step.error else 0


def is_edit(step: Step) -> bool:
    """Whether the call changes files: by the tool's name, or as a shell command that writes one."""
    return _edits(step.tool) or any(_SHELL_EDIT.search(value[:COMMAND_CHARACTERS]) for _, value in step.arguments)


@lru_cache(maxsize=256)
def _edits(tool: str) -> bool:
    return not _EDITS.isdisjoint(word.lower() for word in _WORDS.findall(tool))


def is_pause(step: Step) -> bool:
    """Whether the call only lets time pass; what is looked at afterwards shows whether it was worth it."""
    return step.tool.lower() in _PAUSES or any(_SLEEP.fullmatch(value[:40]) for _, value in step.arguments)


@lru_cache(maxsize=256)
def _waits(tool: str) -> bool:
    return not _WAIT_WORDS.isdisjoint(word.lower() for word in _WORDS.findall(tool))


def is_wait(step: Step) -> bool:
    """Whether the call waits for something: a poll, a sleep, a status."""
    return _waits(step.tool) or any(_WAITS.search(value[:COMMAND_CHARACTERS]) for _, value in step.arguments)


def result_of(step: Step) -> Result:
    """Read an outcome: the error flag decides, then words of failure and of success; both or neither tell nothing."""
    if step.error:
        return Result.FAILING
    text = _NO_FAILURE.sub("passed", outcome_text(step))
    fails, passes = _FAILING.search(text) is not None, _PASSING.search(text) is not None
    if fails == passes:
        return Result.UNKNOWN
    return Result.FAILING if fails else Result.PASSING
