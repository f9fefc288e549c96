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
ECHO_WORDS = 5
"""A sequence of so many words taken from somewhere else is copied."""
LEAST_WORDS = 2
STEM_CHARS = 5
"""Words that begin alike count as the same: `tests`, `tested`, `testing`."""

_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')\]`]))\s+|\n+")
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
        # "2." is the number of a line.
        found += [piece] if len(_words(piece)) >= LEAST_WORDS else []
    return found


def is_about(sentence: str, material: str) -> bool:
    """Whether a sentence speaks of the material: half of its longer words are found there, in some form."""
    words = [word for word in _words(sentence) if len(word) >= WORD_CHARS]
    there = {word[:STEM_CHARS] for word in _words(material)}
    return not words or sum(word[:STEM_CHARS] in there for word in words) >= LEAST_COMMON * len(words)


def is_copied(sentence: str, elsewhere: str, material: str) -> bool:
    """Whether a sentence holds a turn of phrase that stands elsewhere and not in the material."""
    strange = {*_runs(elsewhere, ECHO_WORDS)} - {*_runs(material, ECHO_WORDS)}
    return not strange.isdisjoint(_runs(sentence, ECHO_WORDS))


def _goes_round(sentence: str) -> bool:
    return any(times >= ROUND_TIMES for times in Counter(_runs(sentence, ROUND_WORDS)).values())


def _runs(text: str, length: int) -> list[tuple[str, ...]]:
    words = _words(text)
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]


def _plain(sentence: str) -> str:
    return " ".join(_words(sentence))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
