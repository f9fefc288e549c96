"""Learning: bounded, deterministic, storable, and worth it on a stream that mixes models of different scales."""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experience.histogram import KEPT, Histogram
from engine.routing import Counters, Outcome, Signals, learn, score_after
from engine.routing.after import HAND
from engine.routing.learning import MAX_GROUPS, REACH
from engine.routing.outcomes import outcome_of
from tests.engine.routing.area import apgr

AMOUNTS = st.lists(st.floats(1e-4, 1e6), min_size=1, max_size=60)
STREAM = st.lists(
    st.builds(
        Outcome,
        st.booleans(),
        st.sampled_from(["fix the bug", "rename a", "prove it"]),
        model=st.sampled_from(["a", "b"]),
        signals=st.builds(Signals, turns=st.none() | st.floats(0, 1e5), failed_checks=st.none() | st.integers(0, 9)),
        rescued=st.none() | st.booleans(),
    ),
    max_size=25,
)


class Recorded(NamedTuple):
    model: str
    record: dict[str, Any]
    small: bool
    large: bool


def recorded(dice: random.Random, model: str, ease: float, scale: float, price: float, count: int) -> list[Recorded]:
    """Made-up outcomes: hard tasks fail more often, take more turns, and turns cost more the more there are."""
    found = []
    for _ in range(count):
        hard = dice.gauss(0, 1)
        small = dice.random() < 1 / (1 + math.exp(1.3 * hard - ease))
        large = dice.random() < 1 / (1 + math.exp(hard - ease - 1))
        turns = max(1, round(scale * math.exp(0.17 * hard + 0.35 * dice.gauss(0, 1) + 0.15 * (not small))))
        cost = price * turns**1.3 * math.exp(0.3 * dice.gauss(0, 1))
        found.append(Recorded(model, {"steps": turns, "cost": cost}, small, large))
    return found


def mixed(seed: int) -> list[Recorded]:
    dice = random.Random(seed)
    scales = [(30, 0.001), (20, 0.02), (60, 0.0004), (12, 1.0), (40, 0.005)]
    dice.shuffle(scales)
    sets = [
        recorded(dice, f"m{number}", ease, *scales[number], 120)
        for number, ease in enumerate((0.0, 1.0, -1.0, 0.3, 1.5))
    ]
    stream = [one for part in sets for one in part]
    dice.shuffle(stream)
    return stream


def test_on_a_mixed_stream_learning_recovers_more_than_counting_turns() -> None:
    gains = []
    for seed in range(3):
        stream = mixed(seed)
        small, large = [one.small for one in stream], [one.large for one in stream]
        by_turns = apgr([one.record["steps"] for one in stream], small, large)
        counters, scores = Counters(), []
        for one in stream:
            scores.append(score_after("fix the bug", one.record, counters, one.model).value)
            counters = learn(counters, {**one.record, "resolved": one.small, "text": "fix the bug", "model": one.model})
        gains.append(apgr(scores, small, large) - by_turns)
    assert min(gains) > 0.02


@given(STREAM)
def test_the_same_history_makes_the_same_counters_and_they_survive_being_stored(stream: list[Outcome]) -> None:
    one, other = Counters(), Counters()
    for outcome in stream:
        before = one
        one, other = learn(one, outcome), learn(other, outcome)
        assert before.seen + 1 == one.seen
    assert one == other
    assert msgspec.json.decode(msgspec.json.encode(one), type=Counters) == one
    assert one.tally().total == len(stream)


@given(STREAM)
def test_learned_weights_stay_near_the_hand_set_ones_and_keep_their_sign(stream: list[Outcome]) -> None:
    counters = Counters()
    for outcome in stream * 3:
        counters = learn(counters, outcome)
    for hand, delta in zip(HAND[1:], counters.after.delta[1:], strict=False):
        assert abs(delta) <= REACH
        assert hand * (hand + delta) >= 0


def test_ever_new_names_do_not_make_counters_grow_without_end() -> None:
    counters = Counters()
    for number in range(MAX_GROUPS):
        counters = learn(counters, Outcome(True, model=f"m{number}"))
    assert len(counters.tallies) <= MAX_GROUPS
    assert counters.tally().total == MAX_GROUPS


@given(AMOUNTS, st.floats(1e-5, 1e7), st.floats(1e-5, 1e7))
def test_a_rank_lies_between_0_and_1_and_never_falls(amounts: list[float], one: float, other: float) -> None:
    spread = Histogram()
    for amount in amounts:
        spread = spread.add(amount)
    low, high = sorted((one, other))
    assert 0.0 <= spread.rank(low) <= spread.rank(high) <= 1.0


@given(AMOUNTS)
def test_a_quantile_is_at_most_a_bin_above_what_was_seen(amounts: list[float]) -> None:
    spread = Histogram()
    for amount in amounts:
        spread = spread.add(amount)
    exact = sorted(amounts)[max(0, math.ceil(0.9 * len(amounts)) - 1)]
    assert exact * 0.999 <= spread.quantile(0.9) <= exact * 1.2


def test_what_was_long_ago_counts_less_and_takes_no_more_room() -> None:
    spread = Histogram()
    for _ in range(KEPT):
        spread = spread.add(10)
    for _ in range(KEPT):
        spread = spread.add(100)
    assert spread.total <= KEPT
    assert spread.rank(50) < 0.5
    assert len(spread.bins) == 2


def test_a_record_needs_a_word_on_how_it_ended() -> None:
    assert outcome_of({"resolved": 1, "steps": 4, "model": "m"}) == Outcome(True, model="m", signals=Signals(turns=4.0))
    with pytest.raises(ValueError, match="resolved"):
        outcome_of({"steps": 4})


def test_a_failure_that_a_larger_model_shares_does_not_speak_for_a_climb() -> None:
    hopeless = promising = Counters()
    for _ in range(20):
        hopeless = learn(hopeless, Outcome(False, "fix it", model="m", signals=Signals(turns=9), rescued=False))
        promising = learn(promising, Outcome(False, "fix it", model="m", signals=Signals(turns=9), rescued=True))
    after = [score_after("fix it", Signals(turns=9), counters, "m").value for counters in (hopeless, promising)]
    assert after[0] < after[1]
