"""What finished runs teach: only what was proven or disproven, of local models, once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from engine import events as e
from engine.evolve import evolve_repository
from engine.harvest import outcomes_of
from engine.policy import react
from engine.routing import Counters, Outcome, Signals, learn
from engine.starting import counters_of, start_of
from engine.state import KEPT_OUTCOMES, Lane, Repository, Run
from engine.words import CheckResult, Failure, Reaction, Role, Rung, RunId, TaskId, TaskSpec, TurnUsage
from tests.stubs.runs import CLOUD, LARGE, QUICK, QUICK_FLOW, Played, roster

TASK = TaskId("a")
SPEC = TaskSpec("a", "work", Role.WORK, "coder", "fix the bug in a.py")


def course(*events: e.Event, spec: TaskSpec = SPEC) -> tuple[Outcome, ...]:
    """The outcomes of a run in which a task was added and these events happened."""
    started = e.RunStarted("goal", QUICK_FLOW, roster(), "c0", "t0")
    return outcomes_of((event, 0.0) for event in (started, e.TaskAdded(spec), *events))


def attempt(rung: Rung, turns: int = 3, number: int = 1) -> list[e.Event]:
    """An attempt with so many turns of two seconds each."""
    begun = e.TaskStarted(TASK, number, "coder", rung.model, rung.tier, "c0")
    return [begun, *(e.TurnEnded(TASK, turn + 1, TurnUsage(duration_s=2.0)) for turn in range(turns))]


def checked(is_green: bool) -> list[e.Event]:
    result = CheckResult("pytest", "tree", 0 if is_green else 1, number=0.0 if is_green else 2.0)
    facts: list[e.Event] = [e.TaskProduced(TASK, 1, insertions=4, deletions=1), e.CheckFinished(TASK, "task", result)]
    return facts + ([e.TaskVerified(TASK, result, "")] if is_green else [])


def failed(failure: Failure) -> e.Event:
    return e.AttemptFailed(TASK, 1, failure, "why")


def climbed(failure: Failure) -> e.Event:
    return e.TaskRevised(TASK, failure, Reaction.CLIMB, "rule", "reason", "coder", 1)


def test_a_proven_task_teaches_its_turns_time_and_change() -> None:
    assert course(*attempt(QUICK), *checked(True), e.TaskDone(TASK)) == (
        Outcome(
            True,
            SPEC.goal,
            model=QUICK.model,
            signals=Signals(3.0, seconds=6.0, failed_checks=0.0, timeout=False, stalled=False, empty=False,
                            diff_lines=5.0, overflow=False),
        ),
    )  # fmt: skip


def test_a_climb_teaches_that_the_small_model_failed_and_whether_the_climb_paid() -> None:
    below = [*attempt(QUICK), *checked(False), failed(Failure.CHECK), climbed(Failure.CHECK)]
    paid = course(*below, *attempt(CLOUD, 5, 2), *checked(True), e.TaskDone(TASK))
    lost = course(*below, *attempt(LARGE, 5, 2), failed(Failure.TURNS), e.TaskFailed(TASK, "why"))
    assert [(one.model, one.proven, one.rescued) for one in paid] == [(QUICK.model, False, True)]
    assert paid[0].signals.failed_checks == 2.0
    assert [(one.model, one.proven, one.rescued) for one in lost] == [
        (QUICK.model, False, False),
        (LARGE.model, False, None),
    ]


@pytest.mark.parametrize(
    "events",
    [
        [*attempt(CLOUD), *checked(True), e.TaskDone(TASK)],
        [*attempt(QUICK), e.TaskProduced(TASK, 1), e.TaskDone(TASK)],
        [*attempt(QUICK), failed(Failure.UNREACHABLE), e.TaskFailed(TASK, "away")],
        [*attempt(QUICK), e.TaskCancelled(TASK)],
        [*attempt(QUICK), *checked(True)],
    ],
)
def test_the_cloud_a_mere_claim_an_accident_and_what_is_unsettled_teach_nothing(events: list[e.Event]) -> None:
    assert course(*events) == ()


def test_texts_and_reviews_are_not_counted() -> None:
    text = replace(SPEC, role=Role.TEXT)
    assert course(*attempt(QUICK), *checked(True), e.TaskDone(TASK), spec=text) == ()


def test_a_repository_remembers_the_newest_outcomes_and_which_runs_they_are_of() -> None:
    repository = Repository()
    for number in range(3):
        outcomes = tuple(Outcome(True, str(number), model="m") for _ in range(KEPT_OUTCOMES // 2))
        repository = evolve_repository(repository, e.OutcomeLearned(RunId(f"r{number}"), outcomes))
    assert [repository.outcomes[index].text for index in (0, -1)] == ["1", "2"]
    assert repository.learned == {"r0", "r1", "r2"}
    assert counters_of(repository).tally("", "m").proven == KEPT_OUTCOMES


def learned(is_proven: bool, turns: float = 20.0) -> Counters:
    counters = Counters()
    for number in range(9):
        signals = Signals(turns=turns + number)
        counters = learn(counters, Outcome(is_proven, "fix the bug", model=QUICK.model, signals=signals))
    return counters


def of(run: Run, **more: Any) -> Run:
    return replace(run, **more)


def test_local_only_nothing_starts_higher_whatever_was_learned() -> None:
    played = Played()
    task = replace(played.start().task(), spec=replace(played.task().spec, goal="Design a distributed architecture"))
    for counters in (Counters(), learned(False)):
        run = of(played.run, counters=counters)
        assert start_of(run, task).rung == 0
    assert start_of(of(played.run, cloud_allowed=True), task).tier == "cloud"


def test_the_reason_of_a_climb_compares_turns_with_this_users_own_runs() -> None:
    played = Played()
    run = of(played.start().run, counters=learned(True))
    task = replace(run.tasks[TaskId("edit")], model=QUICK.model, reactions={"refused:retry": 9})
    run = of(run, lanes={task.task: Lane(task.task, turn=61)})
    assert react(run, task, Failure.REFUSED, "2 failed").reason == (
        "large: 61 turns, your successful local runs end by 32; 2 failed"
    )
    calm = of(run, lanes={task.task: Lane(task.task, turn=4)})
    assert react(calm, task, Failure.REFUSED, "2 failed").reason == "large: 2 failed"


def test_counters_stand_in_the_runs_first_fact_and_come_back_from_the_log() -> None:
    started = e.RunStarted("goal", QUICK_FLOW, roster(), "c0", "t0", counters=learned(True))
    assert msgspec.json.decode(msgspec.json.encode(started), type=e.RunStarted) == started
