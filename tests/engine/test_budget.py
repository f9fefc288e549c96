"""Budgets: nothing is sent that could go beyond a cap, at no node, with any calls side by side, killed at any point."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import events as e
from engine.budget import (
    TIME_SLICE_MS,
    USEFUL_OUTPUT_TOKENS,
    Ask,
    Budget,
    Cap,
    Dimension,
    Granted,
    Node,
    OnCap,
    Price,
    Refusal,
    Spend,
    fit,
)
from engine.budget_wish import opening_budget, wished_budget
from engine.codec import decode, encode, kind_of
from engine.decide import with_consequences
from engine.desk import LaneDesk
from engine.errors import OverBudget
from engine.evolve import fold
from engine.flow import Flow
from engine.flow import Node as FlowNode
from engine.journal import Journal, history_of
from engine.sandbox.sandbox import Sandbox
from engine.scheduler import resume
from engine.seats import Seats
from engine.spending import account_of, nodes_above, spent, total
from engine.state import Run
from engine.wishes import Granted as WishGranted
from engine.words import Failure, Rung, RunId, TaskId, TaskState, TurnUsage
from tests.stubs.clock import FakeClock, settle
from tests.stubs.ledger import MemoryLedger
from tests.stubs.runs import CLOUD, Played, roster, started

EDIT = TaskId("edit")
PRICE = Price(2_000, 200, 10_000, "test")
HUGE = Rung("cloud/huge", "cloud", is_local=False, host="cloud", slots=64)
FREE = Price()


def many(tasks: int) -> Flow:
    """A flow of so many edits side by side."""
    return Flow("many", "", tuple(FlowNode(f"t{n}", agent="coder", edits=True) for n in range(tasks)))


def money(usd: float) -> Budget:
    return Budget(Cap(micro_usd=round(usd * 1e6)))


# ---- fit: the arithmetic --------------------------------------------------------------------------------------------

amounts = st.integers(0, 10**9)
caps = st.builds(Cap, *[st.none() | amounts] * 3)
nodes = st.builds(Node, st.sampled_from(["run", "task", "attempt"]), caps, st.builds(Spend, amounts, amounts, amounts))
prices = st.none() | st.builds(Price, st.integers(0, 10**5), st.just(0), st.integers(0, 10**5))


@given(st.builds(Ask, st.integers(0, 10**6), st.integers(1, 10**5), prices), st.lists(nodes, max_size=4).map(tuple))
def test_what_is_granted_takes_no_node_beyond_its_cap(ask: Ask, above: tuple[Node, ...]) -> None:
    found = fit(ask, above)
    if isinstance(found, Refusal):
        return
    assert min(ask.output_tokens, USEFUL_OUTPUT_TOKENS) <= found.output_tokens <= ask.output_tokens
    for node in above:
        for dimension in Dimension:
            cap = node.cap.of(dimension)
            assert cap is None or node.total.of(dimension) + found.held.of(dimension) <= cap


def test_a_reply_is_shortened_to_what_is_left_and_refused_when_that_is_of_no_use() -> None:
    ask = Ask(1_000, 8_000, PRICE)

    shortened = fit(ask, (Node("run", Cap(micro_usd=12_000), Spend()),))
    refused = fit(ask, (Node("run", Cap(micro_usd=4_500), Spend()),))

    assert isinstance(shortened, Granted)
    assert (shortened.output_tokens, shortened.held.micro_usd) == (1_000, 12_000)
    assert refused == Refusal("run", Dimension.MONEY, 4_560, 4_500, 4_500)


def test_a_model_without_a_price_is_not_asked_while_money_is_capped_and_is_otherwise() -> None:
    ask = Ask(10, 10, None)

    assert isinstance(fit(ask, (Node("run", Cap(tokens=10_000), Spend()),)), Granted)
    refused = fit(ask, (Node("run", Cap(micro_usd=10**9), Spend()),))
    assert isinstance(refused, Refusal)
    assert refused.is_unpriced


def test_no_money_at_all_still_lets_local_models_work() -> None:
    found = fit(Ask(1_000, 1_000, FREE), (Node("run", Cap(micro_usd=0), Spend()),))

    assert isinstance(found, Granted)


# ---- the desk: calls side by side -----------------------------------------------------------------------------------


class Office:
    """Many lanes of one run, each with a real desk, on one journal; the engine may be killed and started again."""

    def __init__(self, budget: Budget, tasks: int) -> None:
        self.ledger, self.clock = MemoryLedger(), FakeClock()
        self.journal = Journal(self.ledger, self.clock, Run(RunId("r1")))
        self.budget, self.flow = budget, many(tasks)
        self.names = [TaskId(f"t{number}") for number in range(tasks)]
        self.seats = Seats()
        self.bill = Spend()
        """What providers really took."""

    async def open(self) -> None:
        people = roster((CLOUD,))
        await self.journal.record(started(self.flow, budget=self.budget, cloud_allowed=True, roster=people, check=None))
        await self.begin()

    async def begin(self) -> None:
        """Start every attempt that is due."""
        for name in self.names:
            task = self.journal.run.tasks[name]
            if task.state in (TaskState.PENDING, TaskState.REVISING):
                await self.journal.record(e.TaskStarted(name, task.attempt + 1, "coder", "m", "cloud", "c0"))

    def desk(self, name: TaskId) -> LaneDesk:
        attempt = self.journal.run.tasks[name].attempt
        return LaneDesk(self.journal, self.seats, cast(Sandbox, None), self.clock, name, attempt)

    async def kill(self) -> None:
        """Another engine takes over from the log alone, and starts the attempts again."""
        before = self.journal.run
        rows = [row for row in self.ledger.rows]
        self.journal = Journal(self.ledger, self.clock, fold(RunId("r1"), history_of(rows)))
        assert total(self.journal.run) == total(before)
        await resume(self.journal, 2)
        assert total(self.journal.run) == total(before)
        await self.begin()
        assert total(self.journal.run) == total(before)

    def hold(self) -> None:
        """Whatever was billed is counted, and what is counted is within every cap."""
        run = self.journal.run
        counted = total(run)
        for dimension in (Dimension.TOKENS, Dimension.MONEY):
            assert self.bill.of(dimension) <= counted.of(dimension)
            cap = run.budget.run.of(dimension)
            assert cap is None or counted.of(dimension) <= cap
        for name in self.names:
            for node in nodes_above(run, name):
                assert all((node.left(dimension) or 0) >= 0 for dimension in Dimension)


async def one_lane(office: Office, name: TaskId, luck: random.Random, calls: int) -> None:
    """Call after call, of any size and outcome, until the budget ends it; then the attempt is over."""
    await calls_of(office, name, luck, calls)
    await office.journal.record(e.AttemptFailed(name, office.journal.run.tasks[name].attempt, Failure.CRASHED, "over"))


async def calls_of(office: Office, name: TaskId, luck: random.Random, calls: int) -> None:
    desk = office.desk(name)
    for turn in range(1, calls + 1):
        ask = Ask(luck.randint(1, 40_000), luck.randint(1, 8_000), PRICE)
        async with desk.seat(HUGE, turn):
            try:
                allowed = await desk.send(e.TurnStarted(name, turn, "m"), ask, HUGE)
            except OverBudget:
                return
            office.hold()
            for _ in range(luck.randint(0, 3)):
                await asyncio.sleep(0)
            await end_call(office, desk, name, turn, luck, ask, allowed)
            office.hold()


async def end_call(  # all that one call is
    office: Office, desk: LaneDesk, name: TaskId, turn: int, luck: random.Random, ask: Ask, allowed: int
) -> None:
    """The provider takes its money; how the call ends for us is another matter."""
    prompt, output = luck.randint(0, ask.prompt_tokens), luck.randint(0, allowed)
    took = Spend(prompt + output, PRICE.micro_usd(prompt, output))
    office.bill = office.bill.plus(took)
    way = luck.choice(("ended", "ended", "ended", "broke", "cut"))
    if way == "ended":
        usage = TurnUsage(prompt, 0, output)
        await desk.record(e.TurnEnded(name, turn, usage, charged=took))
    elif way == "broke":
        await desk.record(e.TurnFailed(name, turn, Failure.UNREACHABLE, "the connection broke"))


lives = st.lists(st.integers(0, 2**32), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 8),
    lives,
    st.none() | st.integers(0, 400_000),
    st.none() | st.integers(0, 1_500_000),
    st.none() | st.integers(0, 300_000),
)
async def test_spend_never_exceeds_a_cap_and_is_exact_after_every_resume(
    tasks: int, seeds: list[int], run_tokens: int | None, run_money: int | None, task_money: int | None
) -> None:
    budget = Budget(Cap(run_tokens, run_money), Cap(micro_usd=task_money), Cap(tokens=200_000))
    office = Office(budget, tasks)
    await office.open()
    for seed in seeds:
        luck = random.Random(seed)
        async with asyncio.TaskGroup() as group:
            lanes = [group.create_task(one_lane(office, name, luck, 6)) for name in office.names]
            await settle(luck.randint(1, 60))
            for lane in lanes:
                lane.cancel()
        office.hold()
        await office.kill()
        office.hold()


async def test_a_hundred_lanes_at_one_cap_never_get_past_it() -> None:
    office = Office(money(0.5), 100)
    await office.open()
    luck = random.Random(7)

    async with asyncio.TaskGroup() as group:
        for name in office.names:
            group.create_task(one_lane(office, name, luck, 20))

    office.hold()
    assert total(office.journal.run).micro_usd > 350_000
    refused = [row for row in office.ledger.rows if row.kind == "CallRefused"]
    assert len(refused) == 100


async def test_the_worst_case_is_durable_before_a_call_may_go_out() -> None:
    office = Office(money(1), 1)
    await office.open()
    office.ledger.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(office.desk(office.names[0]).send(start(1), Ask(1_000, 100, PRICE), HUGE))
        await settle()
        assert not sending.done()
        office.ledger.gate.set()
    last = office.ledger.rows[-1]
    assert decode(last.kind, last.payload) == put_held(start(1), Spend(1_100, 3_000))


def start(turn: int, name: str = "t0") -> e.TurnStarted:
    return e.TurnStarted(TaskId(name), turn, "m")


def put_held(event: e.TurnStarted, held: Spend) -> e.TurnStarted:
    return e.TurnStarted(event.task, event.turn, event.model, held)


async def test_a_call_that_others_hold_up_waits_for_their_end_and_is_not_refused() -> None:
    office = Office(money(0.1), 2)
    await office.open()
    first, second = map(office.desk, office.names)
    await first.send(start(1), Ask(40_000, 1_000, PRICE), HUGE)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(second.send(start(1, "t1"), Ask(20_000, 1_000, PRICE), HUGE))
        await settle()
        assert not waiting.done()
        await first.record(e.TurnEnded(TaskId("t0"), 1, TurnUsage(10, 0, 10), charged=Spend(20, 120)))
    assert waiting.result() == 1_000


async def test_lanes_whose_calls_were_cut_unseen_never_wait_for_each_other() -> None:
    office = Office(money(0.1), 2)
    await office.open()
    desks = list(map(office.desk, office.names))
    for number, desk in enumerate(desks):
        await desk.send(start(1, f"t{number}"), Ask(20_000, 500, PRICE), HUGE)

    async def again(number: int) -> None:
        with pytest.raises(OverBudget):
            await desks[number].send(start(2, f"t{number}"), Ask(20_000, 500, PRICE), HUGE)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(again(0))
        group.create_task(again(1))
    assert total(office.journal.run) == spent(office.journal.run) == Spend(41_000, 90_000)


async def test_a_call_whose_end_nobody_saw_is_charged_its_worst_case() -> None:
    office = Office(money(1), 1)
    await office.open()
    await office.desk(office.names[0]).send(start(1), Ask(1_000, 100, PRICE), HUGE)

    await office.kill()

    account = account_of(office.journal.run, office.names[0])
    assert account.held == Spend()
    assert account.spent == Spend(1_100, 3_000)
    assert account.attempt_spent == account.spent


# ---- seconds --------------------------------------------------------------------------------------------------------


async def test_a_call_is_cut_when_its_time_and_everybody_else_s_is_used_up() -> None:
    office = Office(Budget(Cap(ms=70_000)), 1)
    await office.open()
    desk = office.desk(office.names[0])
    async with asyncio.TaskGroup() as group:
        cut = group.create_task(desk.interrupted())
        await desk.send(start(1), Ask(10, 10, FREE), HUGE)
        assert total(office.journal.run).ms == TIME_SLICE_MS
        await office.clock.advance(69.0)
        assert not cut.done()
        assert total(office.journal.run).ms == 70_000
        await office.clock.advance(1.1)
        assert cut.done()
    await desk.record(e.TurnEnded(TaskId("t0"), 1, TurnUsage(), "interrupted", charged=Spend(ms=70_150)))
    assert total(office.journal.run).ms == 70_000
    with pytest.raises(OverBudget, match="used up"):
        await desk.send(start(2), Ask(10, 10, FREE), HUGE)


async def test_time_that_a_call_did_not_need_comes_back() -> None:
    office = Office(Budget(Cap(ms=40_000)), 2)
    await office.open()
    one, other = map(office.desk, office.names)
    await one.send(start(1), Ask(1, 1, FREE), HUGE)
    await other.send(start(1, "t1"), Ask(1, 1, FREE), HUGE)
    assert total(office.journal.run).ms == 40_000

    await one.record(e.TurnEnded(TaskId("t0"), 1, TurnUsage(), charged=Spend(ms=2_000)))

    assert total(office.journal.run).ms == 12_000


# ---- warnings -------------------------------------------------------------------------------------------------------


def at_turn(played: Played, turn: int, cost: int, *, tokens: int = 0) -> tuple[e.Event, ...]:
    """A whole call; what is logged at its end."""
    played.record(e.TurnStarted(EDIT, turn, "m", Spend(tokens, cost)))
    return played.record(e.TurnEnded(EDIT, turn, TurnUsage(), charged=Spend(tokens, cost)))


def warnings(logged: tuple[e.Event, ...]) -> list[tuple[str, int]]:
    return [(event.node, event.per_cent) for event in logged if isinstance(event, e.BudgetWarned)]


def test_seventy_and_ninety_per_cent_are_said_once_each() -> None:
    played = Played(budget=money(1)).start()

    said = [warnings(at_turn(played, turn, 100_000)) for turn in range(1, 11)]

    assert said == [[], [], [], [], [], [], [("run", 70)], [], [("run", 90)], []]


def test_a_jump_over_both_is_one_warning_and_a_raise_begins_anew() -> None:
    played = Played(budget=money(1)).start()

    assert warnings(at_turn(played, 1, 950_000)) == [("run", 90)]
    played.wish("set_budget", usd=2.0)
    assert warnings(at_turn(played, 2, 500_000)) == [("run", 70)]


def test_each_node_warns_for_itself() -> None:
    played = Played(budget=Budget(Cap(micro_usd=10**6), Cap(tokens=1_000), Cap(tokens=500))).start()

    assert warnings(at_turn(played, 1, 0, tokens=360)) == [("attempt edit 1", 70)]
    assert warnings(at_turn(played, 2, 0, tokens=360)) == [("task edit", 70), ("attempt edit 1", 90)]


# ---- at the cap -----------------------------------------------------------------------------------------------------


def refused(played: Played, dimension: Dimension = Dimension.MONEY, needed: int = 300_000) -> Played:
    """The running attempt's next call does not fit."""
    cap = played.run.budget.run.of(dimension) or 0
    left = cap - total(played.run).of(dimension)
    lacking = Refusal("run", dimension, needed, left, cap)
    played.record(e.CallRefused(EDIT, 2, lacking))
    why = "the budget of the run is used up: $1.00"
    played.record(e.AttemptFailed(EDIT, played.task().attempt, Failure.BUDGET, why, "read a.py, found the bug"))
    return played


