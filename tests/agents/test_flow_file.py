"""Flows are data: those of the package make sense, and a malformed one says where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.flow_file import built_in_flows, parse_flow
from agents.roster import read_roster
from agents.routing import route, wants_text
from engine.errors import DefinitionFault
from engine.flow import agents_of
from engine.model import ModelProfile, ModelRef, Tier

FLOWS = built_in_flows()
LOCAL = ModelProfile(ModelRef("ollama", "small"), "host", True, Tier.QUICK, 8000, 8000, True, False)
CLOUD = ModelProfile(ModelRef("anthropic", "far"), "host", False, Tier.CLOUD, 8000, 8000, True, True)
TINY = ModelProfile(
    ModelRef("embedded", "tiny"), "host", True, Tier.QUICK, 4096, 4096, False, False, notes=("tiny model",)
)


def test_the_package_brings_flows_with_specialists_that_exist(tmp_path: Path) -> None:
    known = set(read_roster(user=tmp_path).agents)

    assert {"quick", "deep", "digest", "build"} <= set(FLOWS)
    assert all(name in known for flow in FLOWS.values() for node in flow.nodes for name in agents_of(node))
    assert all(flow.description for flow in FLOWS.values())


def test_build_plans_works_reviews_without_a_barrier_and_sums_up_whatever_happened() -> None:
    plan, work, review, summary = FLOWS["build"].nodes

    assert (plan.expand, plan.human, plan.grafts) == (True, True, "work")
    assert work.edits
    assert review.watch == "work"
    assert (summary.needs, summary.after) == ((), ("work",))


def test_digest_maps_over_items_and_writes_one_file() -> None:
    each, combine = FLOWS["digest"].nodes

    assert (each.each, each.reads, each.edits) == ("items", False, False)
    assert (combine.needs, combine.after, combine.writes) == ((), ("map",), "orchestra-digest.md")


NODES = "name: f\nnodes:\n  a: {agent: coder}\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: f\nnodes: {}", 2, "at least 1"),
        ("name: F\nnodes:\n  a: {agent: coder}", 1, "pattern"),
        ("name: f\nnodes:\n  a: {goal: x}", 3, "A node needs an agent."),
        (NODES + "  b: {agent: coder, on: a}", 4, "`on` is not a field"),
        (NODES + "  b: {agent: coder, need: [a]}", 4, "Did you mean `needs`?"),
        (NODES + "  b: {agent: codr}", 4, "Did you mean `coder`?"),
        (NODES + "  parse: {agent: coder}\n  c:\n    agent: coder\n    needs: [prase]", 7, "Did you mean `parse`?"),
        (NODES + "  b: {agent: coder, needs: [b]}", 4, "no other node"),
        (NODES + "  b: {agent: coder, needs: [c]}\n  c: {agent: coder, after: [b]}", 4, "wait for each other"),
        (NODES + "  b: {agent: coder, expand: true}", 4, "grafts"),
        (NODES + "  b: {agent: coder, edits: true, writes: x.md}", 4, "exclude each other"),
        (NODES + "  b: {agent: coder, each: files}", 4, "items"),
        (NODES + "  b: {agent: coder, goal: 'do {gaol}'}", 4, "Did you mean `goal`?"),
        (NODES + "  B c: {agent: coder}", 4, "no name for a node"),
    ],
)
def test_a_malformed_flow_names_its_line_and_suggests(text: str, line: int, words: str) -> None:
    with pytest.raises(DefinitionFault) as caught:
        parse_flow(text, Path("flow.yaml"), ["coder"])

    assert words in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("goal", "items", "flow"),
    [
        ("fix the typo in README.md", (), "quick"),
        ("rename Foo to Bar in src/foo.py", (), "quick"),
        ("Accept empty input in parser.py", (), "quick"),
        ("summarise the last 20 commits", (), "digest"),
        ("write release notes for the changes since v1.2", (), "digest"),
        ("what is this about", ("commit:a", "commit:b"), "digest"),
        ("security audit of the login code", (), "deep"),
        ("redesign the storage layer", (), "deep"),
        ("add retries to client.py and server.py with tests", (), "build"),
        ("add a login page, a settings page and an export", (), "build"),
        ("summarise text nicely in the new endpoint and add tests", (), "build"),
    ],
)
def test_auto_picks_by_plain_rules(goal: str, items: tuple[str, ...], flow: str) -> None:
    chosen, reason = route(goal, items, [LOCAL])

    assert chosen == flow
    assert reason
    assert "\n" not in reason


def test_with_only_a_tiny_model_auto_never_edits() -> None:
    assert route("add a feature", (), [TINY]).flow == "digest"
    assert "tiny" in route("add a feature", (), [TINY]).reason
    assert not wants_text("add a feature")
    assert wants_text("summarise the last 10 commits")
    assert wants_text("how does it work?")


def test_the_reason_says_where_deep_work_runs() -> None:
    assert "cloud model" in route("audit the code", (), [LOCAL, CLOUD]).reason
    assert "no cloud model is allowed" in route("audit the code", (), [LOCAL]).reason


def test_the_reason_is_one_clean_line_whatever_the_goal_is() -> None:
    reason = route("rename a\x1b[31m.py\n\u202edesign", (), [LOCAL]).reason

    assert reason.isprintable()


def test_yes_and_no_are_the_words_that_they_look_like() -> None:
    flow = parse_flow(
        "name: f\nnodes:\n  a: {agent: coder, answers: {ok: [yes, no]}, reads: no}\n"
        "  b: {agent: coder, edits: yes, check: no, when: {a.ok: yes}}\n  c: {agent: coder, edits: true, check: on}\n"
    )

    a, b, c = flow.nodes
    assert a.answers["ok"].choices == ("yes", "no")
    assert b.when == {"a.ok": ("yes",)}
    assert (a.reads, b.edits, b.check, c.check, c.proof) == (False, True, False, True, None)
