"""note and finish: what an agent says to the person, to its later self, and at the end."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from agents.secret import secret_in
from agents.tools.tool import Arguments, Finish, ToolContext, ToolResult, TypedTool
from engine.clean import clean_line
from engine.errors import ToolFault


class NoteArguments(Arguments):
    """What note takes."""

    text: str = Field(
        min_length=1, max_length=2_000, description="One lesson about this repository, worth keeping for later tasks."
    )


class FinishArguments(Arguments):
    """What finish takes."""

    summary: str = Field(
        min_length=1,
        max_length=4_000,
        description="What was done, what is surprising, what comes next; at most 300 words.",
    )
    evidence: tuple[str, ...] = Field(
        (), max_length=20, description="What shows it: commands with their results, files with lines."
    )
    outcome: Literal["done", "gave_up"] = Field("done", description="gave_up when the goal was not reached.")

    @field_validator("evidence", mode="before")
    @classmethod
    def _listed(cls, evidence: Any) -> Any:
        """One piece of evidence often comes without its list."""
        return (evidence,) if isinstance(evidence, str) else evidence


async def _note(_context: ToolContext, wanted: NoteArguments) -> ToolResult:
    if secret := secret_in(wanted.text):
        raise ToolFault(f"This looks like {secret}. A memory holds no secrets: say where it is found, not what it is.")
    return ToolResult("Noted.", display=f"note: {clean_line(wanted.text, 100)}", note=wanted.text)


async def _finish(_context: ToolContext, wanted: FinishArguments) -> ToolResult:
    claim = Finish(wanted.summary, wanted.outcome, wanted.evidence)
    return ToolResult("Finished.", display=f"finish: {clean_line(wanted.summary, 100)}", finish=claim)


NOTE = TypedTool(
    name="note",
    description="Keep a lesson in your memory. The person sees it and can undo it.",
    kind="note",
    arguments=NoteArguments,
    action=_note,
    example={"text": "Tests need PYTHONPATH=src."},
)

FINISH = TypedTool(
    name="finish",
    description="End the task. The engine checks the result itself, so claim only what you have seen.",
    kind="finish",
    arguments=FinishArguments,
    action=_finish,
    example={"summary": "Retry added to connect().", "evidence": ["pytest -q: 12 passed"], "outcome": "done"},
)
