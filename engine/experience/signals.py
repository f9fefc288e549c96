"""What a run left behind, as far as it is known; everything is optional and None says nothing.

Records of other harnesses name the same things differently: `signals_of` takes a mapping with the usual names.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

from engine.words import Value


class Signals(Value, frozen=True, omit_defaults=True):
    """Facts of one finished local run."""

    turns: float | None = None
    """Model requests, or steps."""
    cost: float | None = None
    """Any unit, the same in all runs of a model: dollars, tokens, joules."""
    seconds: float | None = None
    failed_checks: float | None = None
    """How many checks or tests failed; 0 is a passed check."""
    timeout: bool | None = None
    """Ended by a limit of turns, cost or time and not by itself."""
    finished: bool | None = None
    """Ended by the agent's own word."""
    stalled: bool | None = None
    """A loop, or many turns without a change."""
    empty: bool | None = None
    """Nothing was changed or answered."""
    diff_lines: float | None = None
    accepted: bool | None = None
    """A critic's verdict."""
    disagree: float | None = None
    """0 to 1: how far two samples differ."""
    overflow: bool | None = None
    hedging: float | None = None
    """0 to 1; read from the text when not given."""
    tool_errors: float | None = None


_NAMES: dict[str, tuple[str, ...]] = {
    "turns": ("turns", "steps", "n_steps", "num_steps", "api_calls", "n_calls", "calls", "model_calls", "iterations",
              "num_turns", "trajectory_length"),
    "cost": ("cost", "cost_usd", "total_cost", "instance_cost", "tokens", "total_tokens", "output_tokens"),
    "seconds": ("seconds", "time", "time_s", "duration", "duration_s", "elapsed", "elapsed_s", "wall_time"),
    "failed_checks": ("failed_checks", "failed", "failures", "failing", "failed_tests", "tests_failed", "n_failed"),
    "timeout": ("timeout", "timed_out", "is_timeout", "hit_limit", "limit"),
    "finished": ("finished", "submitted", "completed"),
    "stalled": ("stalled", "stall", "stuck", "loop", "looped", "loops", "stuck_in_loop"),
    "empty": ("empty", "empty_patch", "is_empty", "no_change", "no_patch"),
    "diff_lines": ("diff_lines", "patch_lines", "diff_size", "patch_size", "lines_changed", "change_size"),
    "accepted": ("accepted", "critic", "verdict", "review", "approved"),
    "disagree": ("disagree", "disagreement", "samples_disagree"),
    "overflow": ("overflow", "context_overflow", "context_exceeded"),
    "hedging": ("hedging", "hedges"),
    "tool_errors": ("tool_errors", "errors", "n_errors"),
}  # fmt: skip
_FLAGS = frozenset({"timeout", "finished", "stalled", "empty", "accepted", "overflow"})
_ENDS = ("exit_status", "status", "exit", "stop", "stop_reason", "termination")
_CUT = ("limit", "exceed", "timeout", "timed", "cost", "max_", "length", "exhaust", "kill", "forfeit")
_DONE = ("submit", "finish", "complete", "success", "done", "end_turn", "stop")
_NO = frozenset({"", "0", "no", "false", "none", "rejected", "reject", "fail", "failed", "bad"})


def signals_of(given: Signals | Mapping[str, Any] | None) -> Signals:
    """Signals from whatever a record calls them.

    In:   Signals, a mapping with usual names (`steps`, `api_calls`, `cost_usd`, `exit_status`, `patch` …), or None.
    Out:  Signals; what cannot be read is unknown, not an error.
    """
    if isinstance(given, Signals):
        return given
    if not given:
        return Signals()
    found: dict[str, Any] = {}
    for name, others in _NAMES.items():
        value = next((given[other] for other in others if given.get(other) is not None), None)
        if value is not None:
            found[name] = _flag(value) if name in _FLAGS else number(value)
    _add_end(found, given)
    _add_patch(found, given)
    return msgspec.structs.replace(Signals(), **found)


def number(value: object) -> float | None:
    """A finite amount that is not negative; None for anything else. The size of a list is its amount."""
    if isinstance(value, list | tuple | set | frozenset | dict):
        return float(len(value))
    try:
        amount = float(value)  # type: ignore[arg-type]  # whatever float takes, the rest is caught
    except (TypeError, ValueError, OverflowError):
        return None
    return amount if isfinite(amount) and amount >= 0 else None


def _flag(value: object) -> bool:
    return value.strip().lower() not in _NO if isinstance(value, str) else bool(value)


def _add_end(found: dict[str, Any], given: Mapping[str, Any]) -> None:
    """How a run ended, from a word such as `submitted` or `exit_cost`."""
    words = next((str(given[name]).lower() for name in _ENDS if given.get(name)), "")
    if not words:
        return
    is_cut = any(part in words for part in _CUT)
    found.setdefault("timeout", is_cut)
    if not is_cut:
        found.setdefault("finished", any(part in words for part in _DONE))
    if "context" in words:
        found.setdefault("overflow", True)


def _add_patch(found: dict[str, Any], given: Mapping[str, Any]) -> None:
    """What was changed, from the patch itself."""
    name = next((name for name in ("patch", "model_patch", "diff", "submission") if name in given), "")
    if not name:
        return
    patch = str(given[name] or "")
    found.setdefault("empty", not patch.strip())
    lines = patch.splitlines()
    changed = sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in lines if line)
    found.setdefault("diff_lines", float(changed or len(lines)))
