"""When a request that failed on its way is sent again, as data.

Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (the "equal jitter" variant: half fixed, half drawn).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import (
    Busy,
    ContextOverflow,
    MalformedReply,
    ModelFault,
    OverBudget,
    Refused,
    UnknownModel,
    Unreachable,
)
from engine.words import Failure

FAILURES: dict[type[ModelFault], Failure] = {
    Unreachable: Failure.UNREACHABLE,
    Busy: Failure.BUSY,
    Refused: Failure.REFUSED,
    UnknownModel: Failure.UNKNOWN_MODEL,
    ContextOverflow: Failure.OVERFLOW,
    MalformedReply: Failure.MALFORMED,
    OverBudget: Failure.BUDGET,
}


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long."""

    tries: int = 4
    """Requests in all, the first one included."""
    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 30.0
    longest_asked_s: float = 300.0
    """The longest Retry-After that is waited for; a server that asks for more is given up."""

    def wait_s(self, tried: int, fault: ModelFault, draw: Callable[[], float]) -> float | None:
        """How long to wait before the next try.

        In:   tried, requests sent so far; draw gives a number from 0 to 1.
        Out:  seconds; None when this fault is not to be tried again here.
        """
        if tried >= self.tries or not isinstance(fault, Unreachable | Busy):
            return None
        asked = fault.retry_after_s if isinstance(fault, Busy) else None
        if asked is not None:
            return None if asked > self.longest_asked_s else asked + draw() * min(asked, 1.0)
        full = min(self.first_s * self.factor ** (tried - 1), self.longest_s)
        return full / 2 + draw() * full / 2


def failure_of(fault: ModelFault) -> Failure:
    """The policy's word for a fault."""
    return next((word for kind, word in FAILURES.items() if isinstance(fault, kind)), Failure.UNREACHABLE)
