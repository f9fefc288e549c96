"""Marks in streamed text: headings, lists, code, emphasis and diffs become colours, line by line.

A model's text is never interpreted as markup by anything downstream; here a few patterns only choose a role for
characters that are shown as they are (minus the `**` and backticks around them). Lines are marked when they arrive, so
a token costs one short line, never a document.
"""

from __future__ import annotations

import re

from tui.cells import Row

_INLINE = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*")
_HEADING = re.compile(r"#{1,6} +")
_BULLET = re.compile(r"( *)[-*+] +(?=\S)")
_DIFF_ROLES = {"+": "add", "-": "remove", "@": "hunk"}


def mark(text: str, role: str = "base", bullet: str = "•") -> Row:
    """One line of prose as pieces of (text, role); the pieces together are what is shown."""
    heading = _HEADING.match(text)
    if heading:
        return ((text[heading.end() :], "heading+bold"),)
    item = _BULLET.match(text)
    if item:
        indent = item.group(1)
        return ((f"{indent}{bullet} ", "accent"), *_inline(text[item.end() :], role))
    return _inline(text, role)


def mark_diff(text: str) -> Row:
    """One line of a unified diff."""
    if text.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file", "rename ", "similarity")):
        return ((text, "heading+bold" if text.startswith("diff ") else "dim"),)
    return ((text, _DIFF_ROLES.get(text[:1], "base")),)


def cut(row: Row, start: int, end: int) -> Row:
    """The characters from `start` to `end` of a row."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for text, role in row:
        low, high = max(start - at, 0), min(end - at, len(text))
        if low < high:
            pieces.append((text[low:high], role))
        at += len(text)
        if at >= end:
            break
    return tuple(pieces)


def plain(row: Row) -> str:
    """The characters of a row."""
    return "".join(text for text, _ in row)


def _inline(text: str, role: str) -> Row:
    if "`" not in text and "**" not in text:
        return ((text, role),) if text else ()
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            pieces.append((text[at : found.start()], role))
        code, strong = found.groups()
        pieces.append((code, "code") if code else (strong, "strong+bold"))
        at = found.end()
    if at < len(text):
        pieces.append((text[at:], role))
    return tuple(pieces)
