"""Find tool calls that a small model wrote as text instead of calling.

Four dialects: bare JSON, JSON in a code fence, `<tool_call>` and its cousins, `<function=name>`. The danger is
the opposite mistake, running what the model only talked about, so a call counts only when all of this holds:

- it names an offered tool and its arguments are valid for that tool's schema;
- it starts a line and nothing but end marks follows it: a call in the middle of prose is talk;
- the line before it does not announce an example;
- every call of the reply passes; one bad call and none is taken.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from agents.models.schema import coerced, is_valid
from engine.model import Chunk, EndChunk, StopReason, TextChunk, ToolCall, ToolCallChunk, ToolSpec

MAX_CHARS = 200_000
"""A longer reply is not searched."""

_TAGS = "tool_call|tool_calls|function_call|tools|tool"
_THINKING = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_END_MARKS = re.compile(r"(?:\s|</s>|<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|end\|>|<\|endoftext\|>)+\Z")
_TAGGED = re.compile(rf"<(?P<tag>{_TAGS})>\s*(?P<body>.*?)\s*(?:</(?P=tag)>|\Z)\s*", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call|tool_code|xml)?[ \t]*\n(?P<body>.*?)\n?```\s*", re.DOTALL)
_FUNCTION = re.compile(
    r"<function=(?P<name>[\w.-]+)>\s*(?P<body>.*?)\s*(?:</function>|\Z)\s*(?:</tool_call>)?\s*", re.DOTALL
)
_PARAMETER = re.compile(r"<parameter=(?P<name>[\w.-]+)>\n?(?P<value>.*?)\n?</parameter>\s*", re.DOTALL)
_MARKED = re.compile(r"(?:\[TOOL_CALLS\]|<\|python_tag\|>)\s*")
_STARTS = re.compile(rf"^[ \t]*(?=<(?:{_TAGS})>|<function=|```|[\[{{]|<\|python_tag\|>)", re.MULTILINE)
_ANNOUNCES_EXAMPLE = re.compile(
    r"\b(?:examples?|e\.g|for instance|such as|like (?:this|so|the following)|would|could|format|syntax|schema)\b",
    re.IGNORECASE,
)
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "input")
_NAME_KEYS = ("name", "tool", "tool_name", "function", "action")

_Pair = tuple[str, Any]


def salvage(text: str, tools: Sequence[ToolSpec]) -> tuple[ToolCall, ...]:
    """Read the tool calls out of a whole reply.

    In:  the reply's visible text; the tools that were offered.
    Out: the calls in order, ids made of the text's digest; empty when the reply is prose or any call is not valid.
    """
    if not tools or len(text) > MAX_CHARS:
        return ()
    body = _END_MARKS.sub("", _THINKING.sub("", text))
    specs = {tool.name: tool for tool in tools}
    for start in _starts(body):
        pairs = _parse(body[start:].strip(), specs)
        if pairs and not _ANNOUNCES_EXAMPLE.search(_line_before(body, start)):
            return _accepted(pairs, specs, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8])
    return ()


async def salvaging(stream: AsyncIterator[Chunk], tools: Sequence[ToolSpec]) -> AsyncIterator[Chunk]:
    """Pass a stream through and add, before its end, the calls found in its text.

    A stream that made a real call is left alone. Closing this closes the inner stream.
    """
    said: list[str] = []
    has_called = False
    async with aclosing(stream) as chunks:  # type: ignore[type-var]  # every adapter's stream is a generator
        async for chunk in chunks:
            if isinstance(chunk, TextChunk):
                said.append(chunk.text)
            elif isinstance(chunk, ToolCallChunk):
                has_called = True
            elif isinstance(chunk, EndChunk) and not has_called:
                calls = salvage("".join(said), tools)
                for call in calls:
                    yield ToolCallChunk(call, is_salvaged=True)
                chunk = replace(chunk, reason=StopReason.TOOL_CALLS) if calls else chunk
            yield chunk


def _starts(body: str) -> list[int]:
    marked = _MARKED.search(body)
    return [found.start() for found in _STARTS.finditer(body)] + ([marked.start()] if marked else [])


def _line_before(body: str, start: int) -> str:
    lines = body[:start].rstrip().rsplit("\n", 1)
    return lines[-1]


def _parse(text: str, specs: dict[str, ToolSpec]) -> list[_Pair]:
    """Read a text that is nothing but calls; empty when it is anything else."""
    text = _MARKED.sub("", text, count=1) if _MARKED.match(text) else text
    for pattern in (_TAGGED, _FENCED, _FUNCTION):
        if pattern.match(text):
            return _parse_blocks(text, pattern, specs)
    return _pairs_of_values(_json_values(text))


def _parse_blocks(text: str, pattern: re.Pattern[str], specs: dict[str, ToolSpec]) -> list[_Pair]:
    """Read block after block of one dialect up to the end of the text."""
    pairs: list[_Pair] = []
    position = 0
    while position < len(text):
        found = pattern.match(text, position)
        if not found:
            return []
        inner = _pairs_of_block(found, pattern, specs)
        if not inner:
            return []
        pairs += inner
        position = found.end()
    return pairs


def _pairs_of_block(found: re.Match[str], pattern: re.Pattern[str], specs: dict[str, ToolSpec]) -> list[_Pair]:
    if pattern is _FUNCTION:
        return [(found["name"], _function_arguments(found["body"], specs.get(found["name"])))]
    if pattern is _TAGGED and found["body"].startswith("<function="):
        return _parse_blocks(found["body"], _FUNCTION, specs)
    if pattern is _FENCED and found["body"].lstrip().startswith("<"):
        return _parse(found["body"].strip(), specs)
    return _pairs_of_values(_json_values(found["body"]))


def _function_arguments(body: str, spec: ToolSpec | None) -> Any:
    """Arguments of `<function=…>`: a JSON object, or one `<parameter=…>` each."""
    if not body.startswith("<parameter="):
        values = _json_values(body)
        return values[0] if len(values) == 1 else ({} if not body else None)
    if _PARAMETER.sub("", body).strip() or spec is None:
        return None
    properties = spec.parameters.get("properties", {})
    return {
        found["name"]: coerced(properties.get(found["name"], {}), found["value"]) for found in _PARAMETER.finditer(body)
    }


def _json_values(text: str) -> list[Any]:
    """All JSON values of a text that holds nothing else; empty when it holds anything else."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    position = 0
    text = text.strip()
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return []
        values.append(value)
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
    return values


