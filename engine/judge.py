"""What a check's result means: proven, no worse than before, or red. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.sandbox.sandbox import CANNOT_RUN_CODE, TIMED_OUT_CODE
from engine.words import CheckResult, CheckSpec

KILLED_CODE = 129
"""From here on an exit code tells of the signal that ended the command."""

ANY = "any"
"""Wanted of a command that only measures: that it runs."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_WANT = re.compile(r"^(<=|>=|==|<|>)\s*(before|-?\d+(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a result will do, and why in one line."""

    holds: bool
    reason: str


def want_fault(want: str) -> str:
    """Why a `want` cannot be understood; empty when it can."""
    if want in ("pass", ANY) or _WANT.match(want):
        return ""
    return f"want {want!r} is neither `pass`, `any` nor a comparison such as `<= before` or `== 0`"


def needs_before(spec: CheckSpec, after: CheckResult, must_be_green: bool = False) -> bool:
    """Whether the result can only be judged beside the base's result."""
    return spec.want.endswith("before") or (spec.want == "pass" and not after.is_green and not must_be_green)


def is_for_one_task(spec: CheckSpec, whole: CheckSpec | None) -> bool:
    """Whether a task's check is its own and not the run's: then red is red, however red the base was before.

    In: whole, the run's check.
    """
    return whole is None or spec.run != whole.run


def judge(spec: CheckSpec, before: CheckResult | None, after: CheckResult, must_be_green: bool = False) -> Judgement:
    """Judge one result.

    In:   the check; the same check's result on the base, None when unknown; the result; whether no worse will not do.
    Out:  a judgement. A red base is not held against a piece of work that leaves it no worse.
    """
    if after.exit_code in (TIMED_OUT_CODE, CANNOT_RUN_CODE) or after.exit_code >= KILLED_CODE:
        # Whatever it printed until then: half a check is no evidence, not even beside another half.
        return Judgement(False, f"`{spec.run}` did not run to its end (exit {after.exit_code})")
    if spec.want == "pass":
        return _judge_pass(spec, before, after, must_be_green)
    if spec.want == ANY:
        return Judgement(True, _shown(after))
    match = _WANT.match(spec.want)
    if match is None:
        return Judgement(False, want_fault(spec.want))
    if after.number is None:
        return Judgement(False, f"no number in the output of `{spec.run}` (exit {after.exit_code})")
    sign, target = match.groups()
    if target == "before":
        if before is None or before.number is None:
            return Judgement(after.is_green, f"no number before; exit {after.exit_code}")
        bound = before.number
    else:
        bound = float(target)
    holds = _COMPARISONS[sign](after.number, bound)
    return Judgement(holds, f"{after.number:g} {'is' if holds else 'is not'} {sign} {bound:g}")


def _judge_pass(spec: CheckSpec, before: CheckResult | None, after: CheckResult, must_be_green: bool) -> Judgement:
    change = f"`{spec.run}` {_change(before, after)}"
    if after.is_green:
        return Judgement(True, change)
    if must_be_green or before is None or before.is_green:
        return Judgement(False, change)
    if before.number is not None and after.number is not None:
        return Judgement(after.number <= before.number, f"{change}, {_trend(before.number, after.number)}")
    # Another exit code, or a number that went missing, may be a worse fault: a syntax error hides failing tests.
    is_same = after.exit_code == before.exit_code and before.number is None
    return Judgement(is_same, f"{change}, {'as red as' if is_same else 'not as'} it was before")


def _change(before: CheckResult | None, after: CheckResult) -> str:
    if before is None:
        return _shown(after)
    return f"{_shown(before)} → {_shown(after)}"


def _shown(result: CheckResult) -> str:
    word = "green" if result.is_green else f"exit {result.exit_code}"
    return word if result.number is None else f"{word} ({result.number:g})"


def _trend(before: float, after: float) -> str:
    if after > before:
        return "worse than before"
    return "fewer than before" if after < before else "no worse than before"
