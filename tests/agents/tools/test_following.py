"""finish takes tasks that go beyond this one, and sends back those that nobody can read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.crew import tools_for
from agents.definition import load_definition
from agents.ending import outcome_of_finish
from agents.roster import PACKAGE_FOLDER
from agents.tools.following import FinishWithFollowUps
from engine.ports import Produced
from tests.agents.crew_room import brief
from tests.agents.tools.conftest import Desk

TOOL = FinishWithFollowUps(2)
DONE = {"summary": "done"}


async def test_follow_ups_become_tasks_beside_the_result(desk: Desk) -> None:
    more = [{"id": "Add docs", "goal": "Describe parse() in docs/parse.md.", "scope": ["docs/**"], "check": ""}]

    result = await TOOL.run(desk.context, {**DONE, "follow_ups": more})

    assert result.finish is not None
    outcome = outcome_of_finish(result.finish)
    assert isinstance(outcome, Produced)
    (task,) = outcome.follow_ups
    assert (task.task, task.agent, task.scope, task.check) == ("add-docs", "coder", ("docs/**",), None)


async def test_without_any_it_is_finish(desk: Desk) -> None:
    for arguments in (DONE, {**DONE, "follow_ups": []}, {**DONE, "follow_ups": None}):
        result = await TOOL.run(desk.context, arguments)
        assert result.finish is not None
        assert result.finish.follow_ups == ()


async def test_what_cannot_be_read_is_sent_back_before_anything_ends(desk: Desk) -> None:
    one = {"id": "a", "goal": "b"}
    for wrong, said in (("x", "must be a list"), ([{"id": "a"}], "goal"), ([one] * 3, "2 at most")):
        result = await TOOL.run(desk.context, {**DONE, "follow_ups": wrong})
        assert result.is_error
        assert said in result.text
        assert result.finish is None


def test_the_model_is_told_of_them_only_where_they_may_be_proposed(tmp_path: Path) -> None:
    coder = load_definition(PACKAGE_FOLDER / "coder.md")

    asked = replace(brief(tmp_path), may_propose=2)

    offered = tools_for(coder, asked)["finish"].spec.parameters["properties"]
    assert offered["follow_ups"]["maxItems"] == 2
    assert "follow_ups" not in tools_for(coder, brief(tmp_path))["finish"].spec.parameters["properties"]
