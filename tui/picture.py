"""What the follower hands to the screen: frozen, and light to import, because the first frame waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from engine.state import Run
    from engine.store.rows import CommandRow

FACTS_KEPT = 4_000
"""How many lines of the journal the terminal keeps."""


MARK = "mark"
"""The stream of lines between two pieces of what a lane said that do not belong together."""

TURN = "turn"
"""The stream of what stands between two turns of a lane: the next one begins on a line of its own."""


class Fact(NamedTuple):
    """One line of the journal."""

    seq: int
    at: float
    """Seconds since the epoch."""
    task: str
    """Empty for facts of the run."""
    text: str
    role: str


class Piece(NamedTuple):
    """Text that a lane said."""

    task: str
    stream: str
    text: str


class Picture(msgspec.Struct, frozen=True):
    """Everything the screen needs, frozen."""

    run: Run | None = None
    pieces: tuple[Piece, ...] = ()
    """What streamed since the picture before."""
    is_other_run: bool = False
    """Whether this is another run than the picture before: forget what it said."""
    facts: tuple[Fact, ...] = ()
    """The newest facts since the picture before."""
    rates: tuple[tuple[str, float], ...] = ()
    """Tokens per second of each lane that streams."""
    commands: tuple[CommandRow, ...] = ()
    """What became of the wishes that are still open."""
    is_engine_alive: bool = True
    is_played: bool = True
    """Whether the living engine plays this run: one that was left unfinished waits for the person's word."""
    fault: str = ""
    """Why the log cannot be read."""
