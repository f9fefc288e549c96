"""Pictures of flows: every box is there, nothing is wider than the terminal, no text becomes markup."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.flow_builder import flow, node
from agents.flow_drawing import WIDTH, draw, mermaid
from agents.flow_file import built_in_flows
from agents.flow_graph import levels, links, predecessors, reduced
from engine.flow import Flow

DIAMOND = flow(
    "diamond",
    "one, two, one",
    node("top", "coder"),
    node("left", "coder", needs=["top"]),
    node("right", "tester", after=["top"], vote={"n": 3}, answers={"ok": ["yes", "no"]}),
    node("bottom", needs=["left", "right"], human=True),
)
PICTURE = """\
                                   ┌───────┐
                                   │ top   │
                                   │ coder │
                                   └───────┘
                                ┌──────┴─────┐
                                ▼            ▼
                            ┌───────┐  ┌───────────┐
                            │ left  │  │ right     │
                            │ coder │  │ tester ×3 │
                            └───────┘  └───────────┘
                                └──────┬─────┘
                                       ▼
                                ┌─────────────┐
                                │ bottom      │
                                │ you decide  │
                                └─────────────┘"""


def test_a_diamond_is_drawn_as_one() -> None:
    assert PICTURE in draw(DIAMOND)


def test_below_the_picture_each_node_has_its_level_and_all_it_waits_for() -> None:
    text = draw(DIAMOND)

    assert " 2  right   tester · vote 2 of 3 · after top" in text
    assert " 3  bottom  you decide · needs left, right" in text


def test_a_terminal_without_line_drawing_gets_plain_characters() -> None:
    assert draw(DIAMOND, is_ascii=True).isascii()
    assert "| tester x3 |" in draw(DIAMOND, is_ascii=True)


def test_many_nodes_between_the_same_neighbours_share_a_box() -> None:
    many = [node(f"measure-{word}", "tester") for word in "abcdefgh"]
    text = draw(flow("wide", "", *many, node("sum", "coder", after=[f"measure-{word}" for word in "abcdefgh"])))

    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count("│ tester") == 1
    assert text.count("│ measure-") == 8


def test_a_link_that_follows_from_others_is_left_out_of_the_picture() -> None:
    before = {"a": (), "b": ("a",), "c": ("a", "b")}

    assert reduced(before) == {"a": (), "b": ("a",), "c": ("b",)}


def test_the_flows_of_the_package_fit_the_terminal() -> None:
    for one in built_in_flows().values():
        assert max(map(len, draw(one).splitlines())) <= WIDTH
        assert all(any(node.name[:20] in line for line in draw(one).splitlines()) for node in one.nodes)


@st.composite
def graphs(draw_: st.DrawFn) -> Flow:
    """Up to a dozen nodes, each after some of those before it."""
    nodes = []
    for number in range(draw_(st.integers(1, 12))):
        earlier = [f"n{one}" for one in range(number)]
        after = draw_(st.lists(st.sampled_from(earlier), unique=True, max_size=5)) if earlier else []
        nodes.append(node(f"n{number}", draw_(st.sampled_from(["coder", "a-very-long-name-of-somebody"])), after=after))
    return flow("f", "", *nodes)


@settings(deadline=None, max_examples=60)
@given(graphs(), st.integers(60, 120))
def test_whatever_the_graph_it_fits_and_every_node_is_in_it(one: Flow, width: int) -> None:
    lines = draw(one, width).splitlines()

    assert max(map(len, lines)) <= width
    assert all(any(node.name in line for line in lines) for node in one.nodes)


@given(graphs())
def test_every_node_is_one_level_below_the_last_it_waits_for(one: Flow) -> None:
    depth = {name: level for level, names in enumerate(levels(one)) for name in names}

    assert all(
        depth[name] == max((depth[source] + 1 for source in sources), default=0)
        for name, sources in predecessors(one).items()
    )


def test_mermaid_has_a_line_for_each_node_and_each_link() -> None:
    text = mermaid(DIAMOND)

    assert text.splitlines()[1] == "flowchart TD"
    assert 'n3{{"bottom<br/>you decide"}}' in text
    assert len(re.findall(r"^    n\d.*(?:-->|-\.->|==>)", text, re.MULTILINE)) == len(links(DIAMOND))


def test_no_text_of_a_flow_ends_a_label_of_mermaid() -> None:
    nasty = '"]-->x;<script>%%{#`'
    text = mermaid(flow("f", "", node("a", f"x{nasty}"), node("b", "y", until={"critic": nasty})))
    line = text.splitlines()[2]

    assert line.count('"') == 2
    assert not set("<>`{}[];%") & set(re.sub(r"#\d+;|<br/>", "", line.split('"')[1]))