def in_the_cloud(**more: Any) -> Played:
    """A task that works on a cloud model, most of a dollar spent."""
    played = Played(budget=money(1), cloud_allowed=True, **more)
    played.record(e.TaskStarted(EDIT, 1, "coder", CLOUD.model, "cloud", "c0", rung=2))
    at_turn(played, 1, 900_000)
    return played


def test_the_person_is_asked_to_raise_it_to_stay_local_or_to_stop() -> None:
    played = refused(in_the_cloud())

    asked = played.question()
    assert (asked.form, asked.options, asked.default) == ("budget", ("raise", "local", "stop"), "stop")
    assert played.state() is TaskState.WAITING


def test_a_raise_is_by_as_much_as_was_given_and_lets_every_waiting_task_go_on() -> None:
    played = refused(in_the_cloud())

    played.wish("answer", approval=played.question().approval, answer="raise")

    assert played.run.budget.run.micro_usd == 2_000_000
    assert (played.state(), played.task().rung) == (TaskState.REVISING, 2)
    assert played.task().feedback == "read a.py, found the bug"
    assert not played.run.open_approvals()


def test_a_raise_adds_the_amount_until_the_call_fits() -> None:
    played = refused(in_the_cloud(), needed=2_500_000)

    played.wish("answer", approval=played.question().approval, answer="raise")

    assert played.run.budget.run.micro_usd == 4_000_000


