"""The score before the run: what it is made of, and that it tells kinds of work apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.routing import Counters, Kind, Outcome, kind_of, learn, score_before
from engine.routing.kinds import DEEP_KINDS, QUICK_KINDS
from engine.routing.weights import BEFORE, KIND_PRIOR
from tests.engine.routing.area import auc
from tests.engine.routing.corpus import CORPUS

HARD = [prompt.is_hard for prompt in CORPUS]


def test_kinds_of_work_rank_prompts_far_better_than_their_length() -> None:
    by_length = auc([len(prompt.text) for prompt in CORPUS], HARD)
    by_score = auc([score_before(prompt.text).value for prompt in CORPUS], HARD)
    assert len(CORPUS) >= 120
    assert by_score >= 0.85
    assert by_score > by_length + 0.15


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Summarise the last ten commits", Kind.SUMMARISE),
        ("rename foo to bar", Kind.RENAME),
        ("Write a commit message for the staged diff", Kind.COMMIT_MESSAGE),
        ("Fix the typo in README.md", Kind.TYPO),
        ("Write a threat model for the login", Kind.THREAT_MODEL),
        ("two threads, one race condition", Kind.CONCURRENCY),
        ('Traceback (most recent call last):\n  File "a.py", line 3\nValueError', Kind.BUG),
        ("def add(a, b):\n    ...", Kind.CODE),
        ("Which is heaviest? A. a feather B. a car C. a cup D. a pen", Kind.CHOICE),
        ("Solve 3x + 5 = 20.\nA) 3 B) 4 C) 5", Kind.MATHS),
        ("Janet has 16 eggs and sells 9 of them. How many remain?", Kind.WORD_PROBLEM),
        ("Translate this into French: good evening", Kind.TRANSLATE),
        ("x^2 + 2 = 6", Kind.MATHS),
        ("", Kind.OTHER),
    ],
)
def test_the_kind_is_read_from_words_and_shape(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind


def test_every_kind_has_a_prior_and_small_work_lies_below_deep_work() -> None:
    assert set(KIND_PRIOR) == set(Kind)
    assert max(KIND_PRIOR[kind] for kind in QUICK_KINDS) < 0 < min(KIND_PRIOR[kind] for kind in DEEP_KINDS)


def test_a_given_kind_is_believed_and_an_unknown_one_is_read_from_the_text() -> None:
    assert score_before("whatever", kind="Threat-Model").kind == Kind.THREAT_MODEL
    assert score_before("rename a to b", kind="gardening").kind == Kind.RENAME


def test_the_reason_names_the_kind_and_the_parts_add_up_to_the_score() -> None:
    score = score_before("Refactor the payment module across the codebase, files a.py and b.py", 60_000)
    assert score.reason.startswith("multi-file refactor +1.2")
    assert "context" in score.reason
    assert {part.name for part in score.parts} <= set(BEFORE) | {"your outcomes"}


def test_a_long_text_in_the_middle_changes_neither_kind_nor_much_else() -> None:
    around = "Summarise this log.\n{}\nKeep it short."
    short, long = (score_before(around.format("all is well. " * times)) for times in (200, 20_000))
    assert short.kind == long.kind == Kind.SUMMARISE
    assert 0 <= long.value - short.value < 0.25


@given(st.one_of(st.text(max_size=3_000), st.none(), st.integers()), st.one_of(st.none(), st.floats()))
def test_any_text_and_any_context_has_a_bounded_score_with_one_line_of_reason(text: object, tokens: float) -> None:
    score = score_before(text, tokens)
    assert 0.0 < score.value < 1.0
    assert score.reason
    assert "\n" not in score.reason
    assert score == score_before(text, tokens)


@given(st.text(max_size=400), st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_context_never_lowers_the_score(text: str, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert score_before(text, less).value <= score_before(text, more).value


def test_a_kind_that_keeps_failing_here_scores_higher_here() -> None:
    counters = Counters()
    for _ in range(12):
        counters = learn(counters, Outcome(False, "Translate this into Klingon", model="m"))
        counters = learn(counters, Outcome(True, "Solve the equation x + 1 = 3", model="m"))
    fresh = score_before("Translate that into French"), score_before("Solve the equation x + 2 = 3")
    learned = [score_before(t, 0, None, counters, "m") for t in ("Translate that into French", "Solve x + 2 = 3")]
    assert fresh[0].value < fresh[1].value
    assert learned[0].value > learned[1].value
