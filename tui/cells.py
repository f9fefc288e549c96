"""Text measured in terminal cells: cleaning, cutting, padding and wrapping, before anything becomes a widget.

A `Row` is the unit in which views speak to the screen: pieces of (text, role). A role is a word of the palette
(`tui.theme`), so nothing here or in a view knows a colour.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from rich.cells import cell_len, get_character_cell_size

from engine.clean import clean, clean_line

Row: TypeAlias = tuple[tuple[str, str], ...]
"""One line of the screen: pieces of (text, role), left to right."""

TAB_SPACES = 4

# Terminals disagree on how wide an emoji with a variation selector is; without it all of them agree.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def tidy(text: str) -> str:
    """Make outside text safe to draw: cleaned, tabs as spaces, no variation selectors; newlines stay."""
    if text.isascii() and text.isprintable():
        return text
    return _SELECTORS.sub("", clean(text)).expandtabs(TAB_SPACES)


def tidy_line(text: str) -> str:
    """The same as one line."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _SELECTORS.sub("", clean_line(text))


def as_ascii(text: str) -> str:
    """The text for a terminal without Unicode, as wide as before."""
    if text.isascii():
        return text
    return "".join(mark if mark.isascii() else "?" * get_character_cell_size(mark) for mark in text)


def crop(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut a text to at most `width` cells; a cut one ends with the ellipsis."""
    if cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[: max(0, width)]
    return _head(text, width - len(ellipsis)).rstrip() + ellipsis


def crop_left(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut a text from its start: paths say most at their end."""
    if cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[: max(0, width)]
    kept = _head(text[::-1], width - len(ellipsis))
    return ellipsis + kept[::-1]


def pad(text: str, width: int) -> str:
    """Exactly `width` cells: cut or filled with spaces."""
    text = crop(text, width)
    return text + " " * (width - cell_len(text))


def row_width(row: Row) -> int:
    """How many cells a row takes."""
    return sum(cell_len(text) for text, _ in row)


def fit(row: Row, width: int, ellipsis: str = "…") -> Row:
    """Exactly `width` cells: cut with an ellipsis or filled with spaces."""
    missing = width - row_width(row)
    if missing >= 0:
        return (*row, (" " * missing, "")) if missing else row
    return _cut(row, width, ellipsis)


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """Break one line at spaces, or inside a word that is longer than the width.

    In:   a tidy line without newlines; width in cells, at least 2.
    Out:  (start, end) offsets of each row; the spaces at a break belong to none.
    """
    if cell_len(text) <= width:
        return [(0, len(text))]
    if text.isascii():
        return _wrap_ascii(text, width)
    return _wrap_wide(text, width)


def _cut(row: Row, width: int, ellipsis: str) -> Row:
    pieces: list[tuple[str, str]] = []
    left = width
    for text, role in row:
        size = cell_len(text)
        if size >= left:
            # A following piece exists or this one is too long: either way the reader learns that there is more.
            cut = crop(text if size > left else text + " ", left, ellipsis)
            pieces.append((cut + " " * (left - cell_len(cut)), role))
            break
        pieces.append((text, role))
        left -= size
    return tuple(piece for piece in pieces if piece[0])


def _head(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    left = width
    for index, character in enumerate(text):
        left -= get_character_cell_size(character)
        if left < 0:
            return text[:index]
    return text


def _wrap_ascii(text: str, width: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start, length = 0, len(text)
    while length - start > width:
        cut = text.rfind(" ", start + 1, start + width + 1)
        if cut < 0 or not text[start:cut].strip():
            rows.append((start, start + width))
            start += width
            continue
        rows.append((start, cut))
        start = cut
        while start < length and text[start] == " ":
            start += 1
    if start < length or not rows:
        rows.append((start, length))
    return rows


def _wrap_wide(text: str, width: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start, used, space = 0, 0, -1
    index = 0
    while index < len(text):
        size = get_character_cell_size(text[index])
        if used + size > width and index > start:
            end = space if space > start else index
            rows.append((start, end))
            start = index = _skip_spaces(text, end)
            used, space = 0, -1
            continue
        if text[index] == " ":
            space = index
        used += size
        index += 1
    if start < len(text) or not rows:
        rows.append((start, len(text)))
    return rows


def _skip_spaces(text: str, index: int) -> int:
    while index < len(text) and text[index] == " ":
        index += 1
    return index
