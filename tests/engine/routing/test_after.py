"""The score after a run: never falls with more of what speaks against it, and what is unknown moves nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.experience.signals import signals_of
from engine.routing import Counters, Outcome, Signals, learn, score_after
from engine.routing.wording import doubt_in

AMOUNT = st.floats(0, 1e7)
KNOWN = st.none() | AMOUNT


@st.composite
def runs(draw: st.DrawFn) -> Signals:
    """Runs of which anything may be known."""
    flag = st.none() | st.booleans()
    return Signals(
        draw(KNOWN), draw(KNOWN), draw(KNOWN), draw(st.none() | st.integers(0, 40)), draw(flag), draw(flag), draw(flag),
        draw(flag), draw(KNOWN), draw(flag), draw(st.none() | st.floats(0, 1)), draw(flag),
    )  # fmt: skip


def history(seed: int, outcomes: int) -> Counters:
    """Counters that have seen some runs, good and bad."""
    dice, counters = random.Random(seed), Counters()
    for _ in range(outcomes):
        turns = dice.randint(1, 80)
        signals = Signals(turns=turns, cost=turns * dice.random(), timeout=dice.random() < 0.1)
        counters = learn(counters, Outcome(dice.random() < 0.5, "fix the bug", model="m", signals=signals))
    return counters


HISTORIES = [Counters(), history(1, 4), history(2, 60)]


@given(runs(), AMOUNT, AMOUNT, st.sampled_from(["turns", "cost", "seconds", "diff_lines"]), st.sampled_from(HISTORIES))
def test_more_turns_cost_time_or_change_never_lower_the_score(
    run: Signals, one: float, other: float, name: str, counters: Counters
) -> None:
    less, more = sorted((one, other))
    low = score_after("done", replace(run, **{name: less}), counters, "m").value
    high = score_after("done", replace(run, **{name: more}), counters, "m").value
    assert low <= high + 1e-12


@pytest.mark.parametrize("bad", ["timeout", "empty", "stalled", "overflow"])
@given(runs(), st.sampled_from(HISTORIES))
def test_a_bad_end_never_lowers_the_score(bad: str, run: Signals, counters: Counters) -> None:
    without = score_after("done", replace(run, **{bad: False}), counters, "m").value
    assert without <= score_after("done", replace(run, **{bad: True}), counters, "m").value


@given(runs(), st.text(max_size=200), st.sampled_from(HISTORIES))
def test_every_run_has_a_bounded_score_and_the_same_one_twice(run: Signals, text: str, counters: Counters) -> None:
    score = score_after(text, run, counters, "m")
    assert 0.0 < score.value < 1.0
    assert score == score_after(text, run, counters, "m")
    assert "\n" not in score.reason


def test_what_is_unknown_moves_nothing() -> None:
    assert score_after(None, None) == score_after(None, Signals()) == score_after(None, {}) == score_after(None)
    assert score_after(None).parts == ()


def test_a_failing_check_a_limit_and_an_empty_change_each_outweigh_a_long_run() -> None:
    long = score_after("done", Signals(turns=80)).value
    for signals in (Signals(failed_checks=2), Signals(timeout=True), Signals(empty=True)):
        assert score_after("done", signals).value > 0.75 > long
    assert score_after("done", Signals(turns=80, failed_checks=0)).value < 0.25


def test_the_same_turns_are_many_for_one_model_and_few_for_another() -> None:
    counters = Counters()
    for turns in range(5, 25):
        counters = learn(counters, Outcome(True, "fix", model="fast", signals=Signals(turns=turns)))
        counters = learn(counters, Outcome(True, "fix", model="slow", signals=Signals(turns=turns * 10)))
    fast, slow = (score_after(None, Signals(turns=60), counters, model).value for model in ("fast", "slow"))
    assert fast > slow + 0.3


@pytest.mark.parametrize(
    ("record", "signals"),
    [
        ({"api_calls": 12, "cost_usd": "0.4"}, Signals(turns=12.0, cost=0.4)),
        ({"steps": 30, "exit_status": "submitted (exit_cost)"}, Signals(turns=30.0, timeout=True)),
        ({"exit_status": "LimitsExceeded"}, Signals(timeout=True)),
        ({"exit_status": "Submitted"}, Signals(timeout=False, finished=True)),
        ({"exit_status": "exit_context"}, Signals(timeout=False, finished=False, overflow=True)),
        ({"patch": ""}, Signals(empty=True, diff_lines=0.0)),
        ({"patch": "--- a\n+++ b\n-x\n+y\n"}, Signals(empty=False, diff_lines=2.0)),
        ({"steps": "many", "cost": float("nan"), "failed": -3}, Signals()),
        ({"failed_tests": ["a", "b"]}, Signals(failed_checks=2.0)),
        ({"approved": "rejected"}, Signals(accepted=False)),
    ],
)
def test_records_of_other_harnesses_are_read(record: dict[str, Any], signals: Signals) -> None:
    assert signals_of(record) == signals


def test_doubt_is_read_from_the_end_of_an_answer() -> None:
    sure = "I fixed the parser; the tests pass."
    assert doubt_in(sure) == 0.0
    for doubt in (
        "I'm sorry, I cannot do that.",
        "It might be this, perhaps.",
        "```python\nx = 1",
        "again and again\n" * 9,
    ):
        assert doubt_in(doubt) > 0
        assert score_after(doubt).value > score_after(sure, kind=score_after(doubt).kind).value


def test_the_reason_names_what_weighs_most() -> None:
    score = score_after("done", {"steps": 70, "failed": 2, "exit_status": "LimitsExceeded"})
    assert score.reason == "2 failing +2.4; cut off at a limit +2.4; 70 turns +1.2"


def test_a_text_that_may_be_the_task_is_not_read_for_doubt() -> None:
    doubtful = "I think it might be broken, perhaps."
    told = [
        score_after(doubtful, Signals(turns=9), kind="bug"),
        score_after("It is broken.", Signals(turns=9), kind="bug"),
    ]
    assert "hedging" not in {part.name for part in told[0].parts}
    known = score_after(doubtful, Signals(turns=9), kind="bug", task="fix the bug")
    assert "hedging" in {part.name for part in known.parts}
