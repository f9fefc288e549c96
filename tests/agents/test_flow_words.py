"""What a flow will do is told before it does it."""

from __future__ import annotations

import pytest

from agents.flow_builder import flow, node
from agents.flow_file import built_in_flows, parse_flow
from agents.flow_patterns import patterns_of
from agents.flow_scaffold import PATTERNS, renamed, scaffold
from agents.flow_words import effort_of, explain, told
from agents.roster import read_roster
from engine.flow import Flow
from engine.ladders import Step
from engine.words import Failure, Reaction

ONCE = {failure.value: (Step(Reaction.ASK),) for failure in Failure}
"""A policy that never tries again by itself: a climb to each of two tiers is all that is left."""
ALONE = 3


def sentences(one: Flow, name: str) -> str:
    return " ".join(dict(explain(one).nodes)[name])


def test_each_form_of_node_has_its_sentence() -> None:
    one = flow(
        "f",
        "",
        node("list", "coder", answers={"files": "list", "kind": ["a", "b"]}),
        node("each", "coder", each="list.files", edits=True, check={"run": "make test"}),
        node("jury", "judge", answers={"ok": ["yes", "no"]}, vote={"n": 3, "quorum": 3, "hears_all": True}),
        node("gate", human=True, goal="Ship it?", needs=["jury"]),
        node("measure", run={"run": "make bench", "want": "pass"}, after=["each"]),
        node("critic", "coder", writes="a.md", when={"list.kind": "a"}, until={"critic": "judge", "max": 2}),
        node("eye", "judge", watch="each"),
    )

    assert sentences(one, "list") == "At once, coder writes a text and says files and kind."
    assert sentences(one, "critic").startswith("If list.kind is a, coder writes a.md.")
    assert "once for each entry of list.files" in sentences(one, "each")
    assert "checks it with `make test`" in sentences(one, "each")
    assert "3 of 3 must agree, and everybody is heard" in sentences(one, "jury")
    assert sentences(one, "gate") == "Once jury is done, you decide whether it goes on (Ship it?)."
    assert "the engine runs `make bench` on the run's branch" in sentences(one, "measure")
    assert "judge looks at each result and sends it back, 2 rounds at most" in sentences(one, "critic")
    assert sentences(one, "eye").startswith("As soon as a result of each is there, judge judges it")


def test_where_it_may_wait_for_the_person_is_said() -> None:
    waits = "\n".join(explain(built_in_flows()["build"]).waits)

    assert "plan: the plan needs your word" in waits
    assert "work: when it changes files that act later" in waits


@pytest.mark.parametrize(
    ("nodes", "usual", "worst"),
    [
        ([node("a", "coder")], 1, ALONE),
        ([node("a", "coder", handoff={"to": ["b"], "max": 2})], 1, ALONE + 2),
        ([node("a", "coder", policy={"check": ["retry 4", "ask"]})], 1, ALONE + 4),
        ([node("a", "coder", policy={"check": ["ask", "retry 4"]})], 1, ALONE),
        ([node("a", "coder", answers={"x": ["y", "n"]}, vote={"n": 5})], 5, 5 * ALONE),
        ([node("a", "coder", each=["x", "y"])], 2, 2 * ALONE),
        ([node("a", human=True), node("b", run="make")], 0, 0),
        ([node("a", "coder"), node("b", "judge", watch="a")], 2, ALONE + ALONE * ALONE),
        ([node("a", "coder", until={"critic": "judge", "max": 4})], 2, (ALONE + 4) + (ALONE + 4) * ALONE),
        ([node("p", "planner", expand=True, grafts="w"), node("w", "coder", edits=True)], 2, ALONE + 100 * ALONE),
    ],
)
def test_the_worst_case_counts_every_attempt_that_the_policy_allows(nodes: list, usual: int, worst: int) -> None:  # type: ignore[type-arg]  # nodes as written
    effort = effort_of(flow("f", "", *nodes), ONCE)

    assert (effort.usual, effort.worst) == (usual, worst)


def test_an_explanation_ends_with_what_it_costs() -> None:
    one = built_in_flows()["quick"]

    cost = told(one, explain(one))[-1]

    assert cost.startswith("Attempts of models: 1 when all goes well. No task is tried more than 12 times")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_begins_as_a_commented_flow_of_specialists_that_exist(pattern: str) -> None:
    text = scaffold("mine", pattern)

    one = parse_flow(text, agents=tuple(read_roster().agents))

    assert one.name == "mine"
    assert text.count("#") > 3


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name not in ("review", "gate", "measure")])
def test_a_pattern_is_recognised_in_its_own_beginning(pattern: str) -> None:
    assert pattern in patterns_of(parse_flow(scaffold("mine", pattern)))


def test_a_copy_keeps_every_comment_and_changes_the_name_alone() -> None:
    text = scaffold("mine", "gate")

    copy = renamed(text, "yours")

    assert parse_flow(copy).name == "yours"
    assert copy.splitlines()[4:] == text.splitlines()[4:]
