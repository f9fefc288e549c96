"""The same attempt over three real protocols: thoughts, parallel tool calls, a refused argument, a steer, a finish."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.models.script import ModelCard
from engine.events import ContextTruncated, SteerDelivered, ToolFinished, TurnEnded, TurnFailed
from engine.model import ModelRef
from engine.ports import Model, Produced
from engine.words import Rung
from tests.agents.crew_room import brief, crew_of
from tests.agents.models.conftest import PROTOCOLS, opened
from tests.stubs.desk import PaperDesk
from tests.stubs.model_server import ModelServer

TURNS = [
    {
        "thinking": "I should look at both.",
        "text": "I look first.",
        "tools": [
            {"name": "read_file", "arguments": {"path": "parser.py"}},
            {"name": "list_files", "arguments": {"depth": 99}},
        ],
    },
    {
        "thinking": "Now I know.",
        "tool": {"name": "edit_file", "arguments": {"path": "parser.py", "search": "text[0]", "replace": "text[:1]"}},
    },
    {"tool": {"name": "finish", "arguments": {"summary": "parse() takes an empty text"}}},
]


@pytest.fixture(params=PROTOCOLS)
async def served(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Model, ModelServer]]:
    async with ModelServer([{"agent": "coder", "task": "fix-parser", "turns": TURNS}]) as server:
        server.script.models["m"] = ModelCard(thinking=True)
        model = opened(str(request.param), server)
        yield model, server
        await model.aclose()


async def test_an_attempt_is_the_same_over_every_protocol(served: tuple[Model, ModelServer], tmp_path: Path) -> None:
    model, server = served
    (tmp_path / "parser.py").write_text("def parse(text):\n    return text[0]\n")
    desk = PaperDesk(words=("mind the type hints",))
    rung = Rung(str(ModelRef(model.ref.provider, "m")), "quick", window_tokens=16_000)

    outcome = await crew_of(model).attempt(brief(tmp_path, rung=rung), desk)

    assert outcome == Produced("parse() takes an empty text"), desk.of(TurnFailed)
    assert "text[:1]" in (tmp_path / "parser.py").read_text()
    assert [fact.is_error for fact in desk.of(ToolFinished)] == [False, True, False, False]
    assert desk.of(SteerDelivered)[0].count == 1
    assert desk.of(ContextTruncated) == []
    assert desk.text("thinking") == "I should look at both.Now I know."
    assert len(server.chats()) == 3


async def test_a_server_that_falls_over_once_costs_one_retry(served: tuple[Model, ModelServer], tmp_path: Path) -> None:
    model, server = served
    server.mischief.refusals.append((503, "overloaded", "7"))
    (tmp_path / "parser.py").write_text("text[0]\n")
    desk = PaperDesk()
    rung = Rung(str(ModelRef(model.ref.provider, "m")), "quick", window_tokens=16_000)

    outcome = await crew_of(model).attempt(brief(tmp_path, rung=rung), desk)

    assert isinstance(outcome, Produced)
    assert [7.0 <= fact.retry_in_s <= 8.0 for fact in desk.of(TurnFailed)] == [True]
    assert len(desk.of(TurnEnded)) == 3
