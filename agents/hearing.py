"""Listen to a reply for loops while it is said, a few words at a time.

The detector reads blocks counted from the start of a stream, so how the text is cut changes no verdict. Looking at each
token costs several times as much as looking every few words, and a loop has hundreds of characters.
"""

from __future__ import annotations

from engine.loops import StreamDetector, Verdict
from engine.model import Chunk, ProgressChunk, TextChunk, ThinkingChunk
from engine.ports import Desk

LOOK_CHARS = 128
"""The most that is said before it is looked at."""


class Ears:
    """Hear one reply: its text, its thinking and the arguments of its calls, each as a stream of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams = {TextChunk: _Stream(), ThinkingChunk: _Stream(), ProgressChunk: _Stream()}

    def hear(self, chunk: Chunk) -> Verdict | None:
        """Take what comes next; a loop when it completes one that nobody called honest.

        What is not words (a call, the end) is no part of a loop, but lets the words before it be looked at.
        """
        if not isinstance(chunk, TextChunk | ThinkingChunk | ProgressChunk):
            return self._look_at_rest()
        stream = self._streams[type(chunk)]
        stream.waiting.append(chunk.text)
        stream.waiting_chars += len(chunk.text)
        return self._look(stream) if stream.waiting_chars >= LOOK_CHARS else None

    def _look_at_rest(self) -> Verdict | None:
        found = [self._look(stream) for stream in self._streams.values() if stream.waiting]
        return next((loop for loop in found if loop), None)

    def _look(self, stream: _Stream) -> Verdict | None:
        text = "".join(stream.waiting)
        stream.waiting.clear()
        stream.waiting_chars = 0
        found = stream.detector.feed(text)
        return found if found and not found.is_forgiven(self._desk.forgiven()) else None


class _Stream:
    """One of them, and what of it was not looked at yet."""

    __slots__ = ("detector", "waiting", "waiting_chars")

    def __init__(self) -> None:
        self.detector = StreamDetector()
        self.waiting: list[str] = []
        self.waiting_chars = 0
