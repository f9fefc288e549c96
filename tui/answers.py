"""The answers a question can take: one key and one phrase for each option the engine offers.

Some options mean the same wherever they are offered and keep their key. The words of a vote are its own, and so is
whatever this table does not know: those are counted through, first with digits, then with letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from engine.state import Approval
from tui.cells import tidy_line

QUICK_KEYS = frozenset("aAdr")
"""Keys that answer from the dashboard; the others mean something else there, so the question is opened first."""
FREE_KEYS = "123456789bcfhimtuvwxzBCDEFHJKLMQTUVWXYZ"
"""What an option without a key of its own may take: no key that scrolls, searches, copies or leaves."""
MORE = "0"
"""Comes before the keys of options beyond those."""
VOTE, STUCK = "vote", "stuck"


class Choice(msgspec.Struct, frozen=True):
    """One way to answer."""

    option: str
    """The engine's word."""
    key: str
    """What is pressed, one character after the other; no choice's key begins another's."""
    phrase: str
    """What it does, where there is room to say it."""
    needs_words: bool = False

    @property
    def is_quick(self) -> bool:
        """Whether the key answers from the dashboard; otherwise the question must be opened first."""
        return self.key in QUICK_KEYS


CHOICES: dict[str, Choice] = {
    choice.option: choice
    for choice in (
        Choice("allow", "a", "allow"),
        Choice("accept", "a", "accept"),
        Choice("always", "A", "always"),
        Choice("edit", "e", "edit"),
        Choice("retry", "a", "try again"),
        Choice("reassign", "o", "other specialist"),
        Choice("climb", "s", "stronger model"),
        Choice("reject", "r", "reject", needs_words=True),
        Choice("deny", "d", "deny"),
        Choice("skip", "d", "skip"),
        Choice("raise", "a", "raise it"),
        Choice("local", "o", "stay local"),
        Choice("stop", "d", "stop"),
    )
}
_IN_FORM: dict[tuple[str, str], Choice] = {
    (STUCK, "accept"): Choice("accept", "A", "take it as it stands"),
    ("gate", "allow"): Choice("allow", "a", "go on"),
    ("gate", "deny"): Choice("deny", "d", "end it here"),
}
"""Where an option's own key or phrase would mislead."""


def choices(approval: Approval) -> tuple[Choice, ...]:
    """How a question can be answered, in the order the engine lists: each option once, each with a key of its own."""
    return _choices(approval.form, tuple(dict.fromkeys(approval.options)))


def quick_choice(approval: Approval, key: str) -> Choice | None:
    """What a key answers from the dashboard."""
    return next((choice for choice in choices(approval) if choice.key == key and choice.is_quick), None)


@lru_cache(maxsize=64)
def _choices(form: str, options: tuple[str, ...]) -> tuple[Choice, ...]:
    own: dict[str, Choice] = {}
    for option in options:
        known = _known(form, option)
        if known and all(choice.key != known.key for choice in own.values()):
            own[option] = known
    free = _free_keys({choice.key for choice in own.values()})
    return tuple(own.get(option) or _counted(form, option, next(free)) for option in options)


def _known(form: str, option: str) -> Choice | None:
    # A vote for `accept` is a vote for that word; only `skip` is the engine's.
    if form == VOTE and option != "skip":
        return None
    return _IN_FORM.get((form, option)) or CHOICES.get(option)


def _counted(form: str, option: str, key: str) -> Choice:
    known = _known(form, option)
    if known:
        return msgspec.structs.replace(known, key=key)
    return Choice(option, key, tidy_line(option) or "(no word)")


def _free_keys(taken: set[str]) -> Iterator[str]:
    prefix = ""
    while True:
        yield from (prefix + key for key in FREE_KEYS if prefix + key not in taken)
        prefix += MORE
