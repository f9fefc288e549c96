"""What an agent finds beside its own work joins the plan once that is done, and never feeds itself."""

from __future__ import annotations

import pytest

from engine import events as e
from engine.decision.follow_ups import MOST_OF_ALL, MOST_OF_ONE, may_propose
from engine.words import RunStatus, TaskId, TaskSpec, TaskState
from tests.stubs.runs import BUILD, QUICK_FLOW, Played, spec


def planned(*tasks: TaskSpec, **run: object) -> Played:
    return Played(BUILD, **{"accepts_plan": True, **run}).accept_plan(*(tasks or (spec("a"),)))


def finished(played: Played, name: str, *proposed: TaskSpec) -> Played:
    """A task is done whose agent proposed more."""
    played.start(name)
    played.record(e.FollowUpsProposed(TaskId(name), played.task(name).attempt, proposed))
    return played.produce(name).check(name=name).judge(True, name).land(name)


def refusal(played: Played) -> str:
    return next((event.reasons[0] for event in reversed(played.history) if isinstance(event, e.PlanRefused)), "")


def test_they_join_when_the_task_is_done_and_not_before() -> None:
    played = planned().start("a")
    played.record(e.FollowUpsProposed(TaskId("a"), 1, (spec("more"),)))
    assert "more" not in played.run.tasks

    played.produce("a").check(name="a").judge(True, "a").land("a")

    assert played.task("more").spec.follows == "a"
    assert played.run.status is RunStatus.RUNNING


def test_an_attempt_that_failed_proposes_nothing() -> None:
    played = planned().start("a")
    played.record(e.FollowUpsProposed(TaskId("a"), 1, (spec("more"),)))
    played.produce("a").check(1, "a")

    played.start("a").produce("a").check(name="a").judge(True, "a").land("a")

    assert "more" not in played.run.tasks


def test_a_follow_up_proposes_none_of_its_own() -> None:
    played = finished(planned(), "a", spec("more"))

    finished(played, "more", spec("deeper"))

    assert "deeper" not in played.run.tasks
    assert refusal(played) == "1 follow-ups are too many: 0 may join here"


def test_one_task_proposes_so_many_and_a_run_takes_so_many() -> None:
    many = tuple(spec(f"m{number}") for number in range(MOST_OF_ONE + 1))
    assert "too many: 5 may join" in refusal(finished(planned(), "a", *many))

    played = planned(*(spec(f"t{number}") for number in range(6)))
    for number in range(6):
        finished(played, f"t{number}", *(spec(f"m{number}-{one}") for one in range(MOST_OF_ONE)))
    assert sum(bool(task.spec.follows) for task in played.run.tasks.values()) == MOST_OF_ALL
    assert may_propose(played.run, played.task("t5")) == 0


def test_what_cannot_run_is_refused_with_the_reason_and_the_run_goes_on() -> None:
    played = finished(planned(), "a", spec("more", agent="planner"))

    assert "planner plans and changes no files" in refusal(played)
    assert played.state("summary") is TaskState.PENDING


def test_where_the_person_accepts_plans_they_accept_these_too() -> None:
    played = finished(planned(accepts_plan=False), "a", spec("more", title="More tests"))

    asked = played.question()
    assert asked.title == "coder proposes 1 more tasks after a"
    assert "more · coder · More tests" in asked.body
    played.wish("answer", approval=asked.approval, answer="allow")
    assert played.state("more") is TaskState.PENDING


@pytest.mark.parametrize("answer", ["allow", "deny"])
def test_a_run_waits_for_the_answer_and_ends_after_a_no(answer: str) -> None:
    played = finished(planned(accepts_plan=False), "a", spec("more"))
    played.start("summary").produce("summary").prove()
    assert played.run.status is RunStatus.RUNNING

    played.wish("answer", approval=played.question().approval, answer=answer)

    assert played.run.is_over is (answer == "deny")
    assert ("more" in played.run.tasks) is (answer == "allow")


def test_unattended_without_a_word_about_plans_they_do_not_join() -> None:
    played = Played(BUILD, is_unattended=True)
    played.start("plan").record(e.PlanProposed(TaskId("plan"), (spec("a"),), "planner"))

    finished(played, "a", spec("more"))

    assert "more" not in played.run.tasks
    assert refusal(played) == "nobody is here to accept its follow-ups"


def test_only_planned_work_may_propose() -> None:
    played = Played(QUICK_FLOW)
    assert may_propose(played.run, played.task()) == 0
    planned_run = planned()
    assert may_propose(planned_run.run, planned_run.task("a")) == MOST_OF_ONE
    assert may_propose(planned_run.run, planned_run.task("plan")) == 0