def _pairs_of_values(values: list[Any]) -> list[_Pair]:
    pairs: list[_Pair] = []
    for value in values:
        inner = value if isinstance(value, list) else [value]
        found = [_pair(one) for one in inner]
        if not found or None in found:
            return []
        pairs += [pair for pair in found if pair]
    return pairs


def _pair(value: Any) -> _Pair | None:
    """Name and arguments of one call object, in any of the spellings seen."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("tool_calls"), list) and len(value["tool_calls"]) == 1:
        return _pair(value["tool_calls"][0])
    if isinstance(value.get("function"), dict):
        return _pair(value["function"])
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    arguments = next((value[key] for key in _ARGUMENT_KEYS if key in value), None)
    if name is None or arguments is None:
        return None
    if isinstance(arguments, str):
        parsed = _json_values(arguments)
        arguments = parsed[0] if len(parsed) == 1 else None
    return name, arguments


def _accepted(pairs: list[_Pair], specs: dict[str, ToolSpec], digest: str) -> tuple[ToolCall, ...]:
    calls = []
    for index, (name, arguments) in enumerate(pairs):
        spec = specs.get(name)
        if spec is None or not isinstance(arguments, dict) or not is_valid(spec.parameters, arguments):
            return ()
        calls.append(ToolCall(f"salvaged_{digest}_{index}", name, arguments))
    return tuple(calls)
