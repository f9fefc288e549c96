"""The policy as values: what follows each failure, and how often a request is sent again. Data of a run, no rules.

`LADDERS` is what holds for a run whose log brings no policy of its own: logs of older versions, and tests.
"""

from __future__ import annotations

from typing import TypeAlias

from engine.words import Failure, Reaction, Value

F, R = Failure, Reaction
Ladder: TypeAlias = tuple[tuple[Reaction, int], ...]

ALWAYS = 99
"""As often as it takes: what `ask` stands for."""

_LAST: Ladder = ((R.CLIMB, 2), (R.ASK, ALWAYS))

LADDERS: dict[Failure, Ladder] = {
    F.UNREACHABLE: ((R.RETRY, 1), *_LAST),
    F.BUSY: ((R.RETRY, 1), *_LAST),
    F.REFUSED: _LAST,
    F.UNKNOWN_MODEL: _LAST,
    F.MALFORMED: ((R.RETRY, 1), *_LAST),
    F.OVERFLOW: _LAST,
    F.TRUNCATED: _LAST,
    F.TURNS: ((R.REASSIGN, 1), *_LAST),
    F.EMPTY: ((R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.STUCK: ((R.NUDGE, 1), (R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.CHECK: ((R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.REVIEW: ((R.RETRY, 3), (R.ASK, ALWAYS)),
    F.CONFLICT: ((R.RESOLVE, 2), (R.ASK, ALWAYS)),
    F.SCOPE: ((R.RETRY, 1), (R.ASK, ALWAYS)),
    F.PLAN: ((R.RETRY, 1), *_LAST),
    F.CRASHED: ((R.RETRY, 1), (R.ASK, ALWAYS)),
    F.BUDGET: ((R.ASK, ALWAYS),),
    F.RULE: ((R.RETRY, 2), (R.REASSIGN, 1), *_LAST),
    F.CLAIM: ((R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.DISPUTE: ((R.ASK, ALWAYS),),
    F.HANDOFF: ((R.ASK, ALWAYS),),
    F.GAVE_UP: ((R.REASSIGN, 1), *_LAST),
}


class Step(Value, frozen=True, omit_defaults=True):
    """One rung of a ladder of reactions."""

    reaction: Reaction
    times: int = ALWAYS
    """How often it is taken for one failure of one task."""
    origin: str = "built in"
    """Where it was said: file and line, the flow's node, a flag."""


class Requests(Value, frozen=True, omit_defaults=True):
    """How often and after what wait a request that failed on its way is sent again, before any ladder is asked."""

    tries: int = 4
    """Requests in all, the first one included."""
    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 30.0
    longest_asked_s: float = 300.0
    """The longest Retry-After that is waited for; a server that asks for more is given up."""


class Policy(Value, frozen=True, omit_defaults=True):
    """All of it, as one run follows it from its first event to its last."""

    ladders: dict[str, tuple[Step, ...]] = {}
    """By the failure's word; what is missing is taken from `LADDERS`."""
    requests: Requests = Requests()
    breaks_from: float = 0.8
    """Confidence from which a loop is broken; below, the lane is nudged once, and the loop is shown."""
    attempts: int = 12
    """Attempts at one task after which nothing but the person leads it on, whatever its ladders still hold."""


def built_in(failure: Failure) -> tuple[Step, ...]:
    """The ladder of a failure that nobody wrote one for."""
    return tuple(Step(reaction, times) for reaction, times in LADDERS.get(failure, ((R.ASK, ALWAYS),)))
