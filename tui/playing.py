"""Whether an engine plays a run, as far as the log tells. Pure.

An engine plays the runs that it starts and those that the person has it take up; nobody else ever writes to a run that
is not over. So a run whose newest fact is older than the newest engine waits for the person's word.
"""

from __future__ import annotations

from engine.store.rows import LeaseRow


def is_played(lease: LeaseRow | None, last_at: float, epoch: int = 0) -> bool:
    """Whether the newest engine, if it lives, plays a run that is not over.

    In: when the run's newest fact was; epoch, of the engine that took it up last, 0 when none did.
    """
    return lease is None or epoch == lease.epoch or last_at >= lease.started_at
