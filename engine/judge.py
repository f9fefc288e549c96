"""What a check's result means: proven, no worse than before, or red. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.words import CheckResult, CheckSpec

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
    if want == "pass" or _WANT.match(want):
        return ""
    return f"want {want!r} is neither `pass` nor a comparison such as `<= before` or `== 0`"


def read_number(spec: CheckSpec, output: str) -> float | None:
    """The last number in the output that the check's metric finds."""
    if not spec.metric:
        return None
    found = None
    for match in re.finditer(spec.metric, output):
        found = match
    if found is None:
        return None
    try:
        return float(found.group(1) if found.groups() else found.group(0))
    except ValueError:
        return None


def needs_before(spec: CheckSpec, after: CheckResult) -> bool:
    """Whether the result can only be judged beside the base's result."""
    return spec.want.endswith("before") or (spec.want == "pass" and not after.is_green)


def judge(spec: CheckSpec, before: CheckResult | None, after: CheckResult, must_be_green: bool = False) -> Judgement:
    """Judge one result.

    In:   the check; the same check's result on the base, None when unknown; the result; whether no worse will not do.
    Out:  a judgement. A red base is not held against a piece of work that leaves it no worse.
    """
    if spec.want == "pass":
        return _judge_pass(spec, before, after, must_be_green)
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
    if after.is_green:
        was = "" if before is None else f" (before: exit {before.exit_code}{_numbered(before)})"
        return Judgement(True, f"`{spec.run}` exit 0{_numbered(after)}{was}")
    red = f"`{spec.run}` exit {after.exit_code}{_numbered(after)}"
    if must_be_green or before is None or before.is_green:
        return Judgement(False, red)
    if before.number is not None and after.number is not None:
        no_worse = after.number <= before.number
        return Judgement(no_worse, f"{red}, {before.number:g} before")
    return Judgement(True, f"{red}, as it was before")


def _numbered(result: CheckResult) -> str:
    return "" if result.number is None else f", {result.number:g}"