def test_staying_local_goes_on_with_the_best_local_model_and_the_cloud_s_digest() -> None:
    played = refused(in_the_cloud())

    played.wish("answer", approval=played.question().approval, answer="local")

    assert (played.state(), played.task().rung) == (TaskState.REVISING, 1)
    assert played.task().feedback == "read a.py, found the bug"
    assert played.run.budget.run.micro_usd == 1_000_000


def test_stopping_fails_the_task_with_the_reason() -> None:
    played = refused(in_the_cloud())

    played.wish("answer", approval=played.question().approval, answer="stop")

    assert (played.state(), played.task().reason) == (TaskState.FAILED, "the budget of the run is used up: $1.00")


def test_with_nobody_there_it_stays_local_if_so_set_and_fails_otherwise() -> None:
    budget = Budget(Cap(micro_usd=10**6), on_cap=OnCap.LOCAL)
    stays, ends = in_the_cloud(is_unattended=True), in_the_cloud(is_unattended=True)
    stays.record(e.BudgetSet(budget))

    assert refused(stays).state() is TaskState.REVISING
    assert stays.task().rung == 1
    assert stays.history[-1] == e.TaskRevised(
        EDIT, Failure.BUDGET, stays.history[-1].reaction, "budget: local (budget)",  # type: ignore[attr-defined]  # a TaskRevised
        "stays local: the budget of the run is used up: $1.00", "coder", 1,
        "read a.py, found the bug", "c0",
    )  # fmt: skip
    assert refused(ends).state() is TaskState.FAILED


