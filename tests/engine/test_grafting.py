"""A plan grows and changes while it runs, and never into something that cannot run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import events as e
from engine.budget import Account, Budget, Cap, Spend
from engine.codec import decode, encode, kind_of
from engine.plan import MAX_TASKS
from engine.wishes import Granted, Refused
from engine.words import CheckSpec, Failure, RunStatus, TaskId, TaskSpec, TaskState
from tests.stubs.runs import BUILD, CHECK, QUICK_FLOW, Played, spec


def planned(*tasks: TaskSpec, **run: Any) -> Played:
    """A run whose plan was accepted."""
    return Played(BUILD, **run).accept_plan(*(tasks or (spec("a"), spec("b", "a"))))


def graft(played: Played, *tasks: TaskSpec) -> str:
    """What the engine says to tasks that are to join."""
    reply = played.wish("graft", tasks=msgspec.to_builtins(tasks))
    return reply.receipt if isinstance(reply, Granted) else reply.reason


def test_tasks_join_a_plan_that_runs_below_its_node() -> None:
    played = planned().start("a")

    assert graft(played, spec("c", "a"), spec("d", "c", agent="debugger")) == "2 tasks join the plan"

    assert [task.spec.task for task in played.run.of_node("work")] == ["a", "b", "c", "d"]
    assert played.task("c").spec.check == CHECK
    assert [one.task for one in played.run.plan] == ["a", "b", "c", "d"]
    assert [event for event in played.kinds() if event in ("PlanExtended", "TaskAdded")][-3:] == [
        "PlanExtended", "TaskAdded", "TaskAdded",
    ]  # fmt: skip


def test_who_comes_after_the_work_waits_for_what_joined() -> None:
    played = planned(spec("a")).start("a")
    graft(played, spec("c"))

    played.produce("a").check(name="a").judge(True, "a").land("a")

    assert played.state("summary") is TaskState.PENDING
    assert any(effect.task == "c" for effect in played.due() if hasattr(effect, "attempt"))


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (spec("a"), "this id is taken"),
        (spec("plan"), "this id is taken"),
        (spec("c", "zz"), "which nobody produces"),
        (spec("c", "plan"), "which is no task of the plan"),
        (spec("c", scope=("b/x.py",)), "c and b may write the same files"),
        (spec("c", agent="planner"), "planner plans and changes no files; give it to coder"),
        (spec("c", agent="codr"), "did you mean 'coder'?"),
        (spec("c", goal="do b", scope=("b/**",)), "the same work"),
        (spec("c", "c"), "circle"),
    ],
)
def test_what_cannot_join_is_refused_with_the_reason_and_changes_nothing(task: TaskSpec, said: str) -> None:
    played = planned()
    before = played.run

    assert said in graft(played, task)
    assert played.run == before


def test_a_need_that_failed_will_never_come() -> None:
    played = planned().start("a")
    played.wish("cancel", task="a")

    assert "needs 'a', which is cancelled and will never come" in graft(played, spec("c", "a"))


def test_a_need_that_is_done_is_met_at_once() -> None:
    played = planned(spec("a"), spec("b")).start("a").produce("a").check(name="a").judge(True, "a").land("a")

    graft(played, spec("c", "a", scope=("a/**",)))

    assert any(getattr(effect, "task", "") == "c" for effect in played.due())


def test_a_plan_never_grows_beyond_its_size() -> None:
    played = planned(*(spec(f"t{number}") for number in range(MAX_TASKS)))

    assert graft(played, spec("c")) == "the plan has 100 tasks and 100 is the most"


def test_nothing_joins_a_plan_that_still_waits_for_the_person() -> None:
    played = Played(BUILD).start("plan")
    played.record(e.PlanProposed(TaskId("plan"), (spec("a"),), "planner"))

    assert graft(played, spec("c")) == "a plan waits for your word: edit that one"


def test_a_flow_without_planned_work_takes_none() -> None:
    assert "takes no tasks" in graft(Played(QUICK_FLOW), spec("c"))


def test_nothing_joins_once_the_budget_is_used_up() -> None:
    played = planned(budget=Budget(run=Cap(tokens=10))).start("a")
    account = Account(spent=Spend(10, 0, 0))
    lanes = {**played.run.lanes, TaskId("a"): msgspec.structs.replace(played.lane("a"), account=account)}
    played.run = msgspec.structs.replace(played.run, lanes=lanes)

    assert "budget is used up" in graft(played, spec("c"))


@pytest.mark.parametrize("tasks", [[], "x", [{"task": 1}]])
def test_tasks_that_cannot_be_read_are_refused(tasks: object) -> None:
    assert isinstance(planned().wish("graft", tasks=tasks), Refused)


def test_a_task_that_has_not_started_is_told_anew() -> None:
    played = planned()

    reply = played.wish("edit_task", task="b", goal="do it well", agent="debugger", check="make b", scope=["b/x/**"])

    assert isinstance(reply, Granted)
    task = played.task("b")
    assert (task.spec.goal, task.agent, task.spec.check, task.spec.scope) == (
        "do it well", "debugger", CheckSpec("make b"), ("b/x/**",),
    )  # fmt: skip
    assert task.spec.needs == ("a",)


def test_a_check_can_be_taken_away() -> None:
    played = planned()
    played.wish("edit_task", task="b", check="")

    assert played.task("b").spec.check is None


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"task": "zz", "goal": "x"}, "no such task"),
        ({"task": "a", "goal": "x"}, "a is running"),
        ({"task": "b"}, "nothing is changed"),
        ({"task": "b", "goal": " "}, "needs a goal"),
        ({"task": "b", "goal": 7}, "cannot be read"),
        ({"task": "b", "agent": "reviewer"}, "judges"),
        ({"task": "b", "agent": "codr"}, "did you mean 'coder'?"),
        ({"task": "b", "scope": ["c/**"]}, "may write the same files"),
        ({"task": "b", "check": {"run": "x", "want": "lots"}}, "neither `pass`"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_the_reason(wish: dict[str, Any], said: str) -> None:
    played = planned(spec("a"), spec("b", "a"), spec("c")).start("a")
    before = played.run

    reply = played.wish("edit_task", **wish)

    assert isinstance(reply, Refused)
    assert said in reply.reason
    assert played.run == before


def test_a_task_that_started_meanwhile_stays_as_it_was() -> None:
    played = planned().start("a")
    old = played.task("a").spec

    played.record(e.TaskRespecified(TaskId("a"), spec("a", goal="else")))

    assert played.task("a").spec == old


def test_the_facts_survive_the_log() -> None:
    for event in (e.TaskRespecified(TaskId("a"), spec("a")), e.PlanExtended((spec("a"),), "b")):
        assert decode(kind_of(event), encode(event)) == event


NAMES = st.sampled_from(["a", "b", "c", "d", "e", "zz"])
ADDED = st.builds(
    lambda name, needs, scope, agent: spec(name, *needs, scope=scope, agent=agent, goal=f"do {name} {scope}"),
    NAMES,
    st.lists(NAMES, max_size=2, unique=True),
    st.sampled_from([(), ("a/**",), ("x/*.py",), ("**",)]),
    st.sampled_from(["coder", "debugger", "planner", "nobody"]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(ADDED, min_size=1, max_size=3), max_size=4), st.data())
def test_however_a_plan_grows_the_run_comes_to_an_end(additions: list[list[TaskSpec]], data: st.DataObject) -> None:
    played = planned()
    for tasks in additions:
        if data.draw(st.booleans()):
            _work_on(played, data.draw(st.booleans()))
        played.wish("graft", tasks=msgspec.to_builtins(tasks))
    for _ in range(60):
        if not _work_on(played, is_good=True):
            break

    assert played.run.status is RunStatus.FINISHED
    assert all(task.is_settled for task in played.run.tasks.values())


def _work_on(played: Played, is_good: bool) -> bool:
    """Bring the first task that could start to its end; whether there was one."""
    task = next((effect.task for effect in played.due() if hasattr(effect, "attempt")), None)
    if task is None:
        return False
    played.start(task)
    if not is_good:
        played.wish("cancel", task=task)
    elif played.task(task).spec.node == "summary":
        played.produce(task)
    else:
        played.produce(task).check(name=task).judge(True, task).land(task)
    if not played.run.is_over and all(one.is_settled for one in played.run.tasks.values()):
        played.prove()
    return True


def test_a_failure_in_a_grafted_task_is_handled_like_any_other() -> None:
    played = planned().start("a")
    graft(played, spec("c"))

    played.start("c").fail(Failure.MALFORMED, "c")

    assert played.state("c") is TaskState.REVISING
