"""When to look: after things have been quiet for a while, and at the latest after a while of not being quiet. Pure.

What happened is not remembered, only when it began, when it was last and how often: ten thousand changed files are one
reason to look. What has changed is found by looking.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pending:
    """Something happened and nobody has looked yet; times in seconds of one clock."""

    first_at: float
    last_at: float
    count: int = 1


def touched(pending: Pending | None, at: float) -> Pending:
    """Something happened."""
    if pending is None:
        return Pending(at, at)
    return Pending(pending.first_at, max(pending.last_at, at), pending.count + 1)


def ripe_at(pending: Pending, quiet_s: float, longest_s: float) -> float:
    """When to look, if nothing more happens."""
    return min(pending.last_at + quiet_s, pending.first_at + longest_s)
