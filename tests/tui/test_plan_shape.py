from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine import events as e
from engine.words import Role, RunId, TaskSpec
from tests.stubs.history import FLOW, ROSTER, History, planned, story
from tests.stubs.patterns import voted, waves
from tui.plan_shape import Placed, placed


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Tasks to what they need; some needs are of nobody, some go round in a circle."""
    names = [f"t{number}" for number in range(draw(st.integers(1, 12)))]
    return {name: tuple(draw(st.lists(st.sampled_from([*names, "nobody"]), max_size=3))) for name in names}


def laid_out(graph: dict[str, tuple[str, ...]]) -> list[Placed]:
    history = History(RunId("7"))
    history.add(e.RunStarted("goal", FLOW, ROSTER, "b", "t"))
    specs = (TaskSpec(name, "work", Role.WORK, "coder", "do", name, needs) for name, needs in graph.items())
    history.add(*(e.TaskAdded(spec) for spec in specs))
    return placed(history.fold())


@given(graphs())
def test_every_task_is_listed_once(graph: dict[str, tuple[str, ...]]) -> None:
    assert sorted(one.task.spec.task for one in laid_out(graph)) == sorted(graph)


@given(graphs())
def test_what_a_task_needs_lies_in_an_earlier_wave(graph: dict[str, tuple[str, ...]]) -> None:
    waves = {one.task.spec.task: one.wave for one in laid_out(graph)}
    if any(waves.values()):
        assert all(waves[need] < waves[name] for name in graph for need in graph[name] if need in waves)


@given(graphs())
def test_waves_are_listed_in_their_order(graph: dict[str, tuple[str, ...]]) -> None:
    listed = [one.wave for one in laid_out(graph)]
    assert listed == sorted(listed)


def test_a_chain_has_no_waves() -> None:
    assert {one.wave for one in laid_out({"a": (), "b": ("a",), "c": ("b",)})} == {0}


def test_a_chain_of_thousands_is_laid_out() -> None:
    graph: dict[str, tuple[str, ...]] = {f"t{n}": (f"t{n - 1}",) if n else () for n in range(3_000)}
    assert [one.number for one in laid_out({**graph, "aside": ()})][-1] == 3_000


def test_twenty_tasks_lie_in_five_waves() -> None:
    assert [one.wave for one in placed(waves().fold())] == [wave for wave in range(1, 6) for _ in range(4)]


def test_planning_is_before_the_first_wave() -> None:
    listed = {one.task.spec.task: one.wave for one in placed(story().fold())}
    assert (listed["plan"], listed["client"], listed["changelog"]) == (0, 1, 2)
    assert {one.wave for one in placed(planned().fold())} == {0}


def test_seats_stand_below_their_vote_and_reviews_below_what_they_review() -> None:
    listed = [(one.task.spec.task, one.depth) for one in placed(voted().fold())]
    assert listed[2:6] == [("verdict", 0), ("verdict-1", 1), ("verdict-2", 1), ("verdict-3", 1)]
    names = [one.task.spec.task for one in placed(story().fold())]
    assert names.index("parser.review1") == names.index("parser") + 1
