"""Declared commands: values match, are never options and never shell; a pattern without end holds nobody up."""

from __future__ import annotations

import shlex

import pytest

from agents.tools.declared import DeclaredCommand
from agents.tools.tool import ToolResult
from engine.flow import CommandTool
from engine.ports import Answer
from tests.agents.tools.conftest import Desk

ORDER = CommandTool("order", "Looks up an order", ("./orders", "show", "{number}"), {"number": ".*"})


async def called(desk: Desk, command: CommandTool, **arguments: object) -> ToolResult:
    return await DeclaredCommand(command).run(desk.context, arguments)


def words(desk: Desk) -> list[str]:
    (only,) = desk.sandbox.ran
    return shlex.split(str(only.command))


@pytest.mark.parametrize("value", ["A 1", "$(id)", "a; rm -rf .", "{number}", "'\"`", "-5", "-0.25", ""])
async def test_a_value_is_one_argument_whatever_is_in_it(desk: Desk, value: str) -> None:
    assert not (await called(desk, ORDER, number=value)).is_error
    assert words(desk) == ["./orders", "show", value]


@pytest.mark.parametrize("value", ["--output=/tmp/x", "-rf", "-", "--"])
async def test_a_value_is_never_an_option_of_the_program(desk: Desk, value: str) -> None:
    assert "option" in (await called(desk, ORDER, number=value)).text
    assert desk.sandbox.ran == []


async def test_an_option_that_the_flow_writes_takes_any_value(desk: Desk) -> None:
    command = CommandTool("find", "Finds", ("find", "--name={name}"), {"name": ".*"})
    await called(desk, command, name="-x")
    assert words(desk) == ["find", "--name=-x"]


@pytest.mark.parametrize("value", ["12a", "12\n", "", None, ["12"], "1" * 1_001])
async def test_what_does_not_match_is_refused_with_what_is_expected(desk: Desk, value: object) -> None:
    command = CommandTool("order", "d", ("x", "{number}"), {"number": "[0-9]+"})
    refused = await called(desk, command, number=value)
    assert refused.is_error
    assert "number" in refused.text
    assert desk.sandbox.ran == []


async def test_a_value_that_is_no_text_never_reaches_a_program(desk: Desk) -> None:
    assert (await called(desk, ORDER, number="a\0b")).is_error
    assert desk.sandbox.ran == []


async def test_a_pattern_without_end_is_given_up(desk: Desk) -> None:
    command = CommandTool("order", "d", ("x", "{number}"), {"number": "(a+)+"})
    assert "no end" in (await called(desk, command, number="a" * 60 + "!")).text


async def test_without_walls_the_person_is_asked_about_the_whole_line(desk: Desk) -> None:
    desk.sandbox.needs_approval = True
    assert (await called(desk, ORDER, number="A 1")).is_error
    assert desk.person.asked[0].body == "./orders show 'A 1'"
    desk.person.answer = Answer("allow")
    assert not (await called(desk, ORDER, number="A 1")).is_error
