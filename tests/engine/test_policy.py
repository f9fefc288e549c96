"""The policy: for each failure a ladder, each rung used as often as it says, impossible rungs passed over."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from engine.policy import LADDERS, another_specialist, choose, first_rung, next_rung, react, starting_rung
from engine.state import Run, Task
from engine.words import AgentCard, Failure, Reaction, Rung, TaskId
from tests.stubs.runs import CLOUD, LARGE, QUICK, Played, card, roster

R = Reaction


def taken(failure: Failure, run: Run | None = None, limit: int = 9) -> list[Reaction]:
    """The reactions to the same failure again and again, up to the person or the end."""
    run = run or Played().start().run
    task, seen = run.tasks[TaskId("edit")], list[Reaction]()
    while len(seen) < limit and (not seen or seen[-1] not in (R.ASK, R.FAIL)):
        decision = react(run, task, failure, "why")
        seen.append(decision.reaction)
        used = {f"{failure}:{decision.reaction}": task.reactions.get(f"{failure}:{decision.reaction}", 0) + 1}
        if decision.reaction is R.CLIMB:
            used[f"climb:{run.roster[decision.agent].ladder[decision.rung].tier}"] = 1
        task = replace(task, agent=decision.agent, rung=decision.rung, reactions={**task.reactions, **used})
    return seen


LADDER_OF = [
    (Failure.UNREACHABLE, [R.RETRY, R.CLIMB, R.ASK]),
    (Failure.REFUSED, [R.CLIMB, R.ASK]),
    (Failure.OVERFLOW, [R.CLIMB, R.ASK]),
    (Failure.MALFORMED, [R.RETRY, R.CLIMB, R.ASK]),
    (Failure.TURNS, [R.REASSIGN, R.CLIMB, R.ASK]),
    (Failure.CHECK, [R.RETRY, R.REASSIGN, R.CLIMB, R.ASK]),
    (Failure.STUCK, [R.NUDGE, R.RETRY, R.REASSIGN, R.CLIMB, R.ASK]),
    (Failure.REVIEW, [R.RETRY, R.RETRY, R.RETRY, R.ASK]),
    (Failure.CONFLICT, [R.RESOLVE, R.RESOLVE, R.ASK]),
    (Failure.SCOPE, [R.RETRY, R.ASK]),
    (Failure.CRASHED, [R.RETRY, R.ASK]),
    (Failure.BUDGET, [R.ASK]),
]


@pytest.mark.parametrize(("failure", "ladder"), LADDER_OF)
def test_each_failure_climbs_its_own_ladder(failure: Failure, ladder: Sequence[Reaction]) -> None:
    assert taken(failure) == list(ladder)


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_has_a_ladder_that_ends_with_the_person_or_without_one_in_failure(failure: Failure) -> None:
    assert LADDERS[failure][-1][0] is R.ASK
    assert taken(failure)[-1] is R.ASK
    assert taken(failure, Played(is_unattended=True).start().run)[-1] is R.FAIL


def test_after_so_many_attempts_only_the_person_leads_a_task_on() -> None:
    run = Played().start().run
    tired = replace(run.tasks[TaskId("edit")], attempt=run.policy.attempts)

    asked = react(run, tired, Failure.CHECK, "2 tests fail")

    assert asked.reaction is R.ASK
    assert asked.reason == "12 attempts were made: 2 tests fail"
    alone = Played(is_unattended=True).start().run
    assert react(alone, tired, Failure.CHECK, "2 tests fail").reaction is R.FAIL


def test_with_the_cloud_allowed_a_task_climbs_into_each_tier_once() -> None:
    run = Played(cloud_allowed=True).start().run
    assert taken(Failure.REFUSED, run) == [R.CLIMB, R.CLIMB, R.ASK]
    task = replace(run.tasks[TaskId("edit")], reactions={"climb:large": 1})
    assert run.roster["coder"].ladder[next_rung(run, task)].tier == "cloud"
    spent = replace(task, reactions={"climb:large": 1, "climb:cloud": 1})
    assert next_rung(run, spent) == -1
    assert next_rung(run, spent, is_chosen=True) == 1


def test_the_cloud_is_climbed_into_only_with_permission_or_by_force() -> None:
    run = Played().run
    task = replace(run.tasks[TaskId("edit")], rung=1)
    assert next_rung(run, task) == -1
    assert next_rung(run, task, is_chosen=True) == -1
    assert next_rung(run, task, is_forced=True) == 2
    assert choose(run, task, R.CLIMB, "you") is None


def test_without_a_second_specialist_reassigning_is_passed_over() -> None:
    alone = {"coder": card("coder", "code")}
    assert R.REASSIGN not in taken(Failure.CHECK, Played(roster=alone).start().run)


def test_a_specialist_with_no_allowed_model_takes_nothing_over() -> None:
    people = {"coder": card("coder", "code"), "wizard": card("wizard", "code", ladder=(CLOUD,))}
    run = Played(roster=people).run
    assert another_specialist(run, run.tasks[TaskId("edit")]) == ""
    allowed = replace(run, cloud_allowed=True)
    assert another_specialist(allowed, run.tasks[TaskId("edit")]) == "wizard"


def test_whoever_takes_over_starts_on_the_tier_that_was_reached() -> None:
    run = Played().start().run
    task = replace(run.tasks[TaskId("edit")], rung=1)
    decision = choose(run, task, R.REASSIGN, "you")
    assert decision is not None
    assert (decision.agent, run.roster["debugger"].ladder[decision.rung].tier) == ("debugger", "large")


def test_a_conflict_goes_to_the_integrator_and_without_one_back_to_its_author() -> None:
    run = Played().start().run
    task = run.tasks[TaskId("edit")]
    assert react(run, task, Failure.CONFLICT, "x").agent == "integrator"
    alone = replace(run, roster={"coder": run.roster["coder"]})
    assert react(alone, task, Failure.CONFLICT, "x").agent == "coder"


def test_a_rung_the_person_starts_from_is_taken_even_when_the_policy_has_used_it_up() -> None:
    run = Played().start().run
    task = replace(run.tasks[TaskId("edit")], reactions={"stuck:nudge": 1})
    assert react(run, task, Failure.STUCK, "x").reaction is R.RETRY
    assert react(run, task, Failure.STUCK, "x", R.NUDGE).reaction is R.NUDGE


def test_a_ladder_begins_at_the_wished_tier_or_at_the_first_that_is_allowed() -> None:
    run = Played().run
    assert [first_rung(run, "coder", tier) for tier in ("", "quick", "large", "cloud", "odd")] == [0, 0, 1, 0, 0]
    assert first_rung(run, "nobody") == -1
    assert first_rung(Played(roster=roster((CLOUD,))).run, "coder") == -1


def test_a_task_without_an_allowed_model_never_falls_on_a_forbidden_one() -> None:
    played = Played(roster=roster((CLOUD,)))
    task = replace(played.task(), attempt=1, rung=-1)
    assert starting_rung(played.run, task) == -1
    assert react(played.run, task, Failure.CRASHED, "x").rung == -1
    assert starting_rung(replace(played.run, cloud_allowed=True), task) == 0


def test_a_ladder_that_became_shorter_has_no_rung_for_the_task() -> None:
    played = Played(roster={"coder": AgentCard("coder", "", (QUICK,))})
    assert starting_rung(played.run, replace(played.task(), attempt=2, rung=1)) == -1


def test_every_decision_says_why_in_a_line() -> None:
    run = Played().start().run
    task: Task = run.tasks[TaskId("edit")]
    for failure in Failure:
        decision = react(run, task, failure, "2 tests failing")
        assert "2 tests failing" in decision.reason
        assert decision.rule.startswith(str(failure))
    assert next_rung(run, task) == run.roster["coder"].ladder.index(LARGE)
    assert Rung("a", "b").is_local
