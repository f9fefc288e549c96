"""A flow in Python, a flow in YAML and the flow itself are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.flow_builder import Written, flow, node, to_yaml
from agents.flow_file import built_in_flows, parse_flow
from engine.errors import DefinitionFault
from engine.flow import Vote
from engine.words import Answer

NODES = (
    node("security", "analyst", "Look: {goal}", answers={"verdict": ["yes", "no"], "places": "list", "note": "text"}),
    node("jury", "analyst", answers={"verdict": ["yes", "no"]}, vote={"n": 3, "quorum": 2, "hears_all": True}),
    node("count", vote={"of": ["security", "jury"], "field": "verdict"}),
    node(
        "fix", "coder", "mend {item}\nand test it\n", each="security.places", edits=True, policy={"check": ["retry 2"]}
    ),
    node("own", "coder", edits=True, check={"run": "make", "metric": r"(\d+) failed", "want": "<= before"}),
    node("desk", "coder", tools=["find"], handoff={"to": ["analyst", "writer"], "max": 2}, until={"critic": "judge"}),
    node("over", "coder", each=["a", "b"], when={"count.verdict": ("yes", "no")}, after=["fix"], reads=False),
    node("measure", run={"run": "make bench", "timeout_s": 20}, needs=["own"]),
    node("ship", human=True, needs=["measure"]),
    node("plan", "planner", expand=True, grafts="work", human=True),
    node("work", "coder", edits=True, may_be_empty=True, claims=True),
    node("notes", "writer", writes="notes.md", check=False, needs="desk"),
    node("watching", "judge", watch="work", vote={"n": 2, "agents": ["judge", "analyst"]}),
)
TOOLS = {"find": {"description": "finds", "run": ["grep", "{word}"], "arguments": {"word": r"\w+"}, "timeout_s": 5}}


def test_every_field_survives_the_way_through_yaml() -> None:
    built = flow("all", "one of everything: really", *NODES, tools=TOOLS)

    assert parse_flow(to_yaml(built)) == built
    assert built.nodes[0].answers["verdict"] == Answer(("yes", "no"))
    assert built.nodes[1].vote == Vote(3, 2, hears_all=True)


def test_the_flows_of_the_package_survive_it_too() -> None:
    for one in built_in_flows().values():
        assert parse_flow(to_yaml(one)) == one


def test_what_is_as_usual_is_not_written() -> None:
    text = to_yaml(flow("small", "one edit", node("edit", "coder", edits=True)))

    assert text == "name: small\ndescription: one edit\nnodes:\n  edit: {agent: coder, edits: true}\n"


def test_python_is_held_to_the_rules_of_files() -> None:
    with pytest.raises(DefinitionFault, match="no other node `b`"):
        flow("f", "", node("a", "coder", needs=["b"]))
    with pytest.raises(DefinitionFault, match="Did you mean `coder`"):
        flow("f", "", node("a", "codr"), agents=["coder"])


def test_a_node_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="there twice"):
        flow("f", "", node("a", "coder"), node("a", "coder"))


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)
WORDS = st.sampled_from(
    ["yes", "no", "on", "1", "0x1", "null", "~", "true", "1.5", "a b", "é", "- x", "#c", "2026-01-01"]
)


@st.composite
def written(draw: st.DrawFn) -> list[Written]:
    """A chain of nodes with the words that YAML likes to read as something else."""
    nodes = []
    for number in range(draw(st.integers(1, 4))):
        choices = draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
        goal = draw(TEXTS).replace("{", "").replace("}", "")
        needs = [f"n{draw(st.integers(0, number - 1))}"] if number else []
        nodes.append(node(f"n{number}", "coder", goal, answers={"said": choices}, needs=needs))
    return nodes


@settings(deadline=None)
@given(written())
def test_whatever_words_a_flow_holds_it_is_read_back_as_the_same(nodes: list[Written]) -> None:
    built = flow("f", "d", *nodes)

    assert parse_flow(to_yaml(built)) == built
