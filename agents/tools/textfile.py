"""A text file as bytes that must survive an edit: its mark, its line ends, its undecodable bytes, its last newline."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import ToolFault

_MARK = b"\xef\xbb\xbf"
_SNIFF_BYTES = 8192


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file's text with `\\n` line ends, and what it takes to write it back as it was."""

    text: str
    """Undecodable bytes are surrogates: they come back as the same bytes."""
    has_mark: bool
    """Whether it starts with a UTF-8 byte order mark."""
    crlf_at: tuple[int, ...]
    """Offsets in `text` of the newlines that were CR LF."""

    @property
    def newline(self) -> str:
        """The line end that most lines have; new lines get it."""
        return "\r\n" if len(self.crlf_at) * 2 > self.text.count("\n") else "\n"

    @property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        lines = self.text.split("\n")
        return lines[:-1] if lines[-1] == "" else lines

    def replaced(self, spans: list[tuple[int, int]], replacement: str) -> bytes:
        """The file's new bytes, with each span of `text` replaced and everything else as it was, byte for byte.

        In: spans in order, not overlapping; a replacement with `\\n` line ends.
        """
        new = replacement.replace("\n", self.newline)
        pieces: list[str] = []
        at = 0
        for start, end in spans:
            pieces += (self._original(at, start), new)
            at = end
        pieces.append(self._original(at, len(self.text)))
        return (_MARK if self.has_mark else b"") + "".join(pieces).encode("utf-8", "surrogateescape")

    def _original(self, start: int, end: int) -> str:
        if not self.crlf_at:
            return self.text[start:end]
        pieces: list[str] = []
        at = start
        for place in self.crlf_at:
            if start <= place < end:
                pieces += (self.text[at:place], "\r\n")
                at = place + 1
        return "".join(pieces) + self.text[at:end]


def decoded(content: bytes, name: str) -> TextFile:
    """Read bytes as text.

    Raises:  ToolFault when they are no text that we could write back.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ToolFault(f"{name} is UTF-16 text; only UTF-8 is read here: convert it with run_command (iconv)")
    if is_binary(content):
        raise ToolFault(f"{name} is a binary file ({len(content):,} bytes)")
    raw = content.removeprefix(_MARK).decode("utf-8", "surrogateescape")
    pieces = raw.split("\r\n")
    places, at = [], 0
    for piece in pieces[:-1]:
        at += len(piece)
        places.append(at)
        at += 1
    return TextFile("\n".join(pieces), content.startswith(_MARK), tuple(places))


def is_binary(content: bytes) -> bool:
    """Whether bytes are no text: a NUL near the start says so, as git does it."""
    return b"\0" in content[:_SNIFF_BYTES]


def presentable(text: str) -> str:
    """A text that every encoder takes: undecodable bytes become the replacement character."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
