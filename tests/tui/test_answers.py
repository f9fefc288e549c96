from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.state import Approval
from engine.words import ApprovalId, TaskId
from tui.answers import CHOICES, choices, quick_choice

FORMS = st.sampled_from(["command", "plan", "stuck", "vote", "gate", "budget", "outliving", "check", "cloud", "new"])
OPTIONS = st.lists(st.sampled_from([*CHOICES, "for", "against", "tie"]) | st.text(max_size=6), max_size=120)


def asked(form: str, *options: str) -> Approval:
    return Approval(ApprovalId("q"), TaskId("t"), form, "title", "", "", "", options, "deny", 0.0)


def keys(form: str, *options: str) -> dict[str, str]:
    return {choice.option: choice.key for choice in choices(asked(form, *options))}


@given(FORMS, OPTIONS)
def test_whatever_is_offered_every_option_has_a_key_of_its_own(form: str, options: list[str]) -> None:
    offered = choices(asked(form, *options))
    assert [choice.option for choice in offered] == list(dict.fromkeys(options))
    pressed = [choice.key for choice in offered]
    assert len(set(pressed)) == len(pressed)
    assert all(choice.key and choice.phrase for choice in offered)


@given(FORMS, OPTIONS)
def test_no_key_begins_another(form: str, options: list[str]) -> None:
    pressed = [choice.key for choice in choices(asked(form, *options))]
    assert not [(one, other) for one in pressed for other in pressed if one != other and other.startswith(one)]


@given(FORMS, OPTIONS)
def test_no_answer_takes_a_key_that_reads_the_question(form: str, options: list[str]) -> None:
    pressed = {choice.key[-1] for choice in choices(asked(form, *options))}
    assert not pressed & set("jkgGnNyq/")


def test_nine_words_of_a_vote_are_counted_through() -> None:
    words = ("red", "blue", "allow", "deny", "edit", "reject", "always", "accept", "local")
    assert keys("vote", *words, "skip") == {word: str(n) for n, word in enumerate(words, 1)} | {"skip": "d"}


def test_a_word_of_a_vote_is_never_taken_for_an_answer_that_needs_words() -> None:
    assert not any(choice.needs_words for choice in choices(asked("vote", "reject", "edit", "skip")))


def test_taking_work_as_it_stands_is_another_key_than_trying_again() -> None:
    offered = keys("stuck", "retry", "reassign", "climb", "accept", "skip")
    assert offered == {"retry": "a", "reassign": "o", "climb": "s", "accept": "A", "skip": "d"}


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("gate", ("allow", "deny")),
        ("budget", ("raise", "local", "stop")),
        ("command", ("allow", "always", "reject", "deny")),
        ("check", ("allow", "deny")),
    ],
)
def test_the_usual_questions_are_answered_from_the_dashboard(form: str, options: tuple[str, ...]) -> None:
    found = [quick_choice(asked(form, *options), key) for key in "ad"]
    assert [choice.option for choice in found if choice] == [options[0], options[-1]]
