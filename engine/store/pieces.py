"""Streamed text on its way to the store: pieces of one stream grow together, up to a bound.

A model sends a token at a time; a row for each would cost more than the token. Within one flush, the
pieces of one lane join as long as attempt, turn and stream stay the same, so a lane costs a row or two
each 20 ms however fast it streams. The order inside a lane is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.store.rows import ChunkDraft

MAX_CHARACTERS: Final = 4 * 1024 * 1024
"""What may wait for the disk; beyond it pieces are dropped and counted, because a stream cannot wait."""


class ChunkBuffer:
    """Pieces waiting to be written. Not thread-safe: its owner holds a lock."""

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        """In: max_characters, the bound over all lanes."""
        self._max_characters = max_characters
        self._characters = 0
        self._waiting: list[tuple[ChunkDraft, list[str]]] = []
        self._newest: dict[tuple[str, str], tuple[ChunkDraft, list[str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, chunks: Iterable[ChunkDraft]) -> int:
        """Take pieces in; returns how many had to be dropped."""
        return sum(not self._admit(chunk) for chunk in chunks)

    def take(self) -> list[ChunkDraft]:
        """Everything that waits, joined, in order; the buffer is empty afterwards."""
        joined = [first._replace(text="".join(texts)) for first, texts in self._waiting]
        self._waiting, self._newest, self._characters = [], {}, 0
        return joined

    def _admit(self, chunk: ChunkDraft) -> bool:
        if self._characters + len(chunk.text) > self._max_characters:
            return False
        self._characters += len(chunk.text)
        lane = chunk.run, chunk.lane
        open_piece = self._newest.get(lane)
        if open_piece is not None and open_piece[0][2:5] == chunk[2:5]:
            open_piece[1].append(chunk.text)
        else:
            self._newest[lane] = piece = (chunk, [chunk.text])
            self._waiting.append(piece)
        return True
