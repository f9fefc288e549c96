"""How long a local attempt is given, and what is said, carried over and asked for when its task climbs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from engine import events as e
from engine.briefing import brief_for
from engine.budget import Budget, Cap, Price
from engine.experience.counters import Counters, Outcome
from engine.experience.signals import Signals
from engine.ladders import Policy, Step
from engine.patience import LEAST_TURNS, Patience, is_cut_short, patience_with
from engine.routing.cascade import why_of
from engine.routing.outcomes import learn
from engine.starting import kind_of_task, signals_of_attempt
from engine.words import CheckResult, CheckSpec, ContextPart, Failure, Reaction, TaskId, TaskState
from engine.workspace import Workspace
from tests.stubs.runs import CLOUD, LARGE, QUICK, Played, card, roster

EDIT = TaskId("edit")
GOAL = "fix the bug"
PYTEST = CheckSpec("pytest -q", metric=r"(\d+) failed")
PRICE = Price(3_000, 300, 15_000)


class _Diffs:
    """Git, as far as a brief asks it: everything began at c0."""

    async def fork_point(self, head: str, commit: str) -> str:
        return "c0"

    async def diff(self, base: str, commit: str) -> SimpleNamespace:
        return SimpleNamespace(patch=f"diff {base}..{commit}")


DIFFS = cast(Workspace, _Diffs())


def learned(turns: float = 34, seconds: float | None = None, successes: int = 8, model: str = QUICK.model) -> Counters:
    """A user whose local fixes take so many turns."""
    counters = Counters()
    for _ in range(successes):
        one = Outcome(True, GOAL, model=model, signals=Signals(turns=turns, seconds=seconds))
        counters = learn(counters, one)
    return counters


def patient(max_turns: int = 200, **more: Any) -> Played:
    """A run with one bug to fix, its first attempt under way on the quick model."""
    people = {name: replace(one, max_turns=max_turns) for name, one in roster().items()}
    facts = {"roster": people, "counters": learned(), "check": PYTEST, **more}
    played = Played(**facts)
    spec = replace(played.task().spec, goal=GOAL)
    played.record(e.TaskRespecified(EDIT, spec))
    return played.start()


def turns(played: Played, count: int) -> Played:
    played.record(e.TurnStarted(EDIT, count, QUICK.model))
    return played


def checked(played: Played, check: CheckSpec, number: float) -> Played:
    """The attempt's work, red by a check that measures, on a base that is green."""
    tree = played.produce().task().tree
    green = CheckResult(check.run, "t0", 0, metric=check.metric)
    red = CheckResult(check.run, tree, 1, number, "1 failed", metric=check.metric)
    played.record(e.CheckFinished(TaskId(""), "base", green), e.CheckFinished(EDIT, "task", red))
    return played


def given(played: Played) -> Patience | None:
    return patience_with(played.run, played.task())


def test_an_attempt_is_given_half_as_much_again_as_nine_of_ten_successes_took() -> None:
    assert given(patient()) == Patience(58, "58 turns, your successful local fixes end by 38")


def test_time_is_held_against_the_same_runs() -> None:
    found = given(patient(counters=learned(seconds=300.0)))
    assert found is not None
    assert (found.seconds, found.seconds_why) == (609, "609 s of turns, your successful local fixes end by 304")


def test_nobody_is_cut_short_below_six_turns() -> None:
    found = given(patient(counters=learned(turns=1)))
    assert found is not None
    assert found.turns == LEAST_TURNS


FEW = (learned(successes=7), learned(model=LARGE.model), Counters())


@pytest.mark.parametrize("counters", FEW)
def test_without_eight_successes_of_the_kind_on_the_model_the_agents_own_limit_counts(counters: Counters) -> None:
    assert given(patient(counters=counters)) is None


def test_a_kind_of_work_is_not_held_against_another() -> None:
    played = patient()
    other = replace(played.task(), spec=replace(played.task().spec, goal="rename fetch to load"))
    assert patience_with(played.run, other) is None


