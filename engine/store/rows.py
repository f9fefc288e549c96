"""What goes into the store and what comes out, as immutable rows.

NamedTuples, not dataclasses: a million rows are built in C straight from SQLite's own tuples, and the
terminal, which only reads, imports nothing for them. The store knows no event types: a payload is bytes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

CommandStatus = Literal["queued", "delivered", "acknowledged", "refused"]
"""queued and delivered are open; acknowledged and refused are settled and final."""

LaneStream = Literal["text", "thinking", "tool", "check"]
"""The streams in use; the store takes any name."""


class EventDraft(NamedTuple):
    """A fact not yet written."""

    run: str
    at: float
    """Seconds since the epoch."""
    kind: str
    payload: bytes


class EventRow(NamedTuple):
    """A fact as the log holds it."""

    seq: int
    """1, 2, 3 … over all runs, without a gap."""
    run: str
    at: float
    kind: str
    payload: bytes


class ChunkDraft(NamedTuple):
    """A piece of streamed text not yet written."""

    run: str
    lane: str
    attempt: str
    turn: int
    stream: str
    text: str


class ChunkRow(NamedTuple):
    """Streamed text as the store holds it; neighbouring pieces of one stream may have become one row."""

    seq: int
    """Grows over all lanes; never used twice, even after pruning."""
    run: str
    lane: str
    attempt: str
    turn: int
    stream: str
    text: str


class CommandReceipt(NamedTuple):
    """What became of a wish; written in the same transaction as the events it led to."""

    command_id: str
    status: CommandStatus
    receipt: str
    """One sentence for the person who wished."""
    at: float
    """Seconds since the epoch."""


class CommandRow(NamedTuple):
    """A wish and what became of it."""

    seq: int
    command_id: str
    run: str
    """Empty when the wish concerns no run yet."""
    kind: str
    payload: bytes
    """A JSON object in UTF-8."""
    sent_at: float
    status: CommandStatus
    receipt: str
    settled_at: float | None


class LeaseRow(NamedTuple):
    """Which engine owns the repository; epoch 0 and pid 0 while the first one is still starting."""

    epoch: int
    pid: int
    host: str
    started_at: float
    beat_at: float


class RunSpan(NamedTuple):
    """Where a run lies in the log."""

    run: str
    first_seq: int
    last_seq: int
    started_at: float
    last_at: float


class ChainHead(NamedTuple):
    """The newest event's place in the hash chain; write it down elsewhere to notice a log cut short."""

    seq: int
    hash: bytes
