"""Sentences of a reply: whole, once, and about the matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sentences import is_about, is_copied, whole_sentences

MATERIAL = "Cache: entries expire after an hour; stale prices are gone"


@pytest.mark.parametrize(
    ("said", "is_cut", "kept"),
    [
        ("One is done. Two is do", True, ["One is done."]),
        ("One is done. Two is do", False, ["One is done.", "Two is do"]),
        ("It is so. It is so. It is so. It", True, ["It is so."]),
        ("It works! it WORKS. And more.", False, ["It works!"]),
        ("A list:\n\nThe first thing\n2.\nThe last.", False, ["A list:", "The first thing", "The last."]),
        ("It checks the name, it checks the name, it checks the name.", False, []),
        ('He said "no." Then he left.', False, ['He said "no."', "Then he left."]),
        ("no end in sight", True, []),
        ("", False, []),
    ],
)
def test_only_whole_sentences_up_to_the_first_repetition_are_kept(said: str, is_cut: bool, kept: list[str]) -> None:
    assert whole_sentences(said, is_cut) == kept


@given(st.text(), st.booleans())
def test_no_sentence_is_kept_that_was_not_said(said: str, is_cut: bool) -> None:
    kept = whole_sentences(said, is_cut)

    assert all(sentence in said for sentence in kept)
    assert len({sentence.lower() for sentence in kept}) == len(kept)


def test_a_sentence_in_other_forms_of_the_same_words_is_about_the_material() -> None:
    assert is_about("Cached entries now expire, so stale prices have gone.", MATERIAL)


def test_an_invented_sentence_is_not_about_the_material() -> None:
    assert not is_about("A judge has decided to hold a hearing on the new policy.", MATERIAL)


def test_a_phrase_of_the_examples_is_copied_unless_the_material_has_it_too() -> None:
    example = "Login now retries twice and the form keeps what was typed."
    echo = "The marker is slow, and the form keeps what was typed."

    assert is_copied(echo, example, "Tests: the marker slow")
    assert not is_copied(echo, example, "And the form keeps what was typed")
    assert not is_copied("The form keeps it.", example, "")
