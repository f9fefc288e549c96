"""evolve: one rule for each kind of event, total, and blind to what no longer fits."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine import evolve as evolving
from engine.evolve import evolve, evolve_repository, fold
from engine.state import Repository, Run
from engine.words import CheckSpec, RunId, RunOutcome, RunStatus, TaskId, TaskState
from tests.stubs.runs import BUILD, Played, spec

KINDS = e.AnyEvent.__args__


def test_every_kind_of_event_has_a_rule_and_no_rule_is_left_over() -> None:
    assert set(evolving.RULES) | set(evolving.LANE_RULES) == set(KINDS)
    assert not set(evolving.RULES) & set(evolving.LANE_RULES)


def test_evolve_leaves_the_state_before_as_it_was() -> None:
    played = Played()
    before, lanes = played.run, dict(played.run.lanes)
    played.start().produce()
    assert before.lanes == lanes
    assert before.tasks[TaskId("edit")].state is TaskState.PENDING


def test_every_prefix_of_a_history_folds_and_the_whole_is_the_live_state() -> None:
    played = Played(BUILD).accept_plan(spec("a"), spec("b", "a"))
    played.start("a").produce("a").check(name="a").judge(True, "a").land("a")
    states = [fold(RunId("r1"), [(event, 0.0) for event in played.history[:n]]) for n in range(len(played.history) + 1)]
    assert states[0] == Run(RunId("r1"))
    assert {name: task.state for name, task in states[-1].tasks.items()} == {
        name: task.state for name, task in played.run.tasks.items()
    }


def test_folding_at_once_and_step_by_step_give_the_same_state() -> None:
    played = Played(BUILD).accept_plan(spec("a"))
    lane = (e.TurnStarted(TaskId("a"), 1, "m"), e.ContextCompacted(TaskId("a"), 9, 3))
    played.history += [*lane, e.TurnStarted(TaskId("b"), 1, "m"), e.RunPaused(), *lane]
    stepped = Run(RunId("r1"))
    for number, event in enumerate(played.history):
        stepped = evolve(stepped, event, float(number))
    assert fold(RunId("r1"), [(event, float(n)) for n, event in enumerate(played.history)]) == stepped


def test_a_late_word_of_a_settled_task_changes_nothing() -> None:
    played = Played().start()
    played.wish("cancel", task="edit")
    before = played.task()
    for late in (e.TaskProduced(before.task, 1, "late"), e.TaskDone(before.task), e.TaskWaiting(before.task, "a", "w")):  # type: ignore[arg-type]  # an approval id
        assert evolve(played.run, late, 99.0).tasks[before.task] == before


def test_events_about_tasks_that_nobody_knows_are_survived() -> None:
    run = Played().run
    nobody = TaskId("nobody")
    for event in (
        e.TaskStarted(nobody, 1, "x", "m", "quick", "c"),
        e.TaskProduced(nobody, 1),
        e.TaskLanded(nobody, "b", "c", "t"),
        e.TaskInterrupted(nobody, 1),
    ):
        assert nobody not in evolve(run, event, 1.0).tasks


def test_nothing_of_the_run_s_status_moves_after_its_last_event() -> None:
    played = Played()
    played.record(e.RunFinished(RunOutcome.CLAIMED, "done"))
    for event in (e.RunPaused(), e.RunContinued(), e.RunCancelled(), e.RunFinished(RunOutcome.RED, "no")):
        after = evolve(played.run, event, 9.0)
        assert (after.status, after.outcome) == (RunStatus.FINISHED, RunOutcome.CLAIMED)


def test_a_cancelled_run_has_no_living_task_and_no_open_question() -> None:
    played = Played(BUILD).start("plan")
    played.record(e.PlanProposed(TaskId("plan"), (spec("a"),), "planner"))
    played.wish("cancel_run")
    assert all(task.is_settled for task in played.run.tasks.values())
    assert not played.run.open_approvals()


def test_the_person_s_decisions_for_a_repository_add_up() -> None:
    repository = Repository()
    for event in (e.CloudPermitted(True), e.FileTrusted("a.toml", "d1"), e.FileTrusted("a.toml", "d2"), e.RunPaused()):
        repository = evolve_repository(repository, event)
    assert repository == replace(Repository(), cloud_allowed=True, trusted={"a.toml": "d2"})
    assert evolve_repository(repository, e.CheckChosen(CheckSpec("make test"))).is_check_chosen
