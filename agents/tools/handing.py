"""hand_off: an agent passes its task on to a specialist whom the flow names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from agents.document import nearest
from agents.tools.tool import Arguments, Finish, Kind, ToolContext, ToolResult, TypedTool, refused, schema_of
from engine.clean import clean_line
from engine.model import ToolSpec

NAME = "hand_off"


class HandOffArguments(Arguments):
    """What hand_off takes."""

    to: str = Field(min_length=1, max_length=100, description="Who goes on with the task.")
    reason: str = Field(min_length=1, max_length=400, description="Why this is theirs and not yours, in one line.")
    carried: str = Field(
        min_length=1,
        max_length=4_000,
        description="All they will be told: what is done, what you saw and where, what surprised you, what comes next.",
    )


@dataclass(frozen=True, slots=True)
class HandOff:
    """The tool with those people in it to whom this task may go now."""

    people: Sequence[tuple[str, str]]
    """Name and description of each."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        who = "; ".join(f"{name} ({about})" if about else name for name, about in self.people)
        schema = schema_of(HandOffArguments)
        to = {**schema["properties"]["to"], "enum": [name for name, _ in self.people]}
        properties = {**schema["properties"], "to": to}
        return ToolSpec(NAME, f"Pass this task on and end your part. To: {who}.", {**schema, "properties": properties})

    @property
    def kind(self) -> Kind:
        """It ends the attempt."""
        return "finish"

    async def run(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Pass on; somebody who was not offered is refused with the names of those who are."""
        names = [name for name, _ in self.people]
        if (to := arguments.get("to")) is not None and to not in names:
            return refused(f"{clean_line(str(to), 60)} is not there. {nearest(str(to), names)}".strip())
        return await _TOOL.run(context, arguments)


async def _hand_off(_context: ToolContext, wanted: HandOffArguments) -> ToolResult:
    claim = Finish(wanted.carried, "handed_off", to=wanted.to, reason=wanted.reason)
    display = f"hand_off to {wanted.to}: {clean_line(wanted.reason, 80)}"
    return ToolResult("Handed off.", display=display, finish=claim)


_TOOL = TypedTool(
    name=NAME,
    description="Pass this task on.",
    kind="finish",
    arguments=HandOffArguments,
    action=_hand_off,
    example={
        "to": "billing",
        "reason": "a refund",
        "carried": "Order A-17 was paid twice: log line 4.",
    },
)
