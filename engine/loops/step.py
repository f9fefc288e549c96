"""One step of a transcript: a finished tool call, a message, a word from outside, or a piece of a stream.

The JSON form is the one other tools' transcripts are converted to:
    {"actor", "type": "action", "tool", "args", "output", "error", "text"}
    {"actor", "type": "message" | "user" | "chunk" | "stream", "text"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum

import msgspec

_STREAMED = ("chunk", "stream")
"""A piece of a reply, or the whole of one: the detector does not tell them apart."""


class StepKind(StrEnum):
    """What a step is; the values are those of the JSON form."""

    ACTION = "action"
    MESSAGE = "message"
    USER = "user"
    CHUNK = "chunk"


class Step(msgspec.Struct, frozen=True):
    """One step, frozen. Texts are as they came from outside."""

    kind: StepKind
    actor: str = "agent"
    text: str = ""
    """The thought before a call, the message, or the chunk."""
    tool: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    """Name and value of every argument in the order given; values that are not text are JSON."""
    output: str = ""
    error: str = ""
    """The error's text; empty for a call that succeeded."""
    tree: str = ""
    """Hash of the worktree's tree after the call; empty when unknown."""

    @classmethod
    def action(
        cls,
        tool: str,
        arguments: Mapping[str, object],
        output: str,
        *,
        is_error: bool = False,
        tree: str = "",
        actor: str = "agent",
    ) -> Step:
        """A finished tool call, as the engine sees it.

        In: arguments as the model gave them; is_error when the tool failed, then the output is the error's text.
        """
        error = (output or "failed") if is_error else ""
        return cls(StepKind.ACTION, actor, "", tool, _flat(arguments), output, error, tree)

    @classmethod
    def message(cls, actor: str, text: str) -> Step:
        """An agent's message without a tool call."""
        return cls(StepKind.MESSAGE, actor, text)

    @classmethod
    def user(cls, text: str, actor: str = "user") -> Step:
        """A word from outside the run: a person, or a program that is not an agent."""
        return cls(StepKind.USER, actor, text)

    @classmethod
    def chunk(cls, text: str, actor: str = "agent") -> Step:
        """A piece of a stream, of any size."""
        return cls(StepKind.CHUNK, actor, text)

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Step:
        """Read the JSON form of a step.

        Raises: ValueError for a type that is not one of the four.
        """
        if fields.get("type") in _STREAMED:
            return cls(StepKind.CHUNK, _text(fields.get("actor")) or "agent", _text(fields.get("text")))
        raw = fields.get("args")
        arguments = raw if isinstance(raw, Mapping) else {} if raw is None else {"": raw}
        return cls(
            StepKind(str(fields.get("type"))),
            _text(fields.get("actor")) or "agent",
            _text(fields.get("text")),
            _text(fields.get("tool")),
            _flat(arguments),
            _text(fields.get("output")),
            _text(fields.get("error")),
            _text(fields.get("tree")),
        )


def _flat(arguments: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, _text(value)) for name, value in arguments.items()])


def _text(value: object) -> str:
    """Text stays, nothing and false become empty, the rest becomes JSON with sorted keys."""
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
