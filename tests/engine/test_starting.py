"""Where a task starts: what the state knows of its brief, its tools and the money that is left has a say."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine import events as e
from engine.budget import Budget, Cap, Price, Spend
from engine.evolve import fold
from engine.flow import Flow, Node
from engine.material import context_tokens, needs_tools
from engine.policy import starting_rung
from engine.starting import start_of
from engine.words import Answer, Role, Rung, TaskId, TaskSpec, TurnUsage
from tests.stubs.runs import DIGEST, LARGE, QUICK, QUICK_FLOW, Played, roster, started

SMALL = replace(QUICK, window_tokens=4_000)
ROOMY = replace(LARGE, window_tokens=32_000)
DEAR = Rung("cloud/huge", "cloud", is_local=False, window_tokens=200_000)
LOCAL = (SMALL, ROOMY)
DEEP = "Design a distributed scheduler: architecture, consensus, trade-offs"
PRICES = {DEAR.model: Price(15_000, 1_500, 75_000)}
CHAIN = Flow(
    "chain", "", (Node("outline", agent="summariser", reads=False), Node("draft", agent="coder", needs=("outline",)))
)


def after_an_outline(chars: int) -> Played:
    """A task that needs what another one said."""
    played = Played(CHAIN, roster=roster(LOCAL)).start("outline")
    played.record(e.TaskProduced(TaskId("outline"), 1, "an outline", "x" * chars))
    return played


def with_money(usd: float, ladder: tuple[Rung, ...] = (*LOCAL, DEAR), **more: Any) -> Played:
    """A run with so many dollars for all of it, in which the cloud is allowed."""
    budget = Budget(Cap(micro_usd=round(usd * 1e6)))
    return Played(roster=roster(ladder), cloud_allowed=True, budget=budget, prices=PRICES, **more)


def deep(played: Played) -> Played:
    """The same with a task that asks for the largest model."""
    task = played.task()
    tasks = {**played.run.tasks, task.task: replace(task, spec=replace(task.spec, goal=DEEP))}
    played.run = replace(played.run, tasks=tasks)
    return played


def test_what_others_said_before_is_counted_against_the_window() -> None:
    short, long = after_an_outline(2_000), after_an_outline(8_000)
    assert (start_of(short.run, short.task("draft")).rung, start_of(long.run, long.task("draft")).rung) == (0, 0)
    tight = replace(SMALL, window_tokens=2_400)
    card = replace(long.run.roster["coder"], ladder=(tight, ROOMY))
    found = start_of(replace(long.run, roster={**long.run.roster, "coder": card}), long.task("draft"))
    assert (found.rung, found.rule) == (1, "context")
    assert found.reason == "large: 2004 tokens fill more than 80% of the window below"


def test_of_a_result_only_what_the_brief_holds_is_counted() -> None:
    assert context_tokens(after_an_outline(8_000).run, after_an_outline(8_000).task("draft")) == 2_000
    long = after_an_outline(90_000)
    assert context_tokens(long.run, long.task("draft")) == 2_000


def test_a_work_under_review_weighs_by_its_change() -> None:
    played = Played(roster=roster(LOCAL)).start().produce(insertions=200, deletions=40)
    spec = TaskSpec("look", "review", Role.REVIEW, "reviewer", "look at it", about="edit")
    review = replace(played.task(), spec=spec, agent="reviewer", attempt=0)
    assert context_tokens(played.run, review) > 240 * 50 // 4


def test_an_item_that_does_not_fit_below_starts_where_it_fits() -> None:
    played = Played(DIGEST, roster=roster(LOCAL), items=("file:c0:a.py",))
    (task,) = played.run.of_node("map")
    assert starting_rung(played.run, task) == 0
    assert starting_rung(played.run, task, item_chars=12_900) == 1
    text = replace(task, spec=replace(task.spec, item="text:" + "x" * 12_900))
    assert starting_rung(played.run, text) == 1


def test_a_task_whose_own_words_fill_the_window_starts_higher() -> None:
    played = Played(roster=roster(LOCAL))
    task = replace(played.task(), spec=replace(played.task().spec, goal="mend this log\n" + "line\n" * 2_600))
    assert start_of(played.run, task).rule == "context"


@pytest.mark.parametrize("note", ["no tools", "tiny model"])
def test_work_starts_above_a_model_that_cannot_act_and_a_text_does_not(note: str) -> None:
    ladder = (replace(SMALL, notes=(note,)), ROOMY)
    work = Played(roster=roster(ladder))
    assert (start_of(work.run, work.task()).rung, start_of(work.run, work.task()).rule) == (1, "capability")
    text = Played(DIGEST, roster=roster(ladder), items=("text:a line",))
    assert start_of(text.run, text.run.of_node("map")[0]).rung == 0


@pytest.mark.parametrize(
    ("spec", "needs"),
    [
        (TaskSpec("a", "a", Role.WORK, "x", "g"), True),
        (TaskSpec("a", "a", Role.PLAN, "x", "g", reads=False), True),
        (TaskSpec("a", "a", Role.REVIEW, "x", "g", reads=False), True),
        (TaskSpec("a", "a", Role.TEXT, "x", "g", reads=False), False),
        (TaskSpec("a", "a", Role.TEXT, "x", "g"), True),
        (TaskSpec("a", "a", Role.TEXT, "x", "g", reads=False, answers={"kind": Answer(("bug",))}), True),
        (TaskSpec("a", "a", Role.WORK, "x", "g", reads=False, writes="digest.md"), False),
    ],
)
def test_tools_are_needed_by_what_acts_looks_around_or_answers_in_fields(spec: TaskSpec, needs: bool) -> None:
    assert needs_tools(replace(Played().task(), spec=spec)) is needs


def test_deep_work_starts_in_the_cloud_while_there_is_money_for_a_turn() -> None:
    rich, poor = deep(with_money(5.0)), deep(with_money(0.01))
    assert start_of(rich.run, rich.task()).tier == "cloud"
    found = start_of(poor.run, poor.task())
    assert (found.tier, found.rule) == ("large", "budget")
    assert found.reason == (
        "large: architecture is deep work; $0.01 is left and a turn above costs $0.05: it stays local"
    )


def test_money_that_other_tasks_spent_is_gone_for_this_one() -> None:
    played = deep(with_money(1.0))
    edit = TaskId("edit")
    played.start()
    played.record(e.TurnStarted(edit, 1, DEAR.model, Spend(100, 1_000_000)))
    played.record(e.TurnEnded(edit, 1, TurnUsage(), charged=Spend(100, 1_000_000)))
    other = replace(played.task(), spec=replace(played.task().spec, task="other", goal=DEEP), attempt=0)
    found = start_of(played.run, other)
    assert (found.tier, found.reason) == (
        "large", "large: architecture is deep work; the budget is spent: it stays local",
    )  # fmt: skip


def test_a_spent_budget_takes_nothing_from_local_models() -> None:
    played = deep(with_money(0.0, LOCAL))
    assert start_of(played.run, played.task()).rule == "kind"


def test_prices_stand_in_the_runs_first_fact_and_come_back_from_the_log() -> None:
    run = fold(Played().run.run, [(started(QUICK_FLOW, prices=PRICES), 1.0)])
    assert run.prices == PRICES
