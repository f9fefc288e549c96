"""Tools for models that have none: the reply is forced into one JSON object that is a call or the final words.

`as_action_request` rewrites a request, `acting` reads the stream that answers it, so that an agent sees the same chunks
as from a model with tools.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from agents.models.schema import violations
from engine.errors import MalformedReply
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRef,
    ModelRequest,
    ProgressChunk,
    StopReason,
    TextChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
)

FINAL = "final"
MAX_NAMED_VIOLATIONS = 3
"""How many mistakes are told to the model at once."""


@dataclass(frozen=True, slots=True)
class FinalText:
    """The model has finished and says this."""

    text: str


class BadAction(ValueError):
    """The reply is not an action; the text tells the model what is wrong with it."""


def action_schema(tools: Sequence[ToolSpec]) -> dict[str, Any]:
    """The JSON schema of one action: `{"tool": name, "arguments": {…}}` for each tool, or `{"final": text}`.

    Plain anyOf with one-element enums: every grammar compiler (llama.cpp's, so Ollama's too) understands it.
    """
    branches = [_branch({"tool": {"type": "string", "enum": [t.name]}, "arguments": t.parameters}) for t in tools]
    return {"anyOf": [*branches, _branch({FINAL: {"type": "string"}})]}


def _branch(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse_action(text: str, tools: Sequence[ToolSpec], call_id: str = "action") -> ToolCall | FinalText:
    """Read a reply that should be an action.

    Raises: BadAction when it is not JSON, names no offered tool, or its arguments break the tool's schema.
    """
    value = _object(text)
    if isinstance(value.get(FINAL), str) and "tool" not in value:
        return FinalText(value[FINAL])
    spec = next((tool for tool in tools if tool.name == value.get("tool")), None)
    if spec is None:
        names = ", ".join(tool.name for tool in tools)
        raise BadAction(f'Answer {{"tool": one of {names}, "arguments": {{…}}}} or {{"{FINAL}": "text"}}.')
    arguments = value.get("arguments", {})
    wrong = violations(spec.parameters, arguments)
    if wrong or not isinstance(arguments, dict):
        raise BadAction(f"The arguments of {spec.name} are wrong: {'; '.join(wrong[:MAX_NAMED_VIOLATIONS])}.")
    return ToolCall(call_id, spec.name, arguments)


def _object(text: str) -> dict[str, Any]:
    body = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAction("The answer is not one JSON object.") from error
    if not isinstance(value, dict):
        raise BadAction("The answer is not one JSON object.")
    return value


def as_action_request(request: ModelRequest) -> ModelRequest:
    """Rewrite a request with tools for a model without them.

    Out: no tools, a schema instead; tools described in the system prompt; past calls and results as plain text.
         A request without tools comes back as it was.
    """
    if not request.tools:
        return request
    messages = tuple(_plain(message) for message in request.messages)
    guide = Message("system", _guide(request.tools))
    if messages and messages[0].role == "system":
        head = replace(messages[0], content=f"{messages[0].content}\n\n{guide.content}")
        messages = (head, *messages[1:])
    else:
        messages = (guide, *messages)
    return replace(request, messages=messages, tools=(), schema=action_schema(request.tools))


def _guide(tools: Sequence[ToolSpec]) -> str:
    lines = [f"- {tool.name}: {tool.description} Arguments: {json.dumps(tool.parameters)}" for tool in tools]
    return (
        'Answer with one JSON object and nothing else: {"tool": name, "arguments": {…}} to use a tool, '
        f'or {{"{FINAL}": "text"}} when you are done.\nTools:\n' + "\n".join(lines)
    )


def _plain(message: Message) -> Message:
    if message.role == "tool":
        outcome = "failed" if message.is_error else "answered"
        return Message("user", f"{message.tool_name or 'The tool'} {outcome}:\n{message.content}")
    if message.tool_calls:
        call = message.tool_calls[0]
        action = json.dumps({"tool": call.name, "arguments": call.arguments}, ensure_ascii=False)
        return Message("assistant", action)
    return message


async def acting(
    stream: AsyncIterator[Chunk], tools: Sequence[ToolSpec], ref: ModelRef, turn: int = 0
) -> AsyncIterator[Chunk]:
    """Turn a stream of action JSON into the chunks of a model with tools.

    The JSON itself is nobody's reading: while it comes, ProgressChunks tell how much; then the call or the final text.
    Raises: MalformedReply with words for the model when the reply is not an action.
    """
    said: list[str] = []
    async with aclosing(stream) as chunks:  # type: ignore[type-var]  # every adapter's stream is a generator
        async for chunk in chunks:
            if isinstance(chunk, TextChunk):
                said.append(chunk.text)
                yield ProgressChunk("acting", done=len(said), text=chunk.text)
            elif isinstance(chunk, EndChunk):
                for last in _concluded("".join(said), tools, ref, turn, chunk):
                    yield last
            else:
                yield chunk


def _concluded(text: str, tools: Sequence[ToolSpec], ref: ModelRef, turn: int, end: EndChunk) -> list[Chunk]:
    try:
        action = parse_action(text, tools, f"action_{turn}")
    except BadAction as error:
        if end.reason is StopReason.LENGTH:
            return [TextChunk(text), end]
        raise MalformedReply(ref.name, ref.provider, str(error)) from error
    if isinstance(action, FinalText):
        return [TextChunk(action.text), end]
    return [ToolCallChunk(action), replace(end, reason=StopReason.TOOL_CALLS)]
