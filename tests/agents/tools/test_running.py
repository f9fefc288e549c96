"""run_command: the sandbox, the person, the words for the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.tools.tool import ToolContext
from engine.ports import Answer
from engine.sandbox.probe import open_sandbox
from engine.sandbox.sandbox import CommandResult, SandboxTier
from tests.agents.tools.conftest import Desk


def ended(output: str = "", code: int = 0, timed_out: bool = False) -> CommandResult:
    return CommandResult(code, output, False, 1.25, timed_out, timed_out, "digest")


async def test_behind_walls_nobody_is_asked(desk: Desk) -> None:
    desk.sandbox.answer = ended("1 failed\n", 1)
    result = await desk.call("run_command", command="pytest -q", timeout_s=7)
    assert desk.person.asked == []
    assert (desk.sandbox.ran[0].command, desk.sandbox.ran[0].cwd) == ("pytest -q", desk.root)
    assert (desk.sandbox.ran[0].timeout_s, desk.sandbox.ran[0].network) == (7, False)
    assert result.text == "exit code 1, 1.2 s\n1 failed"
    assert not result.is_error
    assert result.command is desk.sandbox.answer


async def test_without_walls_every_command_asks_and_says_why(desk: Desk) -> None:
    desk.sandbox.needs_approval = True
    desk.sandbox.tier = SandboxTier("D", "no sandbox", "bubblewrap is not installed.")
    refused = await desk.call("run_command", command="make\nrm -rf x")
    assert desk.sandbox.ran == []
    assert refused.is_error
    assert "did not allow" in refused.text
    question = desk.person.asked[0]
    assert (question.form, question.body) == ("command", "make\nrm -rf x")
    assert "bubblewrap is not installed." in question.why
    assert "\n" not in question.title


@pytest.mark.parametrize(("choice", "runs"), [("allow", 1), ("always", 1), ("deny", 0), ("reject", 0), ("nonsense", 0)])
async def test_only_a_clear_yes_runs_it(desk: Desk, choice: str, runs: int) -> None:
    desk.sandbox.needs_approval = True
    desk.person.answer = Answer(choice, "use make test" if choice == "reject" else "")
    result = await desk.call("run_command", command="make")
    assert len(desk.sandbox.ran) == runs
    assert ("use make test" in result.text) == (choice == "reject")


async def test_the_network_asks_even_behind_walls(desk: Desk) -> None:
    desk.person.answer = Answer("allow")
    await desk.call("run_command", command="pip download x", network=True)
    assert desk.person.asked[0].why == "The command asks for the network."
    assert desk.sandbox.ran[0].network


async def test_a_model_cannot_wait_longer_than_allowed(desk: Desk) -> None:
    desk.limited(command_timeout_s=5, command_timeout_most_s=10)
    await desk.call("run_command", command="a")
    await desk.call("run_command", command="b", timeout_s=1e9)
    assert [spec.timeout_s for spec in desk.sandbox.ran] == [5, 10]


async def test_control_sequences_and_painted_over_progress_do_not_reach_the_model(desk: Desk) -> None:
    desk.sandbox.answer = ended("\x1b[31mred\x1b[0m\n10%\r50%\r100%\nend\r\n\x1b]0;title\x07")
    assert (await desk.call("run_command", command="x")).text == "exit code 0, 1.2 s\nred\n100%\nend"


async def test_a_timeout_is_an_error_in_words(desk: Desk) -> None:
    desk.sandbox.answer = ended("partial", 124, timed_out=True)
    result = await desk.call("run_command", command="x")
    assert result.is_error
    assert result.text.startswith("timed out, 1.2 s\npartial")
    assert result.display.endswith("timed out")


async def test_silence_is_said(desk: Desk) -> None:
    desk.sandbox.answer = ended()
    assert (await desk.call("run_command", command="true")).text == "exit code 0, 1.2 s\n(no output)"


async def test_long_output_fits_the_model_and_says_what_is_missing(desk: Desk, tmp_path: Path) -> None:
    sandbox = await open_sandbox(tmp_path / "scratch", path="")
    desk.person.answer = Answer("allow")
    desk.context = ToolContext(desk.root, sandbox, desk.person.ask)
    result = await desk.call("run_command", command="echo START; yes é | head -n 100000; echo END")
    assert 14_000 < len(result.text.encode()) < 17_000
    assert "START" in result.text
    assert result.text.endswith("END")
    assert "bytes left out" in result.text
