"""A cheap guess at token counts, for servers that do not say: about four characters a token."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from engine.model import Message, ToolSpec

CHARS_PER_TOKEN = 4
MESSAGE_OVERHEAD_TOKENS = 4
"""What a chat template adds around each message."""


def tokens_in(text: str) -> int:
    """Estimate the tokens of a text, rounding up; 0 only for the empty text."""
    return tokens_of_chars(len(text))


def tokens_of_chars(chars: int) -> int:
    """Estimate the tokens of so many characters, rounding up."""
    return -(-chars // CHARS_PER_TOKEN)


def tokens_in_messages(messages: Iterable[Message], tools: Iterable[ToolSpec] = ()) -> int:
    """Estimate the tokens of a whole prompt: messages, the calls in them, and the tools offered."""
    total = sum(_tokens_in_message(message) for message in messages)
    return total + sum(
        tokens_in(tool.name + tool.description + _compact(tool.parameters)) + MESSAGE_OVERHEAD_TOKENS for tool in tools
    )


def _tokens_in_message(message: Message) -> int:
    calls = sum(tokens_in(call.name + _compact(call.arguments)) for call in message.tool_calls)
    return tokens_in(message.content) + calls + MESSAGE_OVERHEAD_TOKENS


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
