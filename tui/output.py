"""What a lane has said: a bounded tail of marked lines, wrapped only where somebody looks.

Adding text costs the text, not the history; a pane asks for the rows at its bottom and gets them from the end
backwards, each line wrapped once for each width.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from tui.cells import Row, tidy, wrap
from tui.glyphs import PRETTY, Glyphs
from tui.marking import cut, mark, mark_diff, plain
from tui.picture import MARK, TURN

LINES_KEPT = 4_000
LINE_CHARACTERS = 4_000
"""A longer line is broken: a model may stream a megabyte without a newline."""

_ROLES = {"thinking": "thinking+italic", "tool": "tool", "check": "checking", "note": "note"}


class Line:
    """One logical line of one stream."""

    __slots__ = ("_rows", "_width", "in_code", "stream", "text")

    def __init__(self, stream: str, in_code: bool) -> None:
        self.stream = stream
        self.in_code = in_code
        self.text = ""
        self._width = 0
        self._rows: list[Row] = []

    def grow(self, text: str) -> None:
        """More of the same line."""
        self.text += text
        self._width = 0

    def rows(self, width: int, glyphs: Glyphs) -> list[Row]:
        """The line as rows of at most `width` cells."""
        if self._width != width:
            self._rows = self._wrapped(width, glyphs)
            self._width = width
        return self._rows

    def _wrapped(self, width: int, glyphs: Glyphs) -> list[Row]:
        role = _ROLES.get(self.stream)
        if self.stream == MARK:
            rule = glyphs.rule * 2
            return _wrapped(((f"{rule} {self.text} {rule}", "faint+italic"),), width)
        if role is None:
            return _wrapped(self._marked(glyphs), width)
        gutter = (glyphs.gutter, role.split("+")[0])
        marked = mark_diff(self.text) if self.stream == "tool" and self.text[:1] in "+-@" else ((self.text, role),)
        return [(gutter, *row) for row in _wrapped(marked, max(2, width - 1))]

    def _marked(self, glyphs: Glyphs) -> Row:
        if self.text.startswith("```"):
            return ((self.text, "faint"),)
        if self.in_code:
            marked = mark_diff(self.text)
            return tuple((text, "code" if role == "base" else role) for text, role in marked)
        return mark(self.text, bullet=glyphs.bullet)


class LaneOutput:
    """The streamed text of one lane."""

    def __init__(self, glyphs: Glyphs = PRETTY, lines_kept: int = LINES_KEPT) -> None:
        self.glyphs = glyphs
        self.lines: deque[Line] = deque(maxlen=lines_kept)
        self.version = 0
        """Grows with every change."""
        self._is_open = False
        self._in_code = False

    def add(self, stream: str, text: str) -> None:
        """Take in a piece of a stream, of any length, cleaned here once more."""
        text = tidy(text)
        if stream == TURN:
            if self._is_open:
                self._end_line()
            return
        if not text:
            return
        self.version += 1
        if stream == MARK:
            # What was said before was cut off, in the middle of a block of code perhaps.
            self._in_code = False
        if self._is_open and self.lines and self.lines[-1].stream != stream:
            self._end_line()
        first, *rest = text.split("\n")
        self._grow(stream, first)
        for part in rest:
            self._break(stream)
            self._grow(stream, part)

    def tail(self, width: int, height: int, above: int = 0) -> list[Row]:
        """The last rows, oldest first.

        In:   width in cells; how many rows; how many rows above the end the last one is.
        Out:  at most `height` rows.
        """
        wanted = height + above
        rows: list[Row] = []
        for line in self._backwards():
            wrapped = line.rows(width, self.glyphs)
            rows[:0] = wrapped
            if len(rows) >= wanted:
                break
        end = max(len(rows) - above, min(height, len(rows)))
        return rows[max(0, end - height) : end]

    def line_above(self, width: int, above: int) -> Line | None:
        """The line that stands `above` rows over the end: an anchor that stays while text streams."""
        passed = 0
        line: Line | None = None
        for line in self._backwards():
            passed += len(line.rows(width, self.glyphs))
            if passed > above:
                return line
        return line

    def rows_below(self, anchor: Line, width: int) -> int:
        """How many rows came after an anchor; all of them when it has been forgotten."""
        passed = 0
        for line in self._backwards():
            if line is anchor:
                return passed
            passed += len(line.rows(width, self.glyphs))
        return passed

    def rows(self, width: int) -> Iterator[Row]:
        """All rows, oldest first."""
        for line in self.lines:
            yield from line.rows(width, self.glyphs)

    def text(self) -> str:
        """Everything kept, as text."""
        return "\n".join(line.text for line in self.lines)

    def _backwards(self) -> Iterable[Line]:
        lines = reversed(self.lines)
        # The line a model is about to begin shows nothing yet: do not spend a row on it.
        if self.lines and not self.lines[-1].text:
            return islice(lines, 1, None)
        return lines

    def _grow(self, stream: str, text: str) -> None:
        while text:
            line = self._open_line(stream)
            room = LINE_CHARACTERS - len(line.text)
            line.grow(text[:room])
            text = text[room:]
            if text:
                self._end_line()

    def _break(self, stream: str) -> None:
        self._open_line(stream)
        self._end_line()

    def _open_line(self, stream: str) -> Line:
        if not self._is_open:
            self.lines.append(Line(stream, self._in_code and stream == "text"))
            self._is_open = True
        return self.lines[-1]

    def _end_line(self) -> None:
        line = self.lines[-1]
        if line.stream == "text" and line.text.lstrip().startswith("```"):
            self._in_code = not self._in_code
        self._is_open = False


def _wrapped(row: Row, width: int) -> list[Row]:
    text = plain(row)
    spans = wrap(text, max(2, width))
    if len(spans) == 1:
        return [row]
    return [cut(row, start, end) for start, end in spans]
