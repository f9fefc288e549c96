"""The answers a question can take: one key and one phrase for each option the engine offers."""

from __future__ import annotations

import msgspec

from engine.state import Approval


class Choice(msgspec.Struct, frozen=True):
    """One way to answer."""

    option: str
    """The engine's word."""
    key: str
    phrase: str
    """What it does, where there is room to say it."""
    needs_words: bool = False
    is_quick: bool = True
    """Whether the key answers from the dashboard; otherwise the question must be opened first."""


CHOICES: dict[str, Choice] = {
    choice.option: choice
    for choice in (
        Choice("allow", "a", "allow"),
        Choice("accept", "a", "accept"),
        Choice("always", "A", "always"),
        Choice("edit", "e", "edit", is_quick=False),
        Choice("retry", "a", "try again"),
        Choice("reassign", "o", "other specialist", is_quick=False),
        Choice("climb", "s", "stronger model", is_quick=False),
        Choice("reject", "r", "reject", needs_words=True),
        Choice("deny", "d", "deny"),
        Choice("skip", "d", "skip"),
        Choice("raise", "a", "raise it"),
        Choice("local", "o", "stay local"),
        Choice("stop", "d", "stop"),
    )
}


def choices(approval: Approval) -> tuple[Choice, ...]:
    """How a question can be answered, in the order the engine lists; an option unknown here gets a digit."""
    return tuple(
        CHOICES.get(option) or Choice(option, str(number), option, is_quick=False)
        for number, option in enumerate(approval.options, start=1)
    )


def quick_choice(approval: Approval, key: str) -> Choice | None:
    """What a key answers from the dashboard."""
    return next((choice for choice in choices(approval) if choice.key == key and choice.is_quick), None)
