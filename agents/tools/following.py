"""finish with follow-ups: how work ends where its agent may propose more tasks for the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agents.plan_file import DEFAULT_AGENT, drafted
from agents.tools.reporting import FINISH
from agents.tools.tool import Kind, ToolContext, ToolResult, refused
from engine.model import ToolSpec

FIELD = "follow_ups"
_TEXTS = {"type": "array", "items": {"type": "string"}}


@dataclass(frozen=True, slots=True)
class FinishWithFollowUps:
    """The tool `finish` with a list of tasks that go beyond this one."""

    most: int
    """How many may be proposed now."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        schema = FINISH.spec.parameters
        return ToolSpec(
            FINISH.spec.name,
            FINISH.spec.description,
            {**schema, "properties": {**schema["properties"], FIELD: self._follow_ups()}},
        )

    def _follow_ups(self) -> dict[str, Any]:
        return {
            "type": "array",
            "maxItems": self.most,
            "description": "Only for work that this task must not do and that the goal cannot do without.",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "Short lower-case words with dashes."},
                    "agent": {"type": "string", "description": f"A specialist; {DEFAULT_AGENT} when left out."},
                    "goal": {"type": "string", "description": "All that the agent will be told. Name files."},
                    "scope": {**_TEXTS, "description": "Globs of files it may write."},
                    "check": {"type": "string", "description": "A command that proves it; leave out if unsure."},
                },
                "required": ["id", "goal"],
            },
        }

    @property
    def kind(self) -> Kind:
        """It ends the attempt."""
        return "finish"

    async def run(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """End the task; follow-ups that cannot be read are sent back before anything ends."""
        raw = arguments.get(FIELD)
        rest = {name: value for name, value in arguments.items() if name != FIELD}
        if not raw:
            return await FINISH.run(context, rest)
        tasks = drafted({"tasks": raw})
        if isinstance(tasks, str):
            return refused(f"`{FIELD}` cannot be read:\n{tasks.replace('tasks.', f'{FIELD}.')}")
        if len(tasks) > self.most:
            return refused(f"{len(tasks)} follow-ups are too many: {self.most} at most. Keep what the goal needs.")
        result = await FINISH.run(context, rest)
        return replace(result, finish=replace(result.finish, follow_ups=tasks)) if result.finish else result
