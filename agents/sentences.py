"""Sentences out of a reply that may have gone wrong: whole ones, each said once, about the matter at hand. Pure."""

from __future__ import annotations

import re
from collections import Counter

ROUND_WORDS = 3
"""A sequence of so many words that comes back …"""
ROUND_TIMES = 3
"""… so often within one sentence is going round."""
LEAST_COMMON = 0.5
"""The share of a sentence's longer words that the material must hold too."""
WORD_CHARS = 4
STEM_CHARS = 5
"""Words that begin alike count as the same: `tests`, `tested`, `testing`."""

_END = re.compile(r"(?<=[.!?])[\"')\]`]*\s+|\n+")
_CLOSED = re.compile(r"[.!?][\"')\]`]*$")
_WORD = re.compile(r"[^\W_]+")


def whole_sentences(text: str, is_cut: bool) -> list[str]:
    """The sentences of a text up to the first that repeats an earlier one or goes round in itself.

    In: is_cut, whether the text was cut off: what stands after its last full stop is then left out.
    """
    found: list[str] = []
    pieces = [piece.strip() for piece in _END.split(text.strip()) if piece.strip()]
    if is_cut and pieces and not _CLOSED.search(pieces[-1]):
        pieces.pop()
    for piece in pieces:
        if _goes_round(piece) or _plain(piece) in map(_plain, found):
            break
        found.append(piece)
    return found


def is_about(sentence: str, material: str) -> bool:
    """Whether a sentence speaks of the material: half of its longer words are found there, in some form."""
    words = [word for word in _words(sentence) if len(word) >= WORD_CHARS]
    there = {word[:STEM_CHARS] for word in _words(material)}
    return not words or sum(word[:STEM_CHARS] in there for word in words) >= LEAST_COMMON * len(words)


def _goes_round(sentence: str) -> bool:
    words = _words(sentence)
    runs = Counter(tuple(words[at : at + ROUND_WORDS]) for at in range(len(words) - ROUND_WORDS + 1))
    return any(times >= ROUND_TIMES for times in runs.values())


def _plain(sentence: str) -> str:
    return " ".join(_words(sentence))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