@pytest.mark.parametrize(
    "more",
    [
        {"roster": {"coder": card("coder", ladder=(QUICK,))}},
        {"roster": {"coder": card("coder", ladder=(QUICK, CLOUD))}},
        {"policy": Policy(ladders={Failure.TURNS: (Step(Reaction.ASK),)})},
        {"roster": {"coder": card("coder", ladder=(QUICK, CLOUD))}, "cloud_allowed": True,
         "budget": Budget(Cap(micro_usd=0))},
    ],
    ids=["no rung", "no word for the cloud", "not in the policy", "no money"],
)  # fmt: skip
def test_where_no_climb_may_follow_the_attempt_goes_on_to_its_own_limit(more: dict[str, Any]) -> None:
    assert given(patient(**more)) is None


def test_a_tier_that_somebody_chose_is_not_cut_short() -> None:
    played = patient()
    chosen = replace(played.task(), spec=replace(played.task().spec, tier="quick"))
    assert patience_with(played.run, chosen) is None


def test_an_attempt_that_outlasts_them_climbs_at_once_and_says_why() -> None:
    played = turns(patient(), 58)
    played.fail(Failure.TURNS, why="58 turns, your successful local fixes end by 38")
    revised = next(one for one in played.history if isinstance(one, e.TaskRevised))
    assert (revised.reaction, revised.rung, revised.rule) == (Reaction.CLIMB, 1, "turns: climb 1 of 2 (built in)")
    assert revised.reason == "large: 58 turns, your successful local fixes end by 38"
    assert played.replayed().tasks[EDIT].rung == 1


def test_what_its_last_check_counted_is_said_with_it() -> None:
    played = checked(patient(), PYTEST, 2.0)
    assert played.task().state is TaskState.REVISING
    turns(played.start(), 58).fail(Failure.TURNS, why="58 turns, your successful local fixes end by 38")
    assert played.task().reason == "large: 58 turns, your successful local fixes end by 38; 2 tests failing"


def test_the_agents_own_limit_goes_to_the_top_of_the_ladder() -> None:
    played = turns(patient(max_turns=40), 40)
    assert not is_cut_short(played.run, played.task(), Failure.TURNS)
    played.fail(Failure.TURNS, why="no result after 40 turns")
    assert (played.task().agent, played.task().rung) == ("debugger", 0)


def test_into_each_tier_it_climbs_once() -> None:
    played = patient()
    spent = replace(played.task(), reactions={"climb:large": 1})
    assert patience_with(played.run, spent) is None
    assert patience_with(replace(played.run, cloud_allowed=True), spent) is not None


CLIMBS = [
    (Failure.EMPTY, "nothing was changed", "large: nothing was changed"),
    (Failure.STUCK, "same call: pytest", "large: it went in circles; same call: pytest"),
    (Failure.OVERFLOW, "4,200 tokens do not fit", "large: its window overflowed; 4,200 tokens do not fit"),
    (Failure.REVIEW, "reviewer: no test", "large: the critic objects; reviewer: no test"),
    (Failure.TURNS, "no result after 30 turns", "large: cut off at a limit; no result after 30 turns"),
    (Failure.REFUSED, "it says no", "large: it says no"),
]


@pytest.mark.parametrize(("failure", "why", "line"), CLIMBS)
def test_each_failure_climbs_with_the_routers_own_sentence(failure: Failure, why: str, line: str) -> None:
    policy = Policy(ladders={failure: (Step(Reaction.CLIMB),)})
    played = turns(patient(max_turns=30, policy=policy), 30).fail(failure, why=why)
    assert played.task().reason == line
    task = played.task()
    said = why_of(signals_of_attempt(played.run, task, failure), played.run.counters, kind_of_task(task), task.model)
    assert said in line


def test_a_red_check_climbs_with_what_it_counted() -> None:
    policy = Policy(ladders={Failure.CHECK: (Step(Reaction.CLIMB),)})
    played = checked(turns(patient(policy=policy), 61), PYTEST, 2.0)
    assert played.task().reason == (
        "large: 61 turns, your successful local fixes end by 38; 2 tests failing; `pytest -q` green → exit 1 (2)"
    )


