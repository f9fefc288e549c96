"""Every number of the router, as data with its reason. Log-odds that the small model's result will not do.

They were set by hand. Numbers learned from a user's own outcomes are added to them (`engine.routing.learning`)
and never replace them. +0.7 doubles the odds, -0.7 halves them.
"""

from __future__ import annotations

from typing import Final

from engine.routing.kinds import Kind

K = Kind

KIND_PRIOR: Final[dict[Kind, float]] = {
    # Short, local, mostly copied from what is there: a small model is enough.
    K.SUMMARISE: -1.3,
    K.RENAME: -1.6,
    K.DOCSTRING: -1.5,
    K.COMMIT_MESSAGE: -1.7,
    K.REGEX: -0.8,
    K.LOG_DIGEST: -1.3,
    K.TYPO: -1.9,
    K.SMALL_EDIT: -1.2,
    # Many things have to be held in one head at once.
    K.ARCHITECTURE: 1.3,
    K.THREAT_MODEL: 1.2,
    K.MIGRATION: 1.3,
    K.CONCURRENCY: 1.5,
    K.REFACTOR: 1.2,
    K.PLAN: 1.0,
    K.ROOT_CAUSE: 1.3,
    # Code with an exact answer.
    K.BUG: 0.9,
    K.CODE: 0.5,
    K.TESTS: 0.4,
    K.REVIEW: 0.4,
    K.SQL: 0.4,
    K.EXPLAIN: -0.5,
    # One exact answer at the end of several steps, each of which must be right.
    K.PROOF: 1.4,
    K.MATHS: 0.9,
    K.WORD_PROBLEM: 0.6,
    K.LOGIC: 0.8,
    # What is not in a small model's weights cannot be reasoned out.
    K.SCIENCE: 0.4,
    K.CHOICE: -0.1,
    K.FACT: -0.2,
    # Language in, language out.
    K.TRANSLATE: -0.6,
    K.EXTRACT: -0.7,
    K.CLASSIFY: -0.8,
    K.REWRITE: -1.0,
    K.WRITING: -0.7,
    K.ROLE_PLAY: -0.6,
    K.ADVICE: -0.7,
    K.CHAT: -1.5,
    K.OTHER: -0.1,
}

BEFORE: Final[dict[str, float]] = {
    "bias": -0.35,
    "kind": 1.0,
    "length": 0.28,  # per doubling of the text beyond 200 characters, at most 6 of them
    "context": 0.22,  # per doubling of the context beyond 2,000 tokens, at most 7
    "constraints": 0.30,  # per doubling of what must, must not, only, at least …
    "parts": 0.14,  # per doubling of list items and questions
    "numbers": 0.12,  # per doubling of numbers
    "formula": 0.25,
    "steps": 0.20,
    "code block": 0.10,
    "stack trace": 0.20,
    "files": 0.20,  # per doubling of files named
    "language": 0.35,  # not English, or several scripts
    "depth words": 0.30,
    "small words": -0.45,
}
"""Weights of `engine.routing.features`."""

AFTER: Final[dict[str, float]] = {
    "bias": -0.55,
    "before": 0.35,
    "turns": 0.95,
    "cost": 0.55,
    "time": 0.30,
    "failed checks": 2.2,
    "cut off": 2.4,
    "empty": 2.6,
    "stalled": 1.6,
    "critic": 1.4,
    "disagreement": 1.5,
    "overflow": 2.0,
    "hedging": 0.35,
    "unfinished": 1.0,
    "change size": 0.22,
    "beyond p90": 0.60,
    "tool errors": 0.30,
    "proven": -3.5,
}
"""Weights of `engine.routing.after`; all but `proven` only ever raise the score, learned or not."""

TURNS_MIDDLE: Final = 20.0
COST_MIDDLE_USD: Final = 0.10
TIME_MIDDLE_S: Final = 240.0
CHANGE_MIDDLE_LINES: Final = 20.0
"""Where nothing says anything yet; only used until this user's own runs say where the middle is."""

QUICK_BELOW: Final = 0.55
CLOUD_FROM: Final = 0.72
"""Scores before the run: below the first a task starts at quick, from the second at cloud, between at large."""
CLIMB_FROM: Final = 0.60
"""Score after the run from which a climb is worth its price."""
WINDOW_SHARE: Final = 0.8
"""How much of a window a task's context may fill before the work begins."""
