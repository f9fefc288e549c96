"""Plans are refused with reasons before anything runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.plan import MAX_TASKS, plan_faults, wave_lines, waves
from engine.sandbox.scope import scopes_meet
from engine.words import CheckSpec, TaskSpec
from tests.stubs.runs import roster, spec


def faults(*tasks: TaskSpec, taken: frozenset[str] = frozenset()) -> tuple[str, ...]:
    return plan_faults(tasks, roster(), taken)


def only(*tasks: TaskSpec, taken: frozenset[str] = frozenset()) -> str:
    (fault,) = faults(*tasks, taken=taken)
    return fault


def test_a_sound_plan_has_no_fault() -> None:
    assert faults(spec("a"), spec("b", "a"), spec("c", "a", after=("b",))) == ()


def test_an_empty_plan_is_told_what_a_task_needs() -> None:
    assert "at least one" in only()


def test_a_hundred_tasks_are_the_most() -> None:
    tasks = tuple(spec(f"t{number}") for number in range(MAX_TASKS + 1))
    assert faults(*tasks[:-1]) == ()
    assert "101 tasks, 100 is the most" in only(*tasks)


def test_a_circle_of_needs_is_named() -> None:
    assert "circle" in only(spec("a", "b"), spec("b", "a"))
    assert "circle" in only(spec("a", "a"))


def test_a_circle_through_after_would_wait_for_ever_and_is_refused() -> None:
    assert "circle" in only(spec("a", "b"), spec("b", after=("a",)))


def test_a_need_that_nobody_produces_gets_the_nearest_name() -> None:
    assert only(spec("parser"), spec("b", "parsr")) == "b: needs 'parsr', which nobody produces; did you mean 'parser'?"
    assert "comes after 'summary'" in only(spec("a", after=("summary",)))


def test_an_unknown_specialist_gets_the_nearest_name() -> None:
    assert only(spec("a", agent="codr")) == "a: nobody is called 'codr'; did you mean 'coder'?"
    assert only(spec("a", agent="zzz")) == "a: nobody is called 'zzz'"


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a\n", "-a", "a" * 42, "lane", "check-1", "a.review1"])
def test_an_id_that_cannot_name_a_lane_is_refused(name: str) -> None:
    assert "no free id" in only(spec(name, scope=("x/**",)))


def test_ids_are_given_once() -> None:
    assert "taken" in only(spec("a"), spec("a", scope=("z",), goal="else"))
    assert "taken" in only(spec("plan"), taken=frozenset({"plan"}))


def test_a_task_without_a_goal_is_refused() -> None:
    assert only(spec("a", goal=" \n")) == "a: a task needs a goal"


def test_the_same_work_twice_is_refused() -> None:
    assert "same work" in only(spec("a", goal="do", scope=("s/**",)), spec("b", goal="do ", scope=("s/**",)))


def test_overlapping_scopes_are_refused_unless_one_comes_after_the_other() -> None:
    a, b = spec("a", scope=("src/**",)), spec("b", scope=("src/x.py",))
    assert "order them" in only(a, b)
    assert faults(a, spec("b", "a", scope=("src/x.py",))) == ()
    assert faults(a, spec("b", after=("a",), scope=("src/x.py",))) == ()
    assert faults(a, spec("m", "a"), spec("b", "m", scope=("src/x.py",))) == ()


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (CheckSpec(" "), "no command"),
        (CheckSpec("x", want="lots"), "neither `pass`"),
        (CheckSpec("x", metric="(", want="== 0"), "no regular expression"),
    ],
)
def test_a_check_that_cannot_decide_is_refused(check: CheckSpec, words: str) -> None:
    assert words in only(spec("a", check=check))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/**", "src/a.py"),
        ("src/", "src/a.py"),
        ("./src/a.py", "src/a.py"),
        ("src/**/a.py", "src/a.py"),
        ("**/a.py", "a.py"),
        ("src/?b.py", "src/ab*"),
        ("src/*.py", "src/**"),
        ("**", "x"),
        ("a*", "*b"),
    ],
)
def test_scopes_that_can_name_the_same_file_meet(one: str, other: str) -> None:
    assert scopes_meet((one,), (other,))
    assert scopes_meet((other,), (one,))


@pytest.mark.parametrize(
    ("one", "other"),
    [("src/**", "tests/**"), ("src/*.py", "src/*.md"), ("a.py", "b.py"), ("src/", "srcs/a"), ("", "a")],
)
def test_scopes_that_cannot_name_the_same_file_do_not_meet(one: str, other: str) -> None:
    assert not scopes_meet((one,), (other,))


def test_a_task_without_a_scope_is_not_held_against_others() -> None:
    assert faults(spec("a", scope=()), spec("b")) == ()


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=1, max_size=30))
def test_every_task_is_in_a_later_wave_than_all_it_needs(raw: list[list[int]]) -> None:
    tasks = [spec(f"t{n}", *{f"t{need}" for need in needs if need < n}) for n, needs in enumerate(raw)]
    levels = {name: level for level, names in enumerate(waves(tasks)) for name in names}
    assert set(levels) == {task.task for task in tasks}
    assert all(levels[need] < levels[task.task] for task in tasks for need in task.needs)
    assert faults(*tasks) == ()


@pytest.mark.parametrize(("agent", "deed"), [("planner", "plans"), ("reviewer", "judges")])
def test_who_plans_or_judges_is_not_given_work(agent: str, deed: str) -> None:
    assert (
        only(spec("a", agent=agent))
        == f"a: {agent} {deed} and changes no files; give it to coder or debugger or integrator"
    )


def test_the_same_goal_in_other_words_of_case_and_space_is_the_same_work_where_scopes_meet() -> None:
    a = spec("a", goal="Fix the parser.", scope=("src/**",))

    assert "same work" in only(a, spec("b", goal="fix  the parser", scope=("src/parser.py",)))
    assert "same work" in only(replace(a, scope=()), spec("b", goal="fix the parser", scope=()))
    assert faults(a, spec("b", goal="fix the parser", scope=("docs/**",))) == ()


def test_what_is_there_already_may_be_needed_and_must_not_be_got_in_the_way_of() -> None:
    there = (spec("old", scope=("src/**",)),)

    assert plan_faults((spec("new", "old", scope=("src/a.py",)),), roster(), frozenset({"old"}), there) == ()
    (fault,) = plan_faults((spec("new", scope=("src/a.py",)),), roster(), frozenset({"old"}), there)
    assert "new and old may write the same files" in fault
    (fault,) = plan_faults((spec("old"),), roster(), frozenset({"old"}), there)
    assert "this id is taken" in fault


def test_a_plan_counts_together_with_what_is_there() -> None:
    there = tuple(spec(f"t{number}") for number in range(MAX_TASKS))

    (fault,) = plan_faults((spec("new"),), roster(), frozenset(), there)
    assert "101 tasks with the 100 that are there, 100 is the most" in fault


def test_the_levels_are_told_in_lines() -> None:
    assert wave_lines([spec("c", "a"), spec("a"), spec("b")]) == ("wave 1: a, b", "wave 2: c")
