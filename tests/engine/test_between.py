"""Loops between agents are found from the log alone, broken by the ladder, and found again after a resume."""

from __future__ import annotations

import random

import pytest

from engine import events as e
from engine.decision.between import heard
from engine.evolution.talk import MOST_SAID
from engine.flow import Flow, Node
from engine.ladders import Policy
from engine.words import CheckResult, Failure, Finding, Handoff, Reaction, TaskId, TaskState, Verdict
from tests.engine.loops.honest import WORDS
from tests.stubs.runs import CHECK, REVIEWED, Played, green

SAME = Verdict(
    False, "The function still lacks a docstring for its second argument, and nobody can tell what it is for."
)
PASSING = Flow(
    "passing", "two who pass it on", (Node("edit", agent="coder", edits=True, handoff=Handoff(("debugger",), 9)),)
)


def reject(played: Played, verdict: Verdict = SAME) -> None:
    """The reviewer of the running round says no."""
    task = played.task()
    review = next(one for one in played.run.tasks.values() if one.spec.about == task.task and not one.is_settled)
    played.record(e.TaskStarted(review.task, review.attempt + 1, "reviewer", "local/small", "quick", "c0"))
    played.record(e.VerdictGiven(task.task, review.task, verdict))


def rounds(played: Played, count: int, said: list[Verdict] | None = None, outputs: list[str] | None = None) -> Played:
    """Answers and rejections, one after the other."""
    for number in range(count):
        if played.state() not in (TaskState.PENDING, TaskState.REVISING):
            break
        played.start().produce()
        played.record(e.CheckFinished(TaskId(""), "base", green("t0")))
        output = outputs[number] if outputs else "12 passed in 0.3s"
        tree = played.task().tree
        played.record(e.CheckFinished(played.task().task, "task", CheckResult(CHECK.run, tree, 0, output=output)))
        reject(played, said[number] if said else SAME)
    return played


def loops(played: Played) -> list[e.LoopFound]:
    return [event for event in played.history if isinstance(event, e.LoopFound)]


def test_a_critic_and_an_author_who_never_converge_go_to_the_ladder() -> None:
    played = rounds(Played(REVIEWED), 5)

    found = loops(played)[0]
    assert found.form == "never_converging"
    assert "coder ⇄ reviewer" in found.evidence
    revised = [event for event in played.history if isinstance(event, e.TaskRevised)]
    assert [event.failure for event in revised[:3]].count(Failure.STUCK) <= 1
    first = next(event for event in revised if event.failure == "stuck")
    assert first.reaction is not Reaction.NUDGE
    assert "lacks a docstring" in first.feedback


def test_it_is_found_by_the_third_rejection() -> None:
    assert loops(rounds(Played(REVIEWED), 3))


def test_a_critic_who_finds_something_new_each_time_is_no_loop() -> None:
    rng = random.Random(4)
    said = [
        Verdict(
            False, f"{' '.join(rng.sample(WORDS, 8))}", findings=(Finding(" ".join(rng.sample(WORDS, 9)), "a.py", n),)
        )
        for n in range(4)
    ]

    assert loops(rounds(Played(REVIEWED), 4, said)) == []


def test_a_check_that_says_something_new_lowers_the_score() -> None:
    outputs = [f"{9 - number} failed, {number} passed" for number in range(4)]

    assert loops(rounds(Played(REVIEWED), 3, outputs=outputs)) == []


def test_the_same_check_in_another_time_says_nothing_new() -> None:
    outputs = [f"12 passed in 0.{number}s" for number in range(4)]

    assert loops(rounds(Played(REVIEWED), 4, outputs=outputs))


def test_after_a_finding_the_evidence_is_gone_and_the_count_stays() -> None:
    played = rounds(Played(REVIEWED), 3)

    assert len(loops(played)) == 1
    assert played.lane().loops == 1
    assert played.lane().said == ()


def test_a_resumed_engine_finds_the_same_as_the_one_that_wrote_the_log() -> None:
    played = rounds(Played(REVIEWED), 2)

    resumed = played.replayed()

    assert resumed.lanes[TaskId("edit")].said == played.lane().said
    assert heard(resumed.lanes[TaskId("edit")]) == heard(played.lane())


def test_what_is_remembered_is_bounded() -> None:
    played = Played(PASSING)
    for number in range(60):
        played.record(
            e.CheckFinished(TaskId("edit"), "task", CheckResult("x", f"t{number}", 0, output=f"{number}" * 9999))
        )

    assert len(played.lane().said) == MOST_SAID
    assert max(len(said.outcome) for said in played.lane().said) < 2000


def test_a_forgiven_kind_between_agents_is_not_reported() -> None:
    played = Played(REVIEWED)
    played.record(e.LoopForgiven(TaskId("edit"), "never_converging"))

    assert loops(rounds(played, 4)) == []


def hand_over(played: Played, to: str, carried: str, commit: str = "") -> None:
    played.start()
    played.record(e.TaskHandedOff(TaskId("edit"), played.task().attempt, to, 0, "this is for you", carried, commit))


def test_a_task_that_is_passed_back_and_forth_is_broken_before_its_handoffs_are_used_up() -> None:
    played = Played(PASSING)
    for number in range(5):
        if loops(played):
            break
        hand_over(played, ("debugger", "coder")[number % 2], "Please look at the retry loop, it is not mine.")

    assert [event.form for event in loops(played)] == ["ping_pong"]
    assert played.state() is TaskState.REVISING
    assert played.task().last_failure == "stuck"


def test_handoffs_that_carry_new_work_each_time_are_none() -> None:
    played, rng = Played(PASSING), random.Random(3)
    for number in range(6):
        hand_over(played, ("debugger", "coder")[number % 2], " ".join(rng.sample(WORDS, 14)), f"commit{number}")

    assert loops(played) == []


def test_what_was_done_so_far_survives_the_breaking_of_a_ping_pong() -> None:
    played = Played(PASSING)
    for number in range(6):
        if loops(played):
            break
        hand_over(played, ("debugger", "coder")[number % 2], "Please look at it.", "the-same-commit")

    assert loops(played)
    assert played.task().next_start == "the-same-commit"


@pytest.mark.parametrize("kind", ["retry"])
def test_the_persons_own_choice_begins_the_memory_anew(kind: str) -> None:
    played = rounds(Played(REVIEWED), 2)
    assert played.lane().said

    decided = e.TaskRevised(TaskId("edit"), Failure.REVIEW, Reaction(kind), "you", "again", "coder", 0)
    played.record(decided)

    assert played.lane().said == ()


def test_a_doubtful_finding_between_agents_is_shown_and_the_review_goes_on() -> None:
    played = rounds(Played(REVIEWED, policy=Policy(breaks_from=0.999)), 3)

    assert len(loops(played)) == 1
    assert played.state() is TaskState.REVISING
    assert played.task().last_failure is Failure.REVIEW


def test_a_doubtful_ping_pong_is_shown_and_the_task_goes_on() -> None:
    played = Played(PASSING, policy=Policy(breaks_from=0.999))
    for number in range(3):
        hand_over(played, ("debugger", "coder")[number % 2], "Please look at the retry loop, it is not mine.")

    assert loops(played)
    assert played.task().agent == "debugger"
    assert played.state() is TaskState.REVISING
