"""How many tokens we think we send, corrected by what servers say they read, and the alarm when the two part ways.

A server that cuts a prompt says so nowhere; the only sign is its count of prompt tokens (Ollama drops the oldest
messages). Our estimate is characters over four, so one count alone proves little: the alarm rings when the server read
less than half of what we sent, or, once it has counted a turn, when its count does not grow with the conversation.

A prefix cache can also make the count small: some servers report only what they newly evaluated. Then the count is
about the size of what was added since the last turn, and that is not taken for a cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agents.models.estimate import tokens_in_messages
from engine.model import Message, ToolSpec, Usage

LOWEST_RATIO, HIGHEST_RATIO = 0.6, 2.0
"""True tokens per estimated one; texts outside of this exist, but a cut prompt must not pass for one."""
CUT_SHARE = 0.5
GROWTH_SHARE = 0.25
"""The least that a server can count for an estimated token that was added."""
SLACK_TOKENS = 64
SMALLEST_TOKENS = 256
"""Shorter prompts prove nothing."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The server read fewer tokens than we sent."""

    sent_tokens: int
    read_tokens: int


class Gauge:
    """Counts one conversation; belongs to one attempt."""

    def __init__(self) -> None:
        self._ratio = 1.0
        self._sent_raw = 0
        self._read = 0
        self._tools: Iterable[ToolSpec] = ()
        self._tools_raw = 0

    @property
    def ratio(self) -> float:
        """True tokens per estimated one, as far as known."""
        return self._ratio

    def tokens(self, messages: Iterable[Message], tools: Iterable[ToolSpec] = ()) -> int:
        """Estimate a prompt, corrected by what was read so far."""
        return self.scaled(tokens_in_messages(messages) + self._raw_of_tools(tools))

    def scaled(self, raw_tokens: int) -> int:
        """Correct a raw estimate."""
        return round(raw_tokens * self._ratio)

    def forget(self) -> None:
        """The conversation was compacted: the last count says nothing of the next."""
        self._read = 0

    def compare(self, messages: Iterable[Message], tools: Iterable[ToolSpec], usage: Usage) -> Cut | None:
        """Hold what was sent against what the server says it read.

        In:  the request's messages and tools; the usage that its reply ended with.
        Out: a Cut when the server cannot have read it all; otherwise None, and later estimates are corrected.
        """
        held = list(messages)
        certain = tokens_in_messages(held)
        raw = certain + self._raw_of_tools(tools)
        # Some vendors leave cached tokens out of the count although the port asks for them in it.
        read = usage.prompt_tokens + (usage.cached_tokens if usage.cached_tokens > usage.prompt_tokens else 0)
        if usage.is_estimated or read <= 0:
            return None
        # Some templates leave the tools out, always or after a tool's answer: only messages are certain to be read.
        if certain >= SMALLEST_TOKENS and self._is_cut(certain, raw, read, any(message.opaque for message in held)):
            return Cut(self.scaled(raw), read)
        if not self._is_only_new(raw, read):
            self._ratio = min(max(read / raw, LOWEST_RATIO), HIGHEST_RATIO)
            self._sent_raw, self._read = raw, read
        return None

    def _raw_of_tools(self, tools: Iterable[ToolSpec]) -> int:
        """Their schemas are encoded to be counted: once for a conversation, which offers the same all the time."""
        if tools is not self._tools:
            self._tools, self._tools_raw = tools, tokens_in_messages((), tools)
        return self._tools_raw

    def _is_cut(self, certain: int, raw: int, read: int, has_opaque: bool) -> bool:
        if self._is_only_new(raw, read):
            return False
        if read < CUT_SHARE * self.scaled(certain):
            return True
        # Vendors with opaque thinking drop old thoughts from the count, and never cut.
        if not self._read or has_opaque:
            return False
        tools = HIGHEST_RATIO * (raw - certain)
        return read < self._read + GROWTH_SHARE * (raw - self._sent_raw) - SLACK_TOKENS - tools

    def _is_only_new(self, raw: int, read: int) -> bool:
        """Whether the count looks like that of the added messages alone: a server that leaves its cache out."""
        if not self._read:
            return False
        added = (raw - self._sent_raw) * self._ratio
        return added > 0 and read <= 2 * added + SLACK_TOKENS and read < CUT_SHARE * self._read
