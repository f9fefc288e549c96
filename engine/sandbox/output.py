"""A command's output in bounded memory: head and tail for reading, a digest over everything, pieces for the screen."""

from __future__ import annotations

import codecs
import hashlib

from engine.sandbox.sandbox import OnOutput

STREAM_LIMIT_BYTES = 2 << 20
"""A screen gets no more than this of one command; the result keeps head and tail, the digest covers everything."""
STREAM_NOTE = "\n… more output than a screen can use; the end comes with the result\n"


class OutputCollector:
    """Feed it bytes as they come; ask it for the text at the end.

    Invariant: it never holds more than `limit_bytes` and one piece, however much is fed.
    """

    def __init__(self, limit_bytes: int, on_output: OnOutput | None = None) -> None:
        self._head_limit = max(limit_bytes // 2, 1)
        self._tail_limit = max(limit_bytes - self._head_limit, 1)
        self._head = bytearray()
        self._tail = bytearray()
        self._digest = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._on_output = on_output
        self.size_bytes = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(piece)
        self._stream(piece)
        self.size_bytes += len(piece)
        room = self._head_limit - len(self._head)
        self._head += piece[:room]
        self._tail += piece[max(room, 0) :]
        if len(self._tail) > self._tail_limit:
            del self._tail[: -self._tail_limit]

    def close(self) -> None:
        """Say that nothing more comes: shows a cut character at the very end."""
        rest = self._decoder.decode(b"", final=True)
        if rest and self._on_output:
            self._on_output(rest)

    @property
    def was_cut(self) -> bool:
        """Whether the text leaves something out."""
        return self.size_bytes > len(self._head) + len(self._tail)

    @property
    def digest(self) -> str:
        """SHA-256 of everything fed, as hex."""
        return self._digest.hexdigest()

    def text(self) -> str:
        """The output; when it was too long, head and tail with a line between them that says how much is missing."""
        if not self.was_cut:
            return (self._head + self._tail).decode("utf-8", "replace")
        left_out = self.size_bytes - len(self._head) - len(self._tail)
        head, tail = _whole_start(self._head).decode("utf-8", "replace"), _whole_end(self._tail)
        return f"{head}\n… {left_out:,} bytes left out …\n{tail.decode('utf-8', 'replace')}"

    def _stream(self, piece: bytes) -> None:
        if self._on_output is None or self.size_bytes > STREAM_LIMIT_BYTES:
            return
        text = self._decoder.decode(piece)
        if text:
            self._on_output(text)
        if self.size_bytes + len(piece) > STREAM_LIMIT_BYTES:
            self._decoder.reset()
            self._on_output(STREAM_NOTE)


def _whole_start(head: bytearray) -> bytes:
    """Drop a character that the cut split at the end."""
    for back in range(1, min(4, len(head) + 1)):
        byte = head[-back]
        if byte & 0b1100_0000 == 0b1100_0000:
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return bytes(head[:-back]) if wanted > back else bytes(head)
        if byte < 0x80:
            break
    return bytes(head)


def _whole_end(tail: bytearray) -> bytes:
    """Drop the rest of a character that the cut split at the start."""
    start = 0
    while start < min(3, len(tail)) and tail[start] & 0b1100_0000 == 0b1000_0000:
        start += 1
    return bytes(tail[start:])
