"""run_command: a shell command in the sandbox; where nothing holds it, the person is asked first."""

from __future__ import annotations

import re

from pydantic import Field

from agents.tools.tool import Arguments, ToolContext, ToolResult, TypedTool, refused
from engine.clean import clean, clean_line
from engine.ports import Question
from engine.sandbox.sandbox import CommandResult, CommandSpec

_OVERPRINTED = re.compile(r"[^\r\n]*\r(?!\n)")
"""What a progress bar has painted over."""
_ROOM_FOR_NOTES = 400


class RunArguments(Arguments):
    """What run_command takes."""

    command: str = Field(min_length=1, max_length=20_000, description="Shell command, run at the top of the worktree.")
    timeout_s: float = Field(0, ge=0, description="Seconds after which it is stopped; the usual limit when left out.")
    network: bool = Field(False, description="Ask the person for network access.")


async def _run(context: ToolContext, wanted: RunArguments) -> ToolResult:
    refusal = await _refusal(context, wanted)
    if refusal is not None:
        return refusal
    limits = context.limits
    spec = CommandSpec(
        command=wanted.command,
        cwd=context.root,
        timeout_s=min(wanted.timeout_s or limits.command_timeout_s, limits.command_timeout_most_s),
        memory_bytes=limits.memory_bytes,
        network=wanted.network,
        output_limit_bytes=max(limits.result_chars - _ROOM_FOR_NOTES, 1_000),
    )
    return answer_of(await context.sandbox.run(spec, context.on_output), wanted.command)


async def _refusal(context: ToolContext, wanted: RunArguments) -> ToolResult | None:
    """Ask the person where they must be asked; None when the command may run."""
    why = _why_ask(context, wanted)
    if not why:
        return None
    reach = "this worktree and the network" if wanted.network else "this worktree"
    answer = await context.ask(
        Question(
            form="command",
            title=f"Run {clean_line(wanted.command, 80)}",
            why=why,
            body=wanted.command,
            reach="everything on this machine that you can reach" if context.sandbox.needs_approval else reach,
        )
    )
    if answer.choice in ("allow", "always"):
        return None
    words = f" They say: {clean_line(answer.words)!r}." if answer.words else ""
    return refused(
        f"The person did not allow this command.{words} Go on without it, or finish and say what is missing."
    )


def _why_ask(context: ToolContext, wanted: RunArguments) -> str:
    if context.sandbox.needs_approval:
        return f"Nothing holds commands on this machine: {context.sandbox.tier.reason}"
    return "The command asks for the network." if wanted.network else ""


def answer_of(result: CommandResult, command: str) -> ToolResult:
    """What a command did, for the model and for the screen."""
    ending = "timed out" if result.timed_out else f"exit code {result.exit_code}"
    output = clean(_OVERPRINTED.sub("", result.output)).rstrip("\n")
    return ToolResult(
        text=f"{ending}, {result.duration_s:.1f} s\n{output or '(no output)'}",
        is_error=result.timed_out or result.exit_code == 126,
        display=f"run {clean_line(command, 80)}: {ending}",
        command=result,
    )


RUN_COMMAND = TypedTool(
    name="run_command",
    description=(
        "Run a shell command in the worktree, without network and without git. Returns its exit code and output. "
        "It must end by itself: no servers, no editors, no prompts."
    ),
    kind="run",
    arguments=RunArguments,
    action=_run,
    example={"command": "pytest -q tests/test_client.py", "timeout_s": 60},
)
