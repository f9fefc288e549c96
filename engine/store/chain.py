"""The hash chain over events: each row's hash covers its own bytes and the hash before it.

It shows every later change, loss or insertion inside the log. It cannot show that the newest events were
cut off, nor a forger who recomputes the whole chain: for that, compare with a `ChainHead` kept elsewhere,
such as a commit's trailer.
Source: Haber and Stornetta, "How to time-stamp a digital document", 1991.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from engine.store.rows import ChainHead, EventDraft

GENESIS = ChainHead(0, bytes(32))
"""What comes before the first event."""

SealedRow = tuple[int, str, float, str, bytes, bytes]
"""A row of the event table, hash last."""

# The lengths make the concatenation unambiguous: no byte can move from one column to the next unseen.
_fixed = Struct(">qdII").pack


def link(previous: bytes, seq: int, run: bytes, at: float, kind: bytes, payload: bytes) -> bytes:
    """The hash of one row, 32 bytes."""
    return sha256(b"".join((previous, _fixed(seq, at, len(run), len(kind)), run, kind, payload))).digest()


def seal(head: ChainHead, events: Iterable[EventDraft]) -> tuple[list[SealedRow], ChainHead]:
    """Number and hash new events after the head.

    Out:     the rows to insert and the head after them.
    Raises:  TypeError, ValueError, AttributeError or struct.error for a draft that cannot be stored.
    """
    seq, previous = head
    rows: list[SealedRow] = []
    for run, at, kind, payload in events:
        seq += 1
        # SQLite keeps no -0.0 and makes a real of an integer: hash what it will give back.
        at = at + 0.0
        previous = link(previous, seq, run.encode(), at, kind.encode(), payload)
        rows.append((seq, run, at, kind, payload, previous))
    return rows, ChainHead(seq, previous)
