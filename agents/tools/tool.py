"""What a tool is: a specification for the model, typed arguments, an action, a result.

A tool never raises for what a model did wrong. A wrong argument, a missing file, a refused path come back as a result
that says what was expected and how to do better: the model reads it and tries again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from agents.tools.cap import capped
from engine.clean import clean_line
from engine.errors import ToolFault
from engine.model import ToolSpec
from engine.ports import Answer, Question
from engine.sandbox.sandbox import MEBIBYTE, CommandResult, OnOutput, Sandbox
from engine.sandbox.scope import WriteScope
from engine.words import TaskSpec

Kind: TypeAlias = Literal["read", "edit", "run", "note", "finish"]
DISPLAY_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tool may do or return."""

    result_chars: int = 16_000
    """The longest text a model gets from one call."""
    read_bytes: int = 16 * MEBIBYTE
    """Larger files are not opened as text."""
    write_bytes: int = 2 * MEBIBYTE
    command_timeout_s: float = 120.0
    command_timeout_most_s: float = 900.0
    search_timeout_s: float = 10.0
    memory_bytes: int = 4096 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a lane gives to a tool call."""

    root: Path
    """The lane's worktree."""
    sandbox: Sandbox
    ask: Callable[[Question], Awaitable[Answer]]
    """Asks the person and waits."""
    scope: WriteScope = field(default_factory=WriteScope)
    limits: Limits = field(default_factory=Limits)
    on_output: OnOutput | None = None
    """Takes a command's output while it runs."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The agent's claim that its attempt is over, or that somebody else should go on with it."""

    summary: str
    outcome: Literal["done", "gave_up", "handed_off"]
    evidence: tuple[str, ...] = ()
    to: str = ""
    """Who goes on."""
    reason: str = ""
    """Why they should."""
    follow_ups: tuple[TaskSpec, ...] = ()
    """Tasks that go beyond this one."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call gives back."""

    text: str
    """For the model; never longer than `Limits.result_chars`."""
    is_error: bool = False
    display: str = ""
    """One clean line for the screen."""
    changed: tuple[str, ...] = ()
    """Paths that the call wrote."""
    outliving: tuple[str, ...] = ()
    """Those of them whose change outlives the task: a person must see them before they land."""
    command: CommandResult | None = None
    note: str = ""
    finish: Finish | None = None


class Arguments(BaseModel):
    """Base of all tools' arguments: the JSON schema that a model sees is made from these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, arguments: Any) -> Any:
        """Models fill in null for what they mean to leave out."""
        if not isinstance(arguments, dict):
            return arguments
        return {name: value for name, value in arguments.items() if value is not None}


A = TypeVar("A", bound=Arguments)


class Tool(Protocol):
    """Something a model may call."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""

    @property
    def kind(self) -> Kind:
        """What sort of effect it has."""

    async def run(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Do it.

        Out:     always a result; `is_error` when the model should do something else.
        Raises:  only CancelledError.
        """


@dataclass(frozen=True, slots=True)
class TypedTool(Generic[A]):
    """A tool made of an arguments class and an action."""

    name: str
    description: str
    kind: Kind
    arguments: type[A]
    action: Callable[[ToolContext, A], Awaitable[ToolResult]]
    example: dict[str, Any]
    """A good call, shown when the arguments were wrong."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        return ToolSpec(self.name, self.description, schema_of(self.arguments))

    async def run(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Validate the arguments, act, keep the result short; see `Tool.run`."""
        try:
            wanted = self.arguments.model_validate(arguments)
        except ValidationError as error:
            return self._wrong(error)
        try:
            result = await self.action(context, wanted)
        except ToolFault as fault:
            result = refused(fault.reason)
        except OSError as error:
            result = refused(f"the system refused: {error.strerror or error}")
        return _fitted(result, self.name, context.limits)

    def _wrong(self, error: ValidationError) -> ToolResult:
        faults = "\n".join(f"- {_fault(one)}" for one in error.errors(include_url=False, include_context=False)[:8])
        text = f"{self.name}: the arguments are wrong:\n{faults}\nA good call: {json.dumps(self.example)}"
        return ToolResult(capped(text, 4_000), is_error=True, display=f"{self.name}: wrong arguments")


def refused(reason: str) -> ToolResult:
    """A result that says why nothing was done."""
    return ToolResult(reason, is_error=True, display=clean_line(reason.partition("\n")[0], DISPLAY_LIMIT))


@cache  # pydantic takes half a millisecond for each, and every attempt offers a dozen
def schema_of(arguments: type[Arguments]) -> dict[str, Any]:
    """The JSON schema of an arguments class, without the titles that only cost tokens; not to be changed."""
    schema = arguments.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    for one in schema.get("properties", {}).values():
        one.pop("title", None)
    return schema


def _fault(one: Any) -> str:
    place = ".".join(str(part) for part in one["loc"]) or "arguments"
    if one["type"] == "missing":
        return f"{place}: missing"
    if one["type"] == "extra_forbidden":
        return f"{place}: there is no such argument"
    return f"{place}: {one['msg'][:1].lower()}{one['msg'][1:]}; got {clean_line(repr(one['input']), 80)}"


def _fitted(result: ToolResult, name: str, limits: Limits) -> ToolResult:
    return ToolResult(
        text=capped(result.text, limits.result_chars),
        is_error=result.is_error,
        display=clean_line(result.display or name, DISPLAY_LIMIT),
        changed=result.changed,
        outliving=result.outliving,
        command=result.command,
        note=result.note,
        finish=result.finish,
    )