def test_staying_local_does_not_help_where_tokens_or_time_ran_out() -> None:
    played = Played(budget=Budget(Cap(tokens=1_000), on_cap=OnCap.LOCAL), cloud_allowed=True)
    played.record(e.TaskStarted(EDIT, 1, "coder", CLOUD.model, "cloud", "c0", rung=2))

    assert refused(played, Dimension.TOKENS, 2_000).question().options == ("raise", "stop")


def test_a_run_that_is_to_stop_fails_at_the_cap_without_a_question() -> None:
    played = in_the_cloud()
    played.record(e.BudgetSet(Budget(Cap(micro_usd=10**6), on_cap=OnCap.STOP)))

    assert refused(played).state() is TaskState.FAILED


def test_a_model_without_a_price_cannot_be_bought_with_a_raise() -> None:
    played = in_the_cloud()
    played.record(e.CallRefused(EDIT, 2, Refusal("run", Dimension.MONEY, 0, 100, 100, is_unpriced=True)))
    played.fail(Failure.BUDGET, why="nobody knows what it costs")

    assert played.question().options == ("local", "stop")


# ---- wishes ---------------------------------------------------------------------------------------------------------


def test_a_higher_cap_lets_what_waited_for_it_go_on() -> None:
    played = refused(in_the_cloud())

    assert isinstance(played.wish("set_budget", usd=1.1), WishGranted)
    assert played.state() is TaskState.WAITING
    played.wish("set_budget", usd=5)
    assert played.state() is TaskState.REVISING


