"""Each wish is granted with a receipt or refused with a reason, in every state of a task's life."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import events as e
from engine.wishes import Granted, Refused, grant
from engine.words import CheckSpec, Failure, Reaction, RunStatus, TaskId, TaskState
from tests.stubs.runs import BUILD, QUICK_FLOW, REVIEWED, Played, spec

S = TaskState


def ask_for_help(played: Played) -> Played:
    return played.start().fail(Failure.BUDGET)


LIVES: dict[TaskState, Callable[[], Played]] = {
    S.PENDING: lambda: Played(REVIEWED),
    S.RUNNING: lambda: Played(REVIEWED).start(),
    S.CHECKING: lambda: Played(REVIEWED).start().produce(),
    S.REVIEWING: lambda: Played(REVIEWED).start().produce().check(),
    S.LANDING: lambda: Played(REVIEWED).start().produce().check().judge(True),
    S.REVISING: lambda: Played(REVIEWED).start().fail(Failure.MALFORMED),
    S.WAITING: lambda: ask_for_help(Played(REVIEWED)),
    S.DONE: lambda: Played(REVIEWED).start().produce().check().judge(True).land(),
}
"""A run for each state that a task can rest in while its run goes on."""

GRANTED: dict[str, set[TaskState]] = {
    "pause": {S.PENDING, S.RUNNING, S.CHECKING, S.REVIEWING, S.LANDING, S.REVISING},
    "steer": {S.RUNNING},
    "break": {S.RUNNING},
    "remedy": {S.RUNNING},
    "escalate": {S.RUNNING, S.WAITING},
    "cancel": {S.PENDING, S.RUNNING, S.CHECKING, S.REVIEWING, S.LANDING, S.REVISING, S.WAITING},
    "retry": {S.WAITING},
    "edit_plan": set(),
    "continue": set(),
}


@pytest.mark.parametrize("state", LIVES)
def test_the_lives_are_in_the_state_they_are_named_for(state: TaskState) -> None:
    assert LIVES[state]().state() is state


@pytest.mark.parametrize("state", LIVES)
@pytest.mark.parametrize("kind", GRANTED)
def test_each_wish_is_granted_in_these_states_and_refused_with_a_reason_in_all_others(
    kind: str, state: TaskState
) -> None:
    played = LIVES[state]()
    reply = grant(played.run, kind, {"task": "edit", "text": "look at a.py", "rung": "retry"})
    if state in GRANTED[kind]:
        assert isinstance(reply, Granted), reply
        assert reply.receipt
    else:
        assert isinstance(reply, Refused)
        assert reply.reason


def test_an_unknown_wish_is_refused_by_name() -> None:
    assert grant(Played().run, "dance", {}) == Refused("nobody here knows the command 'dance'")


@pytest.mark.parametrize("kind", [*GRANTED, "cancel_run", "answer", "forgive"])
def test_nothing_is_granted_once_the_run_is_over(kind: str) -> None:
    played = Played()
    played.wish("cancel_run")
    assert grant(played.run, kind, {"task": "edit"}) == Refused("the run is over")


@pytest.mark.parametrize("kind", ["pause", "continue", "steer"])
def test_a_wish_about_a_task_nobody_knows_never_falls_back_to_the_whole_run(kind: str) -> None:
    played = Played().start()
    played.record(e.RunPaused()) if kind == "continue" else None
    assert grant(played.run, kind, {"task": "edt", "text": "hello"}) == Refused("there is no such task")


def test_a_lane_pauses_once_and_continues_once() -> None:
    played = Played().start()
    assert isinstance(played.wish("pause", task="edit"), Granted)
    assert played.wish("pause", task="edit") == Refused("edit is paused already")
    assert isinstance(played.wish("continue", task="edit"), Granted)
    assert played.wish("continue", task="edit") == Refused("edit is not paused")


def test_a_run_pauses_once_and_continues_once() -> None:
    played = Played()
    played.wish("pause")
    assert played.run.status is RunStatus.PAUSED
    assert played.wish("pause") == Refused("the run is paused already")
    played.wish("continue")
    assert played.wish("continue") == Refused("the run is not paused")


def test_words_without_a_task_go_to_everybody_who_works() -> None:
    played = Played().start()
    assert played.wish("steer", text="use tabs") == Granted(
        (e.Steered(TaskId("edit"), "use tabs"),), "passed on to 1 lanes"
    )
    assert played.lane().nudges == ("use tabs",)
    assert isinstance(played.wish("steer", text="  "), Refused)
    assert played.wish("steer", task="", text="x") != Refused("nobody is working just now")
    assert grant(Played().run, "steer", {"text": "x"}) == Refused("nobody is working just now")


def test_break_takes_the_first_remedy_now_and_the_next_one_the_next_time() -> None:
    played = Played().start()
    for _ in range(2):
        assert isinstance(played.wish("break", task="edit"), Granted)
    assert "LoopNudged" in played.kinds()
    assert (played.state(), played.kinds()[-1]) == (S.REVISING, "TaskRevised")


@pytest.mark.parametrize(
    ("rung", "agent", "level"), [("retry", "coder", 0), ("reassign", "debugger", 0), ("climb", "coder", 1)]
)
def test_any_remedy_can_be_taken_directly(rung: str, agent: str, level: int) -> None:
    played = Played().start()
    assert isinstance(played.wish("remedy", task="edit", rung=rung, text="not like that"), Granted)
    assert (played.task().agent, played.task().rung, played.task().feedback) == (agent, level, "not like that")


def test_a_second_nudge_by_hand_is_a_nudge() -> None:
    played = Played().start()
    for _ in range(2):
        played.wish("remedy", task="edit", rung="nudge", text="again")
    assert played.kinds().count("LoopNudged") == 2
    assert played.lane().interrupts == 2


def test_asking_by_hand_puts_the_task_before_the_person() -> None:
    played = Played().start()
    played.wish("remedy", task="edit", rung="ask")
    assert (played.state(), played.question().form) == (S.WAITING, "stuck")
    assert isinstance(Played(is_unattended=True).start().wish("remedy", task="edit", rung="ask"), Refused)


@pytest.mark.parametrize("rung", ["fail", "resolve", "", "dance"])
def test_what_is_no_remedy_is_refused_with_those_that_are(rung: str) -> None:
    reply = Played().start().wish("remedy", task="edit", rung=rung)
    assert reply == Refused("a remedy is one of nudge, retry, reassign, climb, ask")


def test_forgiving_a_loop_remembers_its_form_and_needs_one() -> None:
    played = Played().start()
    assert isinstance(played.wish("forgive", task="edit"), Refused)
    played.record(e.LoopFound(TaskId("edit"), "polling", "curl"))
    assert isinstance(played.wish("forgive", task="edit", form="polling"), Granted)
    assert (played.lane().forgiven, played.lane().loop) == (("polling",), None)


def test_escalating_climbs_one_allowed_step_and_the_cloud_only_by_a_word() -> None:
    played = Played().start()
    played.wish("escalate", task="edit")
    assert (played.task().rung, played.state()) == (1, S.REVISING)
    played.start()
    assert isinstance(played.wish("escalate", task="edit"), Refused)
    assert isinstance(played.wish("escalate", task="edit", allow_cloud=True), Granted)
    assert played.task().rung == 2


def test_escalating_a_task_that_waits_takes_its_question_back() -> None:
    played = ask_for_help(Played())
    played.wish("escalate", task="edit")
    assert not played.run.open_approvals()


def test_a_cancelled_task_can_be_tried_again_while_the_run_goes_on() -> None:
    played = Played(BUILD).accept_plan(spec("a"), spec("b")).start("a")
    played.wish("cancel", task="a")
    assert played.state("a") is S.CANCELLED
    assert isinstance(played.wish("retry", task="a", text="once more"), Granted)
    assert (played.state("a"), played.task("a").feedback) == (S.REVISING, "once more")


def test_retrying_a_failed_task_gives_hope_to_what_was_skipped_for_its_sake() -> None:
    played = Played(BUILD).accept_plan(spec("a"), spec("b", "a"), spec("c", "b"), spec("d")).start("a")
    played.wish("cancel", task="a")
    assert [played.state(name) for name in "bc"] == [S.SKIPPED, S.SKIPPED]
    played.wish("retry", task="a")
    assert [played.state(name) for name in "bc"] == [S.PENDING, S.PENDING]


def test_a_task_in_the_middle_of_becoming_part_of_the_branch_cannot_be_cancelled() -> None:
    played = Played().start().produce().check()
    played.record(e.LandIntended(TaskId("edit"), "c0", "m1", "mt1"))
    assert isinstance(played.wish("cancel", task="edit"), Refused)
    assert played.state() is S.LANDING


def test_an_answer_must_be_one_that_was_offered_and_comes_once() -> None:
    played = ask_for_help(Played())
    name = played.question().approval
    assert isinstance(played.wish("answer", approval=name, answer="maybe"), Refused)
    assert isinstance(played.wish("answer", approval=name, answer="retry"), Granted)
    assert played.wish("answer", approval=name, answer="retry") == Refused("this question is answered already")
    assert isinstance(played.wish("answer", approval="nope", answer="retry"), Refused)


def test_help_that_is_not_possible_is_refused_and_the_question_stays() -> None:
    played = Played()
    played.start().record(e.AttemptFailed(TaskId("edit"), 1, Failure.REFUSED, "x"))
    played.start().record(e.AttemptFailed(TaskId("edit"), 2, Failure.REFUSED, "x"))
    assert played.state() is S.WAITING
    assert isinstance(played.wish("answer", approval=played.question().approval, answer="climb"), Refused)
    assert played.state() is S.WAITING


def proposed() -> Played:
    played = Played(BUILD).start("plan")
    played.record(e.PlanProposed(TaskId("plan"), (spec("a"),), "planner"))
    return played


def sent(*names: str) -> list[dict[str, object]]:
    return [{"task": n, "node": "work", "role": "work", "agent": "coder", "goal": f"do {n}"} for n in names]


def test_an_edited_plan_runs_as_it_was_edited() -> None:
    played = proposed()
    assert isinstance(played.wish("edit_plan", tasks=sent("x", "y")), Granted)
    assert [name for name in played.run.tasks if name in ("a", "x", "y")] == ["x", "y"]
    assert played.state("plan") is S.DONE
    assert not played.run.open_approvals()
    assert played.task("x").spec.check == CheckSpec("pytest -q")


def test_an_edited_plan_that_cannot_run_is_refused_and_the_old_one_still_waits() -> None:
    played = proposed()
    assert isinstance(played.wish("edit_plan", tasks=sent("x", "x")), Refused)
    assert isinstance(played.wish("edit_plan", tasks=[{"task": 3}]), Refused)
    assert isinstance(played.wish("edit_plan", tasks=[]), Refused)
    assert (played.state("plan"), played.question().form) == (S.WAITING, "plan")


def test_a_plan_is_edited_by_sending_it_not_by_answering() -> None:
    played = proposed()
    assert played.wish("answer", approval=played.question().approval, answer="edit") == Refused(
        "send the plan as you want it: edit_plan"
    )


def test_a_rejected_plan_cannot_be_edited_while_the_planner_makes_another() -> None:
    played = proposed()
    played.wish("answer", approval=played.question().approval, answer="reject", words="smaller steps")
    played.start("plan")
    assert isinstance(played.wish("edit_plan", tasks=sent("x")), Refused)
    assert "smaller steps" in played.task("plan").feedback


def test_a_settled_task_can_neither_be_paused_nor_climb() -> None:
    played = Played(BUILD).accept_plan(spec("a"), spec("b")).start("a")
    played.wish("cancel", task="a")
    for kind in ("pause", "escalate", "break", "cancel"):
        assert isinstance(played.wish(kind, task="a"), Refused)


def test_the_person_s_choice_is_marked_as_theirs_in_the_log() -> None:
    played = Played(QUICK_FLOW).start()
    played.wish("remedy", task="edit", rung="retry")
    (revised,) = (event for event in played.history if isinstance(event, e.TaskRevised))
    assert (revised.rule, revised.reaction) == ("you", Reaction.RETRY)
