"""`auto`: which flow fits a goal, by plain rules with a reason that a person can read and overrule.

No model is asked: a small one would guess, and a guess cannot say why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agents.ladder import TINY
from engine.clean import clean_line
from engine.model import ModelProfile, Tier

SHORT_WORDS = 25
_DIGEST = re.compile(
    r"\b(summari[sz]e|summary of|digest|changelog|release notes|what (?:has )?changed|overview of|go through)\b",
    re.IGNORECASE,
)
_MANY = re.compile(r"\b(commits?|history|files|logs?|changes|since|last \d+|every|each|all)\b", re.IGNORECASE)
_QUESTION = re.compile(r"^\s*(?:what|why|who|how|when|which|where|tell|describe|explain|list)\b|\?\s*$", re.IGNORECASE)
_DEEP = re.compile(
    r"\b(architecture|redesign|design|security|vulnerabilit\w+|audit|threat|analy[sz]e|analysis|investigate|root cause"
    r"|long refactor\w*|migrat\w+|rewrite)\b",
    re.IGNORECASE,
)
_SMALL = re.compile(
    r"\b(typo|rename|docstring|comment|spelling|wording|bump|one[- ]line\w*|small|tiny|reformat|log message)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"\b(and|then|also|plus|tests?|every|all|each)\b|[;\n]", re.IGNORECASE)
_FILE = re.compile(r"\b[\w./-]+\.[A-Za-z]\w{0,4}\b")


class Route(NamedTuple):
    """A flow and why."""

    flow: str
    reason: str


def route(goal: str, items: Sequence[str], available: Sequence[ModelProfile]) -> Route:
    """Choose a flow.

    In:     the goal; items, what the person named to go over (`commit:…`, `file:…`), often none; the models at hand.
    Out:    the flow's name and one line that says why.
    """
    if available and all(TINY in profile.notes for profile in available):
        return Route("digest", "only a tiny model is here: it can summarise, it cannot edit")
    if len(items) > 1:
        return Route("digest", f"you named {len(items)} items to go over")
    digest, many = _DIGEST.search(goal), _MANY.search(goal)
    if digest and many:
        return Route("digest", f"`{clean_line(digest[0])}` over `{clean_line(many[0])}`: many small readings, one text")
    if deep := _DEEP.search(goal):
        return Route("deep", f"`{clean_line(deep[0])}` needs the whole in one head{_where(available)}")
    return _by_size(goal)


def wants_text(goal: str) -> bool:
    """Whether a goal asks for a summary or an answer: nothing that a tiny model could not try."""
    return any(words.search(goal) for words in (_DIGEST, _MANY, _QUESTION))


def _by_size(goal: str) -> Route:
    files = set(_FILE.findall(goal))
    small, several = _SMALL.search(goal), _SEVERAL.search(goal)
    is_short = len(goal.split()) <= SHORT_WORDS
    if is_short and len(files) <= 1 and small:
        return Route("quick", f"`{clean_line(small[0])}`{_in_file(files)}: one small edit")
    if is_short and len(files) == 1 and not several:
        return Route("quick", f"one short wish{_in_file(files)}")
    if len(files) > 1:
        return Route("build", f"{len(files)} files are named: plan first, then work in parallel")
    return Route("build", "more than one small edit: plan first, then work in parallel")


def _where(available: Sequence[ModelProfile]) -> str:
    if any(profile.tier is Tier.CLOUD for profile in available):
        return ", on a cloud model"
    return ", on the largest local model: no cloud model is allowed" if available else ""


def _in_file(files: set[str]) -> str:
    return f" in {clean_line(next(iter(files)), 60)}" if files else ""