def test_a_number_that_counts_no_failures_is_not_called_failing_tests() -> None:
    policy = Policy(ladders={Failure.CHECK: (Step(Reaction.CLIMB),)})
    timed = CheckSpec("bench", metric=r"(\d+) ms")
    played = checked(patient(policy=policy, check=timed), timed, 900.0)
    assert "failing" not in played.task().reason


def priced(**more: Any) -> Played:
    ladder = (QUICK, CLOUD)
    facts: dict[str, Any] = {"roster": {"coder": card("coder", ladder=ladder)}, "cloud_allowed": True}
    policy = Policy(ladders={Failure.REFUSED: (Step(Reaction.CLIMB),)})
    return Played(**facts, policy=policy, prices={CLOUD.model: PRICE}, **more).start()


def test_a_climb_into_the_cloud_shows_its_cost_first() -> None:
    played = priced()
    played.record(e.ContextMeasured(EDIT, 35_000, 64_000, 64_000, (ContextPart("history", 35_000),)))
    played.fail(Failure.REFUSED, why="it says no")
    assert played.task().reason == "cloud, ≈ $0.12 a turn: it says no"


def test_a_climb_that_costs_nothing_or_nobody_knows_what_names_no_price() -> None:
    local = patient().fail(Failure.REFUSED, why="it says no")
    assert local.task().reason == "large: it says no"
    unknown = priced()
    unknown.run = replace(unknown.run, prices={})
    assert unknown.fail(Failure.REFUSED, why="it says no").task().reason == "cloud: it says no"


def test_the_persons_own_climb_shows_its_cost_too() -> None:
    played = priced()
    played.wish("escalate", task="edit")
    assert played.task().reason == "cloud, ≈ $0.02 a turn: you asked for a stronger model (cloud/huge)"


async def test_the_brief_carries_the_limit_and_why(tmp_path: Path) -> None:
    played = patient(counters=learned(seconds=300.0))
    brief = await brief_for(played.run, played.task(), DIFFS, tmp_path, "")
    assert (brief.max_turns, brief.max_turns_why) == (58, "58 turns, your successful local fixes end by 38")
    assert (brief.max_seconds, brief.max_seconds_why[:15]) == (609, "609 s of turns,")
    free = patient(counters=Counters())
    brief = await brief_for(free.run, free.task(), DIFFS, tmp_path, "")
    assert (brief.max_turns, brief.max_turns_why, brief.max_seconds) == (200, "", 0)


async def test_a_climb_hands_over_goal_diff_evidence_and_digest_and_never_what_was_said(tmp_path: Path) -> None:
    played = turns(patient(), 3)
    evidence = "2 failed: test_load\nYou read a.py and changed load()."
    played.record(e.ToolCalled(EDIT, "1", "read_file", "WHAT THE OLD LANE READ", {"path": "a.py"}))
    played.record(e.AttemptFailed(EDIT, 1, Failure.REFUSED, "it says no", evidence))
    assert played.task().rung == 1
    played.start()
    brief = await brief_for(played.run, played.task(), DIFFS, tmp_path, "saved")
    assert (brief.goal, brief.task.goal, brief.rung, brief.attempt) == ("make it so", GOAL, LARGE, 2)
    assert (brief.root, brief.diff_so_far, brief.feedback) == (tmp_path, "diff c0..saved", evidence)
    assert "WHAT THE OLD LANE READ" not in repr(brief)


async def test_a_red_commit_is_handed_over_as_a_diff_with_the_output_of_its_check(tmp_path: Path) -> None:
    policy = Policy(ladders={Failure.CHECK: (Step(Reaction.CLIMB),)})
    played = checked(patient(policy=policy), PYTEST, 2.0).start()
    brief = await brief_for(played.run, played.task(), DIFFS, tmp_path, "")
    assert (brief.start_commit, brief.diff_so_far) == ("c-edit.1", "diff c0..c-edit.1")
    assert "1 failed" in brief.feedback


async def test_a_first_attempt_is_handed_nothing(tmp_path: Path) -> None:
    played = patient()
    brief = await brief_for(played.run, played.task(), DIFFS, tmp_path, "")
    assert (brief.diff_so_far, brief.feedback) == ("", "")
