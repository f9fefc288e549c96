"""Doubt in an answer: refusals, hedges, an end in the middle, the same lines again."""

from __future__ import annotations

TAIL = 1_500
_REFUSALS = (
    "i cannot", "i can't", "i'm unable", "i am unable", "unable to", "could not complete", "couldn't complete",
    "was not able", "wasn't able", "as an ai", "i'm sorry", "i apologize", "i give up",
)  # fmt: skip
_HEDGES = (
    "i'm not sure", "i am not sure", "not entirely sure", "it might", "might be", "perhaps", "possibly", "i think",
    "i assume", "probably", "should work", "may not", "hard to say", "it is unclear", "without more information",
)  # fmt: skip


def doubt_in(answer: str) -> float:
    """How much doubt the end of an answer shows, 0 to 1."""
    tail = answer[-TAIL:].lower()
    doubt = 0.6 * any(words in tail for words in _REFUSALS)
    doubt += 0.15 * min(3, sum(words in tail for words in _HEDGES))
    doubt += 0.4 * (answer.count("```") % 2) + 0.5 * _repeats(tail)
    return min(1.0, doubt)


def _repeats(tail: str) -> bool:
    """Whether most of the last lines were there before."""
    lines = [line for line in map(str.strip, tail.splitlines()) if len(line) > 12]
    return len(lines) >= 8 and len(set(lines)) * 2 < len(lines)
