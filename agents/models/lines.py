"""Cut a byte stream into lines (NDJSON) or events (SSE), and decode each as JSON. No I/O here.

Cutting is done on bytes: splitting decoded text would also cut at U+2028 and the like, which are legal inside JSON
strings. A line has a size limit, so that an endless one cannot eat the memory.

Source: WHATWG HTML, section 9.2 "Server-sent events"; ndjson.org.
"""

from __future__ import annotations

import json
from typing import Any, Protocol, TypeVar

import msgspec

MAX_LINE_BYTES = 8 * 1024 * 1024
"""A whole file can travel in one line, as the argument of a tool call; nothing reasonable is longer."""

T = TypeVar("T")


class LineTooLong(ValueError):
    """A line passed its limit; the stream is not worth reading on."""


class BadJson(ValueError):
    """A line is not the JSON that was expected."""


class Splitter(Protocol):
    """Bytes in, whole payloads out."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; give back the payloads that are whole now."""

    def flush(self) -> list[bytes]:
        """The stream has ended; give back what was left without its end."""


class LineSplitter:
    """Lines without their `\\n`, empty ones included."""

    __slots__ = ("_limit_bytes", "_parts", "_size_bytes")

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._parts: list[bytes] = []
        self._size_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; give back whole lines.

        Raises: LineTooLong.
        """
        if b"\n" not in data:
            self._keep(data)
            return []
        if self._parts:
            # Joined once per line, not once per piece: a byte at a time must not cost the square.
            self._parts.append(data)
            data = b"".join(self._parts)
            self._parts.clear()
            self._size_bytes = 0
        lines = data.split(b"\n")
        if rest := lines.pop():
            self._keep(rest)
        return lines

    def flush(self) -> list[bytes]:
        """Give back the last line if it had no end."""
        rest = b"".join(self._parts)
        self._parts.clear()
        self._size_bytes = 0
        return [rest] if rest else []

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._size_bytes += len(data)
        if self._size_bytes > self._limit_bytes:
            raise LineTooLong(f"a line is longer than {self._limit_bytes:,} bytes")


class NdjsonSplitter:
    """One payload per line; blank lines are skipped."""

    __slots__ = ("_lines",)

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._lines = LineSplitter(limit_bytes)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; give back whole payloads."""
        return [line for line in self._lines.feed(data) if line and not line.isspace()]

    def flush(self) -> list[bytes]:
        """Give back the last payload if its line had no end."""
        return [line for line in self._lines.flush() if not line.isspace()]


class SseSplitter:
    """The `data` of each server-sent event; comments, ids and event names are dropped.

    Event names are not needed: Anthropic repeats the name inside the data and OpenAI has none. Some servers forget
    the empty line between two events, so a `data` line that starts another JSON object ends the event before it.
    """

    __slots__ = ("_data", "_limit_bytes", "_lines", "_size_bytes")

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._lines = LineSplitter(limit_bytes)
        self._limit_bytes = limit_bytes
        self._data: list[bytes] = []
        self._size_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; give back the data of the events that are whole now."""
        events: list[bytes] = []
        for line in self._lines.feed(data):
            self._take(line, events)
        return events

    def flush(self) -> list[bytes]:
        """Give back the last event even if its empty line is missing."""
        events: list[bytes] = []
        for line in (*self._lines.flush(), b""):
            self._take(line, events)
        return events

    def _take(self, line: bytes, events: list[bytes]) -> None:
        line = line.removesuffix(b"\r")
        if not line:
            self._dispatch(events)
        elif line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            if self._data and value.startswith((b"{", b"[DONE]")):
                self._dispatch(events)
            self._data.append(value)
            self._size_bytes += len(value)
            if self._size_bytes > self._limit_bytes:
                raise LineTooLong(f"an event is longer than {self._limit_bytes:,} bytes")

    def _dispatch(self, events: list[bytes]) -> None:
        if self._data:
            events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
            self._data.clear()
            self._size_bytes = 0


def decode(decoder: msgspec.json.Decoder[T], payload: bytes) -> T:
    """Decode one payload, strictly and fast; on failure once more, forgivingly.

    The second try accepts what servers really send: bytes that are not UTF-8, half surrogate pairs (a token that is
    half an emoji), raw control characters, NaN.
    Raises: BadJson.
    """
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_forgivingly(decoder, payload)


def _decode_forgivingly(decoder: msgspec.json.Decoder[T], payload: bytes) -> T:
    try:
        value: Any = json.loads(payload.decode("utf-8", "replace"), strict=False)
        converted: T = msgspec.convert(_without_half_pairs(value), decoder.type)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not the JSON we expected: {payload[:120].decode('utf-8', 'replace')!r}") from error
    return converted


def _without_half_pairs(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_half_pairs(part) for part in value]
    if isinstance(value, dict):
        return {_without_half_pairs(key): _without_half_pairs(part) for key, part in value.items()}
    return value