@pytest.mark.parametrize("wrong", [{"usd": -1}, {"usd": "much"}, {"tokens": 1e15}, {"node": "world"}, {"on_cap": "x"}])
def test_what_is_no_budget_is_refused(wrong: dict[str, Any]) -> None:
    played = Played(budget=money(1))

    assert not isinstance(played.wish("set_budget", **wrong), WishGranted)
    assert played.run.budget == money(1)


def test_a_wish_names_one_node_and_leaves_the_others() -> None:
    budget = Budget(Cap(tokens=5), Cap(ms=1_000))

    assert wished_budget(budget, "", {"usd": 2}) == Budget(Cap(tokens=5, micro_usd=2_000_000), Cap(ms=1_000))
    assert wished_budget(budget, "edit", {"tokens": 9}).of_task("edit") == Cap(tokens=9, ms=1_000)
    assert wished_budget(budget, "", {"tokens": None}).run.is_open
    assert opening_budget({"attempt": {"seconds": 60}, "on_cap": "local"}) == Budget(
        attempt=Cap(ms=60_000), on_cap=OnCap.LOCAL
    )


# ---- logs -----------------------------------------------------------------------------------------------------------


def test_turns_of_an_older_log_count_with_what_they_say_of_themselves() -> None:
    played = Played().start()
    played.record(e.TurnStarted(EDIT, 1, "m"), e.TurnEnded(EDIT, 1, TurnUsage(100, 0, 20, 1.5, cost_usd=0.25)))

    assert spent(played.run) == Spend(120, 250_000, 1_500)


def test_a_budget_and_its_facts_come_back_from_the_log() -> None:
    played = refused(in_the_cloud())
    back = [decode(kind_of(event), encode(event)) for event in played.history]

    assert back == played.history
    run, _ = with_consequences(Run(RunId("r1")), (played.history[0],), 0.0)
    assert run.budget == money(1)
