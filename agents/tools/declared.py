"""Commands that a flow declares: a model calls them by name, with arguments that match their patterns and nothing else.

The command is the flow's. A value is one argument of the program, never a piece of shell and never one of the program's
options, so that what a customer or a model wrote can be looked up but not executed.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from agents.tools.running import answer_of
from agents.tools.tool import Kind, ToolContext, ToolResult, refused
from engine.clean import clean_line
from engine.flow import CommandTool
from engine.metric import matches
from engine.model import ToolSpec
from engine.ports import Question
from engine.sandbox.sandbox import CommandSpec
from engine.threads import in_thread

_NUMBER = re.compile(r"-[0-9]+(?:\.[0-9]+)?")
VALUE_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class DeclaredCommand:
    """One declared command as a tool."""

    command: CommandTool

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        fields = {name: {"type": "string", "pattern": pattern} for name, pattern in self.command.arguments.items()}
        schema = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
        return ToolSpec(self.command.name, self.command.description, schema)

    @property
    def kind(self) -> Kind:
        """It runs a command."""
        return "run"

    async def run(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Run the command with these values; wrong ones are refused with what is expected."""
        values = {name: str(value) for name, value in arguments.items() if name in self.command.arguments}
        for name, pattern in self.command.arguments.items():
            if why := await _fault(pattern, values.get(name, "")):
                return refused(f"{self.command.name}: {name} {clean_line(values.get(name, ''), 60)!r} {why}")
        if option := next(filter(None, (_option(part, values) for part in self.command.run)), ""):
            return refused(f"{self.command.name}: {clean_line(option, 60)!r} would be read as an option")
        line = shlex.join(_filled(part, values) for part in self.command.run)
        if context.sandbox.needs_approval and not await _is_allowed(context, line):
            return refused("The person did not allow this command. Go on without it.")
        spec = CommandSpec(line, context.root, self.command.timeout_s, context.limits.memory_bytes)
        return answer_of(await context.sandbox.run(spec, context.on_output), line)


async def _fault(pattern: str, value: str) -> str:
    """Why a value may not be passed on; empty when it may."""
    if len(value) > VALUE_CHARS or "\0" in value:
        return f"is longer than {VALUE_CHARS} characters, or no text"
    try:
        return "" if await in_thread(matches, pattern, value) else f"does not match {pattern}"
    except ValueError as error:
        return f"cannot be held against its pattern: {error}"


def _option(part: str, values: dict[str, str]) -> str:
    """An argument that only its values make an option of the program; empty when it is none."""
    filled = _filled(part, values)
    is_option = filled.startswith("-") and not part.startswith("-") and not _NUMBER.fullmatch(filled)
    return filled if is_option else ""


def _filled(part: str, values: dict[str, str]) -> str:
    """One argument with its values; a value is never looked at for further places."""
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), part)


async def _is_allowed(context: ToolContext, line: str) -> bool:
    why = f"Nothing holds commands on this machine: {context.sandbox.tier.reason}"
    reach = "everything on this machine that you can reach"
    answer = await context.ask(Question("command", f"Run {clean_line(line, 80)}", why, line, reach))
    return answer.choice in ("allow", "always")
