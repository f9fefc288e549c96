"""The worst case of a call bounds what any server can count, and a charge is never less than the bill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.prices import Prices
from agents.worst_case import CUT_TOKENS, WorstCase, charge, charge_of_fault
from engine.budget import Ask, Price, Spend
from engine.errors import Busy, MalformedReply, ModelFault, OverBudget, Unreachable
from engine.lane_events import TurnEnded, TurnFailed, TurnStarted
from engine.model import Message, ModelProfile, ModelRef, ModelRequest, Tier, ToolCall, ToolSpec, Usage
from engine.ports import Failed
from engine.words import Failure, Rung
from tests.agents.crew_room import SteppingModel, attempt, breaks, brief, finish, says, scripted
from tests.stubs.desk import PaperDesk

PROFILE = ModelProfile(ModelRef("ollama", "m"), "h", True, Tier.QUICK, 32_000, 32_000, True, False)
PRICE = Price(2_000, 200, 10_000)
TOOL = ToolSpec("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})

words = st.text(max_size=200)
roles: Any = st.sampled_from(["system", "user", "assistant", "tool"])
calls = st.builds(ToolCall, st.just("c1"), st.just("read"), st.dictionaries(words, words, max_size=2))
messages = st.builds(Message, roles, words, st.lists(calls, max_size=2).map(tuple))


def asked(request: ModelRequest, worst: WorstCase | None = None) -> Ask:
    return (worst or WorstCase()).ask(request, PROFILE, Prices())


def size_bytes(message: Message) -> int:
    return len(message.content.encode("utf-8", "replace"))


@given(st.lists(messages, min_size=1, max_size=6).map(tuple))
def test_a_prompt_s_bound_is_more_than_a_token_for_each_of_its_bytes(said: tuple[Message, ...]) -> None:
    assert asked(ModelRequest(said)).prompt_tokens > sum(map(size_bytes, said))


@given(st.lists(messages, min_size=1, max_size=6).map(tuple), st.lists(messages, max_size=3), st.integers(1, 10**6))
def test_what_a_server_has_counted_is_not_guessed_again(
    said: tuple[Message, ...], more: list[Message], counted: int
) -> None:
    worst = WorstCase()
    worst.learn(ModelRequest(said), Usage(prompt_tokens=counted))

    bound = asked(ModelRequest((*said, *more)), worst).prompt_tokens

    added = sum(map(size_bytes, more))
    assert counted + added <= bound
    if not more:
        assert bound == counted


def test_a_conversation_that_was_made_shorter_is_bounded_from_the_start() -> None:
    long = (Message("user", "x" * 1_000), Message("assistant", "y" * 1_000))
    worst = WorstCase()
    worst.learn(ModelRequest(long), Usage(prompt_tokens=10))

    assert asked(ModelRequest((Message("user", "z" * 900),)), worst).prompt_tokens > 900


def test_a_guess_of_a_server_teaches_nothing_and_tools_count() -> None:
    request = ModelRequest((Message("user", "x" * 400),))
    worst = WorstCase()
    worst.learn(request, Usage(prompt_tokens=1, is_estimated=True))

    plain, with_tools = asked(request, worst), asked(ModelRequest(request.messages, (TOOL,)), worst)

    assert plain.prompt_tokens > 400
    assert with_tools.prompt_tokens > plain.prompt_tokens + 1_000


def test_a_counted_reply_is_charged_as_counted_with_its_cached_part_at_its_price() -> None:
    ask = Ask(9_000, 500, PRICE)

    assert charge(ask, 500, Usage(1_000, 400, 100), "", 1.5) == Spend(1_100, 2_280, 1_500)


def test_a_reply_in_the_cloud_that_was_cut_is_charged_its_worst_case_for_thoughts_are_billed_unseen() -> None:
    for price in (PRICE, None):
        assert charge(Ask(1_000, 8_000, price), 6_000, None, "half", 0.0).tokens == 7_000


def test_a_local_reply_that_was_cut_is_charged_for_all_that_was_heard_and_a_little_more() -> None:
    ask = Ask(1_000, 8_000, Price())

    cut = charge(ask, 8_000, None, "é" * 100, 0.0)
    short = charge(ask, 300, None, "é" * 100, 0.0)

    assert cut.tokens == 1_000 + 200 + CUT_TOKENS
    assert short.tokens == 1_300


NOWHERE = Unreachable("m", "h", "cannot connect", was_sent=False)
LOST = Unreachable("m", "h", "the connection broke")


@pytest.mark.parametrize(
    ("fault", "said", "is_free"),
    [
        (NOWHERE, "", True),
        (Busy("m", "h", "wait"), "", True),
        (LOST, "", False),
        (Busy("m", "h", "overloaded"), "half a sen", False),
        (MalformedReply("m", "h", "cut"), "", False),
    ],
)
def test_a_failed_call_costs_nothing_only_when_it_was_never_taken(fault: ModelFault, said: str, is_free: bool) -> None:
    ask = Ask(1_000, 100, PRICE)

    found = charge_of_fault(ask, 100, fault, said, 2.0)

    assert found == (Spend(ms=2_000) if is_free else Spend(1_100, 3_000, 2_000))


class Tight(PaperDesk):
    """A desk under a budget: so many tokens a reply, or nothing at all."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left
        self.asks: list[Ask] = []

    async def send(self, started: TurnStarted, ask: Ask, rung: Rung) -> int:
        self.asks.append(ask)
        if not self.left:
            raise OverBudget(rung.model, rung.host, "the budget of the run is used up: $1.00")
        await super().send(started, ask, rung)
        return min(self.left, ask.output_tokens)


async def test_the_reply_that_is_asked_for_is_no_longer_than_the_budget_allows(tmp_path: Path) -> None:
    model, desk = scripted(finish()), Tight(300)

    await attempt(model, brief(tmp_path), desk)

    assert model.requests[0].max_output_tokens == 300
    assert desk.asks[0].output_tokens > 300


async def test_what_does_not_fit_is_not_sent_and_ends_the_attempt_with_a_digest(tmp_path: Path) -> None:
    model, desk = scripted(finish()), Tight(0)

    outcome = await attempt(model, brief(tmp_path), desk)

    assert isinstance(outcome, Failed)
    assert (outcome.failure, outcome.reason) == (Failure.BUDGET, "the budget of the run is used up: $1.00")
    assert model.requests == []
    assert not desk.of(TurnStarted)
    assert not desk.of(TurnFailed)


async def test_a_call_s_end_carries_its_charge_also_when_it_failed(tmp_path: Path) -> None:
    model = SteppingModel(breaks(LOST, "half"), breaks(NOWHERE), says("text", 500))
    desk = PaperDesk()

    await attempt(model, brief(tmp_path), desk)

    lost, nowhere = desk.of(TurnFailed)[:2]
    assert lost.charged is not None
    assert lost.charged.tokens > 1_000
    assert nowhere.charged is not None
    assert nowhere.charged.tokens == 0
    ended = desk.of(TurnEnded)[0]
    assert ended.charged is not None
    assert ended.charged.tokens == 505
