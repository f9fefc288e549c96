"""Keep texts short and say how much was left out."""

from __future__ import annotations


def capped(text: str, limit: int) -> str:
    """A text of at most `limit` characters: head and tail, with a line between them that counts what is missing."""
    if len(text) <= limit:
        return text
    room = max(limit - 60, 2)
    head = text[: room // 2]
    tail = text[-(room - room // 2) :]
    return f"{head}\n… {len(text) - room:,} characters left out …\n{tail}"[:limit]


def capped_line(line: str, limit: int) -> str:
    """A line of at most about `limit` characters; what is missing is counted at its end."""
    return line if len(line) <= limit else f"{line[:limit]}… (+{len(line) - limit:,} characters)"
