"""Typed answers: the fields that a node of a flow declares, asked of the model as arguments and read back strictly.

Other nodes branch on these fields, count them or spread over them, so a value that was not offered is never taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.document import nearest
from engine.clean import clean_line
from engine.model import ToolSpec
from engine.words import Answer

VALUE_CHARS = 400
MAX_ENTRIES = 100


class Complaint(Exception):  # not an error of ours: words for the model
    """The result has no usable shape; the text goes back to the model."""


def with_answers(tool: ToolSpec, answers: Mapping[str, Answer]) -> ToolSpec:
    """An ending tool that asks for the fields as well."""
    if not answers:
        return tool
    properties = {**tool.parameters["properties"], **{name: _schema(answer) for name, answer in answers.items()}}
    required = [*tool.parameters["required"], *answers]
    return ToolSpec(tool.name, tool.description, {**tool.parameters, "properties": properties, "required": required})


def read_answers(answers: Mapping[str, Answer], arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The fields out of a model's arguments.

    Raises: Complaint for a field that is missing or says what was not offered.
    """
    return {name: _values(name, answer, arguments.get(name)) for name, answer in answers.items()}


def said_answers(answers: Mapping[str, Answer]) -> str:
    """What a task must answer, in words; empty when it need not answer anything."""
    return "\n".join(f"- {name}: {_said(answer)}" for name, answer in answers.items())


def _schema(answer: Answer) -> dict[str, Any]:
    one: dict[str, Any] = {"type": "string"}
    if answer.choices:
        one["enum"] = list(answer.choices)
    return {"type": "array", "items": one, "maxItems": MAX_ENTRIES} if answer.is_list else one


def _said(answer: Answer) -> str:
    words = f"one of {', '.join(answer.choices)}" if answer.choices else "a word or a short line"
    return f"a list, each {words}" if answer.is_list else words


def _values(name: str, answer: Answer, raw: Any) -> tuple[str, ...]:
    many = raw if isinstance(raw, list) else [] if raw is None else [raw]
    values = tuple(clean_line(_word(one), VALUE_CHARS) for one in many if isinstance(one, str | int | float))
    values = tuple(value for value in values if value)[:MAX_ENTRIES]
    if not answer.is_list and len(values) != 1:
        raise Complaint(f"`{name}` is missing: it must be {_said(answer)}.")
    return tuple(_chosen(name, answer, value) for value in values)


def _word(one: str | float) -> str:
    return str(one).lower() if isinstance(one, bool) else str(one)


def _chosen(name: str, answer: Answer, value: str) -> str:
    if not answer.choices:
        return value
    found = next((choice for choice in answer.choices if choice.lower() == value.strip().lower()), None)
    if found is None:
        advice = nearest(value, answer.choices) or f"It must be {_said(answer)}."
        raise Complaint(f"`{name}` cannot be `{value}`. {advice}")
    return found
