"""Arguments, results, names."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.cap import capped
from agents.tools.registry import ALL, NAMES, by_name, unknown_tool
from agents.tools.tool import ToolContext
from engine.errors import DefinitionFault
from tests.agents.tools.conftest import Desk, Person, RecordingSandbox

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["path", "query", "search", "replace", "content", "text", "summary", "limit", "glob", "all", "x"]
)


def test_every_tool_tells_the_model_what_it_takes() -> None:
    for tool in ALL:
        parameters = tool.spec.parameters
        assert parameters["type"] == "object"
        assert parameters["additionalProperties"] is False
        assert all("description" in one for one in parameters["properties"].values()), tool.name
        assert len(tool.description) < 250


async def test_every_example_is_a_valid_call(desk: Desk) -> None:
    for tool in ALL:
        assert "arguments are wrong" not in (await tool.run(desk.context, tool.example)).text


async def test_a_wrong_argument_names_the_field_and_shows_a_good_call(desk: Desk) -> None:
    result = await desk.call("read_file", file="a.py", start_line=0)
    assert result.is_error
    assert "- path: missing" in result.text
    assert "- start_line: input should be greater than or equal to 1; got 0" in result.text
    assert "- file: there is no such argument" in result.text
    assert 'A good call: {"path": "src/client.py"' in result.text


@given(arguments=st.dictionaries(KEYS, ANYTHING, max_size=4), data=st.data())
async def test_no_arguments_whatever_raise(arguments: dict[str, object], data: st.DataObject) -> None:
    tool = data.draw(st.sampled_from([tool for tool in ALL if tool.name != "search"]))
    with tempfile.TemporaryDirectory() as folder:
        context = ToolContext(Path(folder), RecordingSandbox(), Person().ask)
        result = await tool.run(context, arguments)
        assert len(result.text) <= context.limits.result_chars
        assert result.text


async def test_a_note_and_a_finish_carry_their_words(desk: Desk) -> None:
    note = await desk.call("note", text="Tests need PYTHONPATH=src.")
    done = await desk.call("finish", summary="Added retry.", evidence=["pytest: 3 passed"])
    assert note.note == "Tests need PYTHONPATH=src."
    assert done.finish is not None
    assert (done.finish.summary, done.finish.outcome, done.finish.evidence) == (
        "Added retry.",
        "done",
        ("pytest: 3 passed",),
    )
    assert (await desk.call("finish", summary="")).is_error


async def test_nulls_numbers_as_text_and_a_single_piece_of_evidence_are_read_kindly(desk: Desk) -> None:
    desk.put("a.txt", "one\ntwo\nthree\n")
    assert "lines 2–2 of 3" in (await desk.call("read_file", path="a.txt", start_line="2", end_line=2)).text
    assert "lines 1–3 of 3" in (await desk.call("read_file", path="a.txt", start_line=None, end_line=None)).text
    done = await desk.call("finish", summary="x", evidence="pytest: 3 passed")
    assert done.finish is not None
    assert done.finish.evidence == ("pytest: 3 passed",)


def test_no_schema_needs_more_than_plain_types() -> None:
    for tool in ALL:
        assert all("type" in one for one in tool.spec.parameters["properties"].values()), tool.name
        assert "$defs" not in tool.spec.parameters


async def test_what_the_screen_gets_is_clean(desk: Desk) -> None:
    result = await desk.call("finish", summary="all\x1b]0;evil\x07 done\n\u202egood")
    assert result.display == "finish: all done good"


def test_tools_come_in_the_order_asked_for() -> None:
    assert [tool.spec.name for tool in by_name(["search", "note"])] == ["search", "note"]
    assert len(set(NAMES)) == len(NAMES) == 8


def test_an_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(DefinitionFault, match="Did you mean read_file"):
        by_name(["read_fil"])
    assert "Did you mean run_command?" in unknown_tool("run_comand", ALL).text
    assert "There are: note." in unknown_tool("zzzzzz", by_name(["note"])).text


@given(text=st.text(max_size=400), limit=st.integers(70, 300))
def test_capping_keeps_head_and_tail_within_the_limit(text: str, limit: int) -> None:
    short = capped(text, limit)
    assert len(short) <= limit
    assert (short == text) == (len(text) <= limit)
