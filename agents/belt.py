"""The tools of one attempt: those its definition names, its lane's context around them, the answers for the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.memory import Memory
from agents.sitting import Used
from agents.tools.registry import unknown_tool
from agents.tools.tool import Tool, ToolContext
from engine.clean import clean_line
from engine.model import ToolCall, ToolSpec
from engine.threads import in_thread

_TELLING = ("path", "command", "pattern", "query", "text", "summary")
"""Arguments that say most about a call, best first."""


class ToolBelt:
    """Implements `agents.sitting.Belt`.

    In: tools by the name the model calls them; context_for makes the context of a turn, so that output streams to it;
        origin, which attempt this is and when, for what it notes.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        context_for: Callable[[int], ToolContext],
        memory: Memory | None,
        agent: str,
        origin: str = "",
    ) -> None:
        self._tools = dict(tools)
        self._context_for = context_for
        self._memory = memory
        self._agent = agent
        self._origin = origin
        self.specs: tuple[ToolSpec, ...] = tuple(tool.spec for tool in self._tools.values())

    def line(self, call: ToolCall) -> str:
        """One line for the screen that says what the call is about to do."""
        told = next((str(call.arguments[name]) for name in _TELLING if call.arguments.get(name)), "")
        return clean_line(f"{call.name} {told}", 200)

    async def use(self, call: ToolCall, turn: int) -> Used:
        """Do it; what goes wrong is an answer for the model."""
        tool = self._tools.get(call.name)
        if tool is None:
            result = unknown_tool(clean_line(call.name, 60), self._tools.values())
        else:
            result = await tool.run(self._context_for(turn), call.arguments)
        note = result.note if await self._keeps(result.note) else ""
        line = result.display or result.text
        return Used(
            result.text, clean_line(line, 200), result.is_error, result.changed, note, result.finish, result.command
        )

    async def _keeps(self, note: str) -> bool:
        """Whether the note is new; it is written down where there is a memory that can be written."""
        if not note or self._memory is None:
            return bool(note)
        try:
            return await in_thread(self._memory.add, self._agent, note, self._origin)
        except OSError:
            return True
