"""What was spent of what may be: on the top line when a cap is set, and in words when something happens to it."""

from __future__ import annotations

from engine import events as e
from engine.budget import Budget, Cap, Dimension, Refusal, Spend
from engine.words import TaskId, TurnUsage
from tests.stubs.runs import Played
from tui.budget_text import budget_text
from tui.facts import fact_of
from tui.lane_view import Lens
from tui.view import board

EDIT = TaskId("edit")


def spending(budget: Budget) -> Played:
    played = Played(budget=budget).start()
    played.record(e.TurnStarted(EDIT, 1, "m", Spend(90_000, 600_000)))
    played.record(e.TurnEnded(EDIT, 1, TurnUsage(cost_usd=0.41), charged=Spend(12_000, 410_000, 65_000)))
    return played


def test_only_what_is_capped_is_shown_and_money_comes_first() -> None:
    everything = Budget(Cap(500_000, 2_500_000, 1_200_000))

    assert budget_text(spending(everything).run) == "$0.41 of $2.50, 12k of 500k tok, 01:05 of 20:00"
    assert budget_text(spending(Budget(Cap(micro_usd=2_500_000))).run) == "$0.41 of $2.50"
    assert budget_text(spending(Budget()).run) == ""


def test_what_is_held_for_a_call_that_is_out_counts() -> None:
    played = Played(budget=Budget(Cap(micro_usd=1_000_000))).start()
    played.record(e.TurnStarted(EDIT, 1, "m", Spend(0, 600_000)))

    assert budget_text(played.run) == "$0.60 of $1.00"


def test_the_top_line_shows_the_cap_when_there_is_one_and_the_cost_alone_otherwise() -> None:
    capped = board(spending(Budget(Cap(micro_usd=2_500_000))).run, Lens(now=9.0))
    free = board(spending(Budget()).run, Lens(now=9.0))

    assert capped.header.cost == "$0.41 of $2.50"
    assert free.header.cost == "$0.41"


def test_each_fact_of_a_budget_is_a_sentence() -> None:
    refusal = Refusal("run", Dimension.MONEY, 300_000, 100_000, 2_500_000)
    facts = [
        e.BudgetWarned("run", Dimension.MONEY, 70, 1_800_000, 2_500_000),
        e.BudgetSet(Budget(Cap(tokens=500_000)), is_raise=True),
        e.BudgetSet(Budget()),
        e.CallRefused(EDIT, 2, refusal),
        e.TimeHeld(EDIT, 2, 30_000),
        e.CloudPermitted(False),
    ]

    assert [fact_of(1, 0.0, fact).text for fact in facts] == [
        "70 % of the budget is used (run): $1.80 of $2.50",
        "raised by person: the run may spend 500k tokens",
        "set by person: the run may spend anything",
        "not sent: the next call may cost $0.30, and of the run's $2.50 only $0.10 are left",
        "takes 30 s more of the budget",
        "cloud models are not allowed any more",
    ]
