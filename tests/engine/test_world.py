"""Whatever the world does, a run ends, every task is settled, and the log alone gives the same state."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.flow import Flow, Node, Until, Vote
from engine.words import Answer, CheckSpec, Handoff
from tests.engine.random_flows import random_flow
from tests.engine.world import Temper, World, people
from tests.stubs.runs import BUILD, CHECK, DIGEST, QUICK_FLOW, REVIEWED

NEEDS_THE_PLANNED = Flow("proof", "", (*BUILD.nodes[:3], Node("proof", agent="summariser", needs=("work",))))
CHAIN = Flow(
    "chain",
    "",
    (
        Node("one", agent="coder", edits=True),
        Node("two", agent="coder", edits=True, needs=("one",), may_be_empty=True),
        Node("three", agent="summariser", needs=("two",)),
        Node("four", agent="summariser", needs=("one",)),
        Node("last", agent="summariser", after=("three", "four")),
        Node("review", agent="reviewer", watch="two"),
    ),
)
KINDS, LISTED, VOICED = {"kind": Answer(("a", "b"))}, {"files": Answer(is_list=True)}, {"says": Answer(("yes", "no"))}
ROUTED = Flow(
    "routed",
    "conditions, gates and joins",
    (
        Node("triage", agent="summariser", answers=KINDS),
        Node("fix", agent="coder", edits=True, when={"triage.kind": ("a",)}),
        Node("judge", agent="summariser", when={"triage.kind": ("b",)}, answers=VOICED),
        Node("gate", human=True, when={"judge.says": ("no",)}),
        Node("behind", agent="summariser", needs=("gate",), after=("fix",)),
        Node("join", agent="summariser", needs=("fix", "judge")),
    ),
)
SPREAD = Flow(
    "spread",
    "a list, a critic, a handoff, a count",
    (
        Node("list", agent="summariser", answers=LISTED),
        Node("work", agent="coder", each="list.files", edits=True, until=Until("reviewer", max=2)),
        Node("desk", agent="coder", needs=("list",), handoff=Handoff(("debugger", "summariser"), 2)),
        Node("count", run=CheckSpec("count", want="any"), after=("work",)),
        Node("more", agent="coder", edits=True, when={"count.number": ("1",)}, may_be_empty=True),
        Node("last", agent="summariser", after=("more", "desk")),
    ),
)
VOTED = Flow(
    "voted",
    "seats, voices, a jury and a second watcher",
    (
        Node("seats", agent="summariser", answers=VOICED, vote=Vote(n=3, quorum=2)),
        Node("one", agent="summariser", answers=VOICED),
        Node("two", agent="summariser", answers=VOICED, when={"seats.says": ("yes",)}),
        Node("voices", vote=Vote(of=("one", "two"), quorum=2, hears_all=True)),
        Node("work", agent="coder", edits=True, needs=("seats",)),
        Node("jury", agent="reviewer", watch="work", vote=Vote(n=3)),
        Node("taste", agent="reviewer", watch="work"),
        Node("last", agent="summariser", needs=("voices", "work")),
    ),
)
FLOWS = (BUILD, DIGEST, QUICK_FLOW, REVIEWED, CHAIN, NEEDS_THE_PLANNED, ROUTED, SPREAD, VOTED)
ITEMS = ("commit:aaa", "commit:bbb", "file:c.py")

shares = st.sampled_from((0.0, 0.1, 0.3, 0.7))
tempers = st.builds(
    Temper, shares, shares, shares, shares, shares, shares, st.just(0.03), shares, shares, st.sampled_from((0, 10, 40))
)
quietly = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(seed=st.integers(0, 2**32), flow=st.sampled_from(FLOWS), temper=tempers, lanes=st.integers(1, 4))
@quietly
def test_every_attended_run_ends_with_all_promises_kept(seed: int, flow: Flow, temper: Temper, lanes: int) -> None:
    World(random.Random(seed), flow, temper).run_to_the_end(items=ITEMS, max_lanes=lanes)


@given(seed=st.integers(0, 2**32), temper=tempers, lanes=st.integers(1, 4), unattended=st.booleans())
@quietly
def test_whatever_flow_somebody_writes_its_run_ends(seed: int, temper: Temper, lanes: int, unattended: bool) -> None:
    luck = random.Random(seed)
    World(luck, random_flow(luck), temper).run_to_the_end(items=ITEMS, max_lanes=lanes, is_unattended=unattended)


@given(seed=st.integers(0, 2**32), flow=st.sampled_from(FLOWS), temper=tempers)
@quietly
def test_every_unattended_run_ends_without_asking_anybody(seed: int, flow: Flow, temper: Temper) -> None:
    World(random.Random(seed), flow, temper).run_to_the_end(items=ITEMS, is_unattended=True)


@given(seed=st.integers(0, 2**32), flow=st.sampled_from(FLOWS), allowed=st.booleans(), cloud_only=st.booleans())
@quietly
def test_no_run_touches_the_cloud_without_permission(seed: int, flow: Flow, allowed: bool, cloud_only: bool) -> None:
    temper = Temper(failing=0.5)
    World(random.Random(seed), flow, temper).run_to_the_end(cloud_allowed=allowed, items=ITEMS, **people(cloud_only))


@given(seed=st.integers(0, 2**32), flow=st.sampled_from(FLOWS), unattended=st.booleans())
@quietly
def test_a_run_that_first_asks_about_its_check_ends_too(seed: int, flow: Flow, unattended: bool) -> None:
    asked: dict[str, Any] = {"check": None, "found_check": CHECK, "is_unattended": unattended}
    World(random.Random(seed), flow, Temper()).run_to_the_end(items=ITEMS, **asked)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_world_in_which_everything_fails_is_survived(flow: Flow) -> None:
    temper = Temper(failing=1.0, wishes=0)
    run = World(random.Random(1), flow, temper).run_to_the_end(items=ITEMS, is_unattended=True)
    assert run.outcome == "failed"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
@pytest.mark.parametrize("check", [None, "usual"])
def test_in_a_kind_world_every_flow_is_done_without_a_question(flow: Flow, check: Any) -> None:
    temper = Temper(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    more: dict[str, Any] = {} if check else {"check": None}
    run = World(random.Random(3), flow, temper).run_to_the_end(items=ITEMS, is_unattended=True, **more)
    assert run.is_over
