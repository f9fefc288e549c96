"""Every rule of flows says the line, what is wrong and what to do instead."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.document import checked, read_yaml
from agents.flow_file import parse_flow
from agents.flow_rules import NODE_RULES
from agents.flow_shape import FlowShape, HandoffShape, NodeShape, ToolShape, UntilShape, VoteShape
from agents.flow_wiring import complaints
from engine.errors import DefinitionFault
from engine.flow import Flow

ANSWERING = "  t: {agent: coder, answers: {kind: [bug, wish], files: list}}"
"""Stands in line 3 of a flow."""
LISTS = "  l: {agent: coder, each: [x, y], answers: {f: list}}"

FAULTS = [
    ("_name", "  B c: {agent: coder}", "no name for a node", "lower-case"),
    ("_name", "  check-1: {agent: coder}", "engine's own", "another"),
    ("_links", "  b: {agent: coder, needs: [tt]}", "no other node `tt`", "Did you mean `t`?"),
    ("_links", "  b: {agent: coder, watch: b}", "no other node `b`", "another node"),
    ("_form", "  b: {goal: x}", "needs an agent", "agent: …"),
    ("_form", "  b: {agent: coder, run: make}", "Nobody works on a command", "Remove `agent`"),
    ("_form", "  b: {agent: coder, human: true}", "gate of its own", "without an agent"),
    ("_form", "  b: {run: make, human: true}", "exclude each other", "a node of each"),
    ("_form", "  b: {agent: coder, edits: true, answers: {x: text}}", "result is a text", "node of its own"),
    ("_form", "  b: {agent: coder, check: make}", "Only a node that edits", "`run`"),
    ("_unmanned", "  b: {run: make, edits: true}", "`edits` needs somebody", "agent: …"),
    ("_unmanned", "  b: {human: true, handoff: {to: x}}", "`handoff` needs somebody", "agent: …"),
    ("_work", "  b: {agent: coder, edits: true, writes: x.md}", "exclude each other", "Keep one"),
    ("_work", "  b: {agent: coder, writes: ../x.md}", "no file below the repository", "docs/report.md"),
    ("_work", "  b: {agent: coder, writes: .git/config}", "no file below the repository", "docs/report.md"),
    ("_work", "  b: {agent: coder, edits: true, reads: false}", "needs a worktree", "Remove `reads: false`"),
    ("_planning", "  b: {agent: coder, expand: true}", "`grafts`", "both or neither"),
    ("_planning", "  b: {agent: coder, expand: true, grafts: t}", "cannot take planned work", "edits: true"),
    ("_planning", "  b: {agent: coder, expand: true, grafts: t, each: items}", "plans, once", "node of its own"),
    ("_goal", "  b: {agent: coder, goal: 'do {gaol}'}", "stands for nothing", "Did you mean `goal`?"),
    ("_goal", "  b: {agent: coder, goal: 'do {item}'}", "without `each`", "each: …"),
    ("_answers", "  b: {agent: coder, answers: {output: text}}", "no name for a field", "not `output`"),
    ("_answers", "  b: {agent: coder, answers: {x: [one]}}", "leaves no choice", "at least two"),
    ("_watching", "  b: {agent: coder, watch: t, needs: [t]}", "only judges", "elsewhere"),
    ("_watching", "  b: {watch: t, vote: {of: [t, t]}}", "seats of their own", "n: 3"),
    ("_watching", "  b: {run: make, until: {critic: coder}}", "have a critic", "Remove `until`"),
    ("_conditions", "  b: {agent: coder, when: {t.kidn: bug}}", "does not answer `kidn`", "Did you mean `kind`?"),
    ("_conditions", "  b: {agent: coder, when: {t.kind: bugg}}", "never `bugg`", "Did you mean `bug`?"),
    ("_conditions", "  b: {agent: coder, when: {t.kind: []}}", "names no value", "Write the value"),
    ("_spreading", "  b: {agent: coder, each: files}", "is no list", "items"),
    ("_spreading", "  b: {agent: coder, each: t.kind}", "no list `kind`", "kind: list"),
    ("_spreading", f"  b: {{agent: coder, each: l.f}}\n{LISTS}", "becomes several tasks", "needs `l`"),
    ("_spreading", "  b: {agent: coder, each: items, vote: {n: 2}}", "spread over a list", "Remove `each`"),
    ("_voting", "  b: {agent: coder, vote: {quorum: 2}}", "seats of its own", "one of the two"),
    ("_voting", "  b: {agent: coder, vote: {n: 1}}", "One voice", "at least two"),
    ("_voting", "  b: {agent: coder, vote: {n: 3, quorum: 4}}", "can never agree", "to 3 at most"),
    ("_voting", "  b: {vote: {of: [t, t], agents: [x]}}", "One voice", "at least two"),
    ("_voting", "  b: {agent: coder, vote: {n: 3}}", "nothing that can be counted", "verdict: [yes, no]"),
    ("_commands", "  b: {run: {run: make, want: lots}}", "neither `pass`", "<= before"),
    ("_commands", "  b: {run: {run: make, want: '== 0', metric: '('}}", "no regular expression", "Correct"),
    ("_commands", "  b: {run: {run: make, want: '== 0'}}", "nothing finds one", "metric"),
    ("_policy", "  b: {agent: coder, policy: {check: [pray]}}", "is no step", "orchestra-tui policy"),
    ("_policy", "  b: {agent: coder, policy: {check: [nudge 1, ask]}}", "does nothing about `check`", "for `stuck`"),
    ("strangers", "  b: {agent: codr}", "Nobody is called `codr`", "Did you mean `coder`?"),
    ("strangers", "  b: {agent: coder, until: {critic: zzz}}", "Nobody is called `zzz`", "orchestra-tui agents"),
    ("strangers", "  b: {agent: coder, handoff: {to: [codr]}}", "Nobody is called `codr`", "Did you mean `coder`?"),
    ("tools", "  b: {agent: coder, tools: [find]}", "declares no tool `find`", "tools:"),
    ("circles", "  b: {agent: coder, needs: [c]}\n  c: {agent: coder, after: [b]}", "wait for each other", "Cut one"),
]
WHOLE = [
    ("nodes:\n  a: {agent: coder, each: [x, y]}\n  a-1: {agent: coder}", 4, "task 1 of `a`", "a_1"),
    (
        "nodes:\n  p: {agent: coder, expand: true, grafts: w}\n  w: {agent: coder, edits: true}\n"
        "  q: {agent: coder, expand: true, grafts: w}",
        5,
        "plan at the same time",
        "after: [p]",
    ),
    (
        "nodes:\n  p: {agent: coder, expand: true, grafts: w}\n  w: {agent: coder, edits: true, after: [p]}",
        3,
        "`after` of `w`",
        "Remove `after`",
    ),
    ("nodes:\n  a: {agent: coder}\ntools:\n  A: {description: d, run: [x]}", 5, "no name for a tool", "lower-case"),
    ("nodes:\n  a: {agent: coder}\ntools:\n  finish: {description: d, run: [x]}", 5, "already", "my_finish"),
    ("nodes:\n  a: {agent: coder}\ntools:\n  t: {description: d, run: [x, '{y}']}", 5, "not declared", "a pattern"),
    (
        "nodes:\n  a: {agent: coder}\ntools:\n  t: {description: d, run: ['{y}'], arguments: {y: 'x'}}",
        5,
        "program itself",
        "program's name",
    ),
    (
        "nodes:\n  a: {agent: coder}\ntools:\n  t: {description: d, run: [x, '{y}'], arguments: {y: '('}}",
        5,
        "no regular expression",
        "Correct",
    ),
]


@pytest.mark.parametrize(("rule", "node", "what", "remedy"), FAULTS)
def test_a_node_that_breaks_a_rule_names_its_line_and_says_what_to_do(
    rule: str, node: str, what: str, remedy: str
) -> None:
    with pytest.raises(DefinitionFault) as caught:
        parse_flow(f"name: f\nnodes:\n{ANSWERING}\n{node}\n", Path("flow.yaml"), ["coder"])

    assert rule
    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.line in (4, 5)


@pytest.mark.parametrize(("text", "line", "what", "remedy"), WHOLE)
def test_a_flow_that_breaks_a_rule_names_its_line_and_says_what_to_do(
    text: str, line: int, what: str, remedy: str
) -> None:
    with pytest.raises(DefinitionFault) as caught:
        parse_flow(f"name: f\n{text}\n", Path("flow.yaml"))

    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.line == line


def test_every_rule_of_a_node_has_a_test() -> None:
    assert {rule.__name__ for rule in NODE_RULES} <= {rule for rule, *_ in FAULTS}


def test_each_complaint_of_several_is_told() -> None:
    text = "name: f\nnodes:\n  a: {agent: coder, needs: [a]}\n  b: {goal: x}\n  c: {agent: d, after: [e]}\n"

    found = list(complaints(checked(read_yaml(text), FlowShape), ["coder"]))

    assert [one.place[:2] for one in found] == [("nodes", "a"), ("nodes", "b"), *[("nodes", "c")] * 2, ("nodes", "a")]


NAMES = st.sampled_from(["a", "b", "c", "a-1", "a.x", "b.kind", "items", "coder", "", "é", "zz\n", "lane"])
LEAVES = st.one_of(NAMES, st.booleans(), st.integers(-3, 12), st.floats(), st.none(), st.text(max_size=6))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def _fields(shape: type) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from([*shape.model_fields, "run", "to"]), VALUES, max_size=5)  # type: ignore[attr-defined]  # a pydantic class


NODES = st.builds(
    lambda fields, extra: {**fields, **extra},
    _fields(NodeShape),
    st.fixed_dictionaries(
        {},
        optional={
            "agent": NAMES,
            "needs": st.lists(NAMES, max_size=2),
            "when": st.dictionaries(NAMES, NAMES, max_size=2),
            "vote": _fields(VoteShape),
            "until": _fields(UntilShape),
            "handoff": _fields(HandoffShape),
            "answers": st.dictionaries(NAMES, VALUES, max_size=2),
            "expand": st.booleans(),
            "grafts": NAMES,
            "watch": NAMES,
            "policy": st.dictionaries(st.sampled_from(["check", "stuck"]), st.lists(st.text(max_size=5)), max_size=2),
        },
    ),
)
FLOWS = st.fixed_dictionaries(
    {"name": st.sampled_from(["f", "F", "x-y"]), "nodes": st.dictionaries(NAMES, NODES, max_size=4)},
    optional={"tools": st.dictionaries(NAMES, _fields(ToolShape), max_size=2), "description": LEAVES},
)


@settings(max_examples=300, deadline=None)
@given(FLOWS)
def test_whatever_is_written_a_flow_is_read_or_refused_with_a_definition_fault(values: dict[str, object]) -> None:
    flow, fault = read(yaml.safe_dump(values, allow_unicode=True))

    assert flow is None or flow.nodes
    assert fault is None or (fault.what and fault.line >= 1)


def read(text: str) -> tuple[Flow | None, DefinitionFault | None]:
    """A flow, or why there is none; anything else that is raised fails the test."""
    try:
        return parse_flow(text), None
    except DefinitionFault as fault:
        return None, fault


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:{}[]- \n#'\"&*!|>0.\t\x00é"), max_size=80))
def test_whatever_the_bytes_are_nothing_but_a_definition_fault_is_raised(text: str) -> None:
    with pytest.raises(DefinitionFault):
        parse_flow(text + "\nbroken: [")
    with pytest.raises(DefinitionFault):
        parse_flow(text)
