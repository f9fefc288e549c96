"""Where a task starts and when it climbs: the rules in their order, each with its line."""

from __future__ import annotations

import pytest

from engine.routing import Counters, Outcome, Permissions, Signals, after_run, decide, learn
from engine.words import Rung

SMALL = Rung("ollama/qwen3:4b", "quick", True, 16_384)
LARGE = Rung("ollama/qwen3-coder:30b", "large", True, 32_768)
CLOUD = Rung("anthropic/claude-sonnet-4-5", "cloud", False, 200_000)
LADDER = (SMALL, LARGE, CLOUD)
FREE = Permissions(cloud_allowed=True)
DEEP = "Design a distributed scheduler: architecture, consensus, trade-offs"


def of(outcomes: int, is_proven: bool, text: str = "fix the bug", turns: float = 10) -> Counters:
    counters = Counters()
    for number in range(outcomes):
        signals = Signals(turns=turns + number)
        counters = learn(counters, Outcome(is_proven, text, model=SMALL.model, signals=signals))
    return counters


def test_an_explicit_choice_comes_before_everything_else() -> None:
    found = decide("rename a to b", 90_000, LADDER, of(9, True), FREE, chosen="large")
    assert (found.rung, found.rule, found.reason) == (1, "your choice", "large: you chose it")


def test_a_choice_of_the_cloud_is_no_permission() -> None:
    found = decide(DEEP, 0, LADDER, chosen="cloud")
    assert LADDER[found.rung].is_local


@pytest.mark.parametrize(
    ("ladder", "permissions", "rung", "rule"),
    [
        ((CLOUD, SMALL), Permissions(), 1, "privacy"),
        ((CLOUD,), Permissions(), -1, "privacy"),
        ((CLOUD, SMALL), Permissions(cloud_allowed=True, budget_usd=0.0), 1, "budget"),
    ],
)
def test_privacy_and_budget_take_rungs_away(
    ladder: tuple[Rung, ...], permissions: Permissions, rung: int, rule: str
) -> None:
    found = decide(DEEP, 0, ladder, None, permissions)
    assert (found.rung, found.rule) == (rung, rule)


def test_a_context_beyond_four_fifths_of_the_window_starts_higher() -> None:
    assert decide("summarise this", 0.79 * 16_384, LADDER).rung == 0
    found = decide("summarise this", 0.81 * 16_384, LADDER)
    assert (found.rung, found.rule) == (1, "context")
    assert decide("summarise this", 1e9, LADDER).rung == 0


def test_a_model_that_cannot_act_is_passed_over_while_there_is_another() -> None:
    tiny = Rung("embedded/tiny", "quick", True, 2_048, notes=("tiny model",))
    assert decide("fix it", 0, (tiny, LARGE), needs_tools=True).rule == "capability"
    assert decide("fix it", 0, (tiny,), needs_tools=True).rung == 0
    assert decide("summarise it", 0, (tiny, LARGE)).rung == 0


def test_deep_work_starts_in_the_cloud_where_that_is_allowed_and_else_at_the_bottom() -> None:
    allowed, local = decide(DEEP, 0, LADDER, None, FREE), decide(DEEP, 0, LADDER)
    assert (allowed.tier, allowed.rule, allowed.reason) == ("cloud", "kind", "cloud: architecture is deep work")
    assert (local.rung, local.tier) == (0, "quick")
    assert local.reason.endswith("a climb is decided after the run")


def test_a_bug_starts_at_the_bottom_however_frightening_its_text() -> None:
    text = "Traceback (most recent call last):\n  File 'x.py', line 1\n" + "must not fail; " * 300
    found = decide(text, 9_000, LADDER, None, FREE)
    assert found.rung == 0
    assert found.reason == "quick: bug: how hard it is shows after the run"


def test_what_fails_here_again_and_again_starts_higher_and_what_is_proven_here_stays() -> None:
    failing = decide("fix the bug", 0, LADDER, of(9, False), FREE)
    assert (failing.tier, failing.rule) == ("large", "counters")
    assert failing.reason == "large: 0 of 9 of your bug tasks were proven on ollama/qwen3:4b"
    assert decide("fix the bug", 0, LADDER, of(9, False)).rung == 0
    proven = decide(DEEP, 0, LADDER, of(9, True, DEEP), FREE)
    assert (proven.rung, proven.rule) == (0, "counters")


def test_what_was_proven_here_is_blended_with_what_the_kind_foretells() -> None:
    rungs = [decide("fix the bug", 0, LADDER, of(failures, False), FREE).rung for failures in range(8)]
    assert rungs == [0, 0, 0, 0, 0, 1, 1, 1]
    mixed = of(5, False)
    for _ in range(4):
        mixed = learn(mixed, Outcome(True, "fix the bug", model=SMALL.model))
    assert decide("fix the bug", 0, LADDER, mixed, FREE).rung == 0
    deep = [decide(DEEP, 0, LADDER, of(proven, True, DEEP), FREE).rung for proven in (0, 6)]
    assert deep == [2, 0]


def test_where_no_rung_has_an_even_chance_the_likeliest_is_taken() -> None:
    pair = (SMALL, LARGE)
    higher = Permissions(starts_higher=True)
    assert decide(DEEP, 0, pair, None, higher).rung == 1
    assert decide(DEEP, 0, pair, of(30, False, DEEP), higher).rung == 1
    lost = Counters()
    for _ in range(30):
        lost = learn(lost, Outcome(False, DEEP, model=LARGE.model))
    assert decide(DEEP, 0, pair, lost, higher).rung == 0


def test_money_that_does_not_pay_for_a_turn_keeps_a_task_local() -> None:
    poor = Permissions(True, budget_usd=0.02, turn_usd={CLOUD.model: 0.05})
    found = decide(DEEP, 0, LADDER, None, poor)
    assert (found.rung, found.rule) == (1, "budget")
    assert found.reason.endswith("$0.02 is left and a turn above costs $0.05: it stays local")
    assert decide(DEEP, 0, LADDER, None, poor, chosen="cloud").rung == 2


def test_without_any_model_the_tier_is_named_all_the_same() -> None:
    assert decide("rename a to b").reason == "quick: rename is small work"
    assert decide(DEEP).tier == "large"
    assert decide(DEEP, permissions=FREE).tier == "cloud"
    assert decide(DEEP).rung == -1


def test_a_climb_is_said_with_this_users_own_measure() -> None:
    counters = of(12, True, turns=20)
    start = decide("fix the bug", 0, LADDER, counters, FREE)
    climb = after_run(start, Signals(turns=61, failed_checks=2), counters, LADDER, FREE, climbed=("large",))
    assert climb.climbs
    assert climb.reason == "cloud: 61 turns, your successful local fixes end by 32; 2 tests failing"


def test_into_each_tier_a_task_climbs_once_and_into_the_cloud_with_permission_only() -> None:
    start, bad = decide("fix the bug", 0, LADDER), Signals(turns=90, timeout=True, failed_checks=3)
    assert after_run(start, bad, None, LADDER).rung == 1
    stays = after_run(start, bad, None, LADDER, climbed=("large",))
    assert (stays.climbs, stays.rung) == (False, 0)
    assert after_run(start, bad, None, LADDER, FREE, climbed=("large",)).rung == 2
    assert not after_run(start, bad, None, LADDER, FREE, climbed=("large", "cloud")).climbs


def test_a_run_that_went_well_stays() -> None:
    start = decide("fix the bug", 0, LADDER, None, FREE)
    assert not after_run(start, Signals(turns=8, failed_checks=0), None, LADDER, FREE).climbs
