"""Whether a quote is in a file, and on which line: whitespace apart, small drifts of lines put right. Pure.

The normal form keeps one space between two word characters and none elsewhere, so that a quote may be wrapped or
indented differently; a token more or less, or a longer word at its edge, is another text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from engine.clean import clean, clean_line

DRIFT_LINES = 12
"""How far from the line that is named a quote may be found."""
SHORT_CHARS = 6
"""A shorter quote says too little to be looked for: it must be the whole line that is named."""
MAX_HITS = 200
_SPACE = re.compile(r"\s+")
_GUTTER = re.compile(r"[ \t]*\d{1,7}(?:\t|[ \t]*[|:→][ \t]?)")
"""A line number before a line, as tools that read files show it."""
_ADDED = re.compile(r"[+ ]")


@dataclass(frozen=True)
class Page:
    """A text file as it is stored in a tree."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, cleaned as models see them."""
        text = self.text.replace("\r\n", "\n").removesuffix("\n")
        return [clean(line) for line in text.split("\n")]

    @cached_property
    def _normal(self) -> tuple[str, list[int], list[int]]:
        """The whole text in normal form, where each of its parts starts, and on which line that is."""
        parts: list[str] = []
        starts, numbers, length, ends_in_word = list[int](), list[int](), 0, False
        for number, line in enumerate(self.lines, 1):
            part = normal(line)
            if not part:
                continue
            if ends_in_word and is_word(part[0]):
                parts.append(" ")
                length += 1
            starts.append(length)
            numbers.append(number)
            parts.append(part)
            length, ends_in_word = length + len(part), is_word(part[-1])
        return "".join(parts), starts, numbers

    def hits(self, quote: str) -> list[int]:
        """The lines on which a quote in normal form begins, no more than `MAX_HITS`."""
        text, starts, numbers = self._normal
        found: list[int] = []
        at = text.find(quote)
        while at >= 0 and len(found) < MAX_HITS:
            if _is_whole(text, at, at + len(quote)):
                found.append(numbers[bisect_right(starts, at) - 1])
            at = text.find(quote, at + 1)
        return found


def find_quote(page: Page, quote: str, line: int) -> int | str:
    """Look for a quote.

    In:   line, where it is said to begin, 0 for anywhere.
    Out:  the line on which it begins, or why it is not there, in words for whoever named it.
    """
    forms = [form for form in _forms(quote) if form]
    if not forms:
        return f"the quote from {page.path} is empty"
    if len(forms[0].replace(" ", "")) < SHORT_CHARS:
        return _find_short(page, forms[0], line)
    hits = next((hits for form in forms if (hits := page.hits(form))), [])
    if line > len(page.lines) + DRIFT_LINES or (not hits and line > len(page.lines)):
        return f"{page.path} has {len(page.lines)} lines and no line {line}"
    if not hits:
        return f"{page.path} does not hold that quote{_instead(page, line)}"
    if not line:
        return hits[0] if len(hits) == 1 else f"the quote is {len(hits)} times in {page.path}; name the line"
    nearest = min(hits, key=lambda hit: abs(hit - line))
    return (
        nearest if abs(nearest - line) <= DRIFT_LINES else f"the quote is on line {nearest} of {page.path}, not {line}"
    )


def _find_short(page: Page, quote: str, line: int) -> int | str:
    if 0 < line <= len(page.lines) and normal(page.lines[line - 1]) == quote:
        return line
    return f"the quote from {page.path} is too short to be looked for; quote the whole line{_instead(page, line)}"


def _instead(page: Page, line: int) -> str:
    if not 0 < line <= len(page.lines):
        return ""
    return f"; line {line} reads `{clean_line(page.lines[line - 1], 120)}`"


def normal(text: str) -> str:
    """A text in the form in which quotes are compared."""
    flat = _SPACE.sub(" ", clean(unicodedata.normalize("NFC", text))).strip()
    kept = (
        char
        for place, char in enumerate(flat)
        if char != " " or (is_word(flat[place - 1]) and is_word(flat[place + 1]))
    )
    return "".join(kept)


def is_word(char: str) -> bool:
    """Whether a character belongs to words and numbers."""
    return char.isalnum() or char == "_"


def _forms(quote: str) -> list[str]:
    """The quote as it is, without line numbers before its lines, and without the marks of added lines."""
    lines = [line for line in quote.splitlines() if line.strip()]
    forms = [normal(quote)]
    for mark in (_GUTTER, _ADDED):
        if lines and all(mark.match(line) for line in lines):
            forms.append(normal("\n".join(mark.sub("", line, count=1) for line in lines)))
    return forms


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word goes on beyond the edges of a hit."""
    cuts_before = start > 0 and is_word(text[start - 1]) and is_word(text[start])
    cuts_after = end < len(text) and is_word(text[end - 1]) and is_word(text[end])
    return not (cuts_before or cuts_after)
