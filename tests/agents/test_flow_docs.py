"""The page on flows shows every word of the vocabulary, and each of its examples is a flow."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from agents.flow_file import parse_flow
from agents.flow_shape import (
    AnswerShape,
    CommandShape,
    FlowShape,
    HandoffShape,
    NodeShape,
    ToolShape,
    UntilShape,
    VoteShape,
)
from agents.roster import read_roster

PAGE = (Path(__file__).parents[2] / "docs" / "flows.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SHAPES = (FlowShape, NodeShape, VoteShape, UntilShape, HandoffShape, ToolShape, CommandShape, AnswerShape)


@pytest.mark.parametrize("text", EXAMPLES, ids=[re.search(r"name: (\S+)", text)[1] for text in EXAMPLES])  # type: ignore[index]  # each has a name
def test_each_example_is_a_flow_of_specialists_that_exist(text: str, tmp_path: Path) -> None:
    assert parse_flow(text, agents=tuple(read_roster(user=tmp_path).agents)).nodes


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_field_is_in_an_example(shape: type[BaseModel]) -> None:
    shown = "\n".join(EXAMPLES)

    assert [
        name for name in shape.model_fields if not re.search(rf"\b{name}: ", shown) and f"{name}:\n" not in shown
    ] == []


def test_the_example_in_python_prints_a_flow() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(compile(code, "flows.md", "exec"), {})  # noqa: S102  # our own page

    assert parse_flow(printed.getvalue()).name == "judged"
