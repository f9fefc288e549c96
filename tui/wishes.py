"""The person's wishes and what became of them: queued → delivered → acknowledged, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from tui.cells import Row, tidy_line
from tui.glyphs import Glyphs

if TYPE_CHECKING:
    from engine.store.rows import CommandRow

SHOWN_S = 8.0
"""How long a settled wish stays on screen; a refused one stays until it is put away."""

SLOW_S = 3.0


class Wish(msgspec.Struct):
    """One wish."""

    words: str
    """What was wished, as the person would say it."""
    sent_at: float
    command_id: str = ""
    """Empty until it is in the store."""
    status: str = "sending"
    receipt: str = ""
    settled_at: float = 0.0
    said: str = ""
    """The words of the prompt that go with it: they come back when it is refused."""

    @property
    def is_settled(self) -> bool:
        """Whether its status is final."""
        return self.status in ("acknowledged", "refused")


class Wishes:
    """The newest wishes of this terminal."""

    def __init__(self) -> None:
        self._wishes: list[Wish] = []

    def add(self, words: str, now: float, said: str = "") -> Wish:
        """A wish is being sent; an older one of the same words that was refused has had its answer."""
        wish = Wish(words, now, said=said)
        kept = [old for old in self._wishes if (old.words, old.status) != (words, "refused")]
        self._wishes = [*kept[-19:], wish]
        return wish

    def open_ids(self) -> tuple[str, ...]:
        """The wishes in the store whose fate is not known yet."""
        return tuple(wish.command_id for wish in self._wishes if wish.command_id and not wish.is_settled)

    def receive(self, rows: Iterable[CommandRow], now: float) -> tuple[Wish, ...]:
        """Take in what the store says; returns the wishes that were settled by it."""
        open_ones = {wish.command_id: wish for wish in self._wishes if wish.command_id and not wish.is_settled}
        settled: list[Wish] = []
        for row in rows:
            wish = open_ones.get(row.command_id)
            if wish is None or (wish.status, wish.receipt) == (row.status, row.receipt):
                continue
            wish.status, wish.receipt = row.status, tidy_line(row.receipt)
            if wish.is_settled:
                wish.settled_at = now
                settled.append(wish)
        return tuple(settled)

    def dismiss(self) -> None:
        """The person has read it."""
        self._wishes = [wish for wish in self._wishes if not wish.is_settled]

    def row(self, now: float, glyphs: Glyphs) -> Row:
        """How it stands with the newest wish, empty when that is worth no line."""
        wish = self._newest(now)
        if wish is None or wish.status == "refused":
            return ()
        arrow = f" {glyphs.arrow} "
        if wish.status == "acknowledged":
            return ((wish.words, "base"), (arrow, "faint"), (wish.receipt or "done", "proven"))
        waits = " (no engine has taken it yet)" if wish.status == "queued" and now - wish.sent_at > SLOW_S else ""
        return ((wish.words, "base"), (arrow, "faint"), (wish.status + waits, "paused"))

    def refusal(self, now: float) -> Row:
        """Why the newest wish was refused, however long that is; empty when it was not."""
        wish = self._newest(now)
        if wish is None or wish.status != "refused":
            return ()
        return ((wish.words, "base"), (" refused: ", "error+bold"), (wish.receipt, "base"))

    def _newest(self, now: float) -> Wish | None:
        return next((wish for wish in reversed(self._wishes) if self._is_shown(wish, now)), None)

    def _is_shown(self, wish: Wish, now: float) -> bool:
        return wish.status != "acknowledged" or now - wish.settled_at < SHOWN_S
