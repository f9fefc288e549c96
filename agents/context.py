"""One attempt's conversation, and what of the context window each part of it fills.

When it fills more than four fifths of the window that is really loaded, the oldest turns are folded into a digest: no
model is asked, so the same conversation always gives the same digest. System prompt, brief and the last turns stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.gauge import Gauge
from agents.models.estimate import tokens_in
from engine.clean import clean_line
from engine.lane_events import ContextMeasured
from engine.model import Message, ToolCall, ToolSpec
from engine.words import ContextPart, TaskId

FULL_SHARE = 0.8
SHRINK_SHARE = 0.7
"""After compaction at most this share of the tokens may be left: less gain would only delay the end."""
KEPT_TURNS = (3, 2, 1)
"""Last turns that stay whole: the first of these that shrinks enough."""
HEAD_MESSAGES = 2
"""System prompt and brief, which always stay, with what examples stand between them."""
DIGEST_TITLE = "Digest of your earlier turns, whose full text was removed to make room:"
LINE_CHARS = 160
DIGEST_LINES = 60
TAIL_RESULT_CHARS = 2000
"""What stays of a tool result when only the last turn is left and it is still too long."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a model can hold."""

    effective_tokens: int
    max_tokens: int

    @property
    def output_tokens(self) -> int:
        """What is left for the reply: the fifth that prompts do not fill."""
        return min(max(self.effective_tokens // 5, 256), 8192)


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of the opening messages and the part of the context it counts as."""

    part: str
    """system, rules, memory, brief or files."""
    text: str


class Context:
    """The messages of one attempt, counted as they grow."""

    def __init__(
        self,
        system: tuple[Section, ...],
        brief: tuple[Section, ...],
        window: Window,
        tools: tuple[ToolSpec, ...] = (),
        examples: tuple[Message, ...] = (),
    ) -> None:
        self.window = window
        self.tools = tools
        self.gauge = Gauge()
        self._opening = (*system, *brief)
        self._examples = examples
        self._messages = [Message("system", _joined(system)), *examples, Message("user", _joined(brief))]
        self._head = HEAD_MESSAGES + len(examples)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation as the next request sends it."""
        return tuple(self._messages)

    @property
    def used_tokens(self) -> int:
        """What the next request will fill, as far as we know."""
        return self.gauge.tokens(self._messages, self.tools)

    @property
    def is_full(self) -> bool:
        """Whether it is time to compact."""
        return self.used_tokens > FULL_SHARE * self.window.effective_tokens

    def say(self, text: str) -> None:
        """Put words before the model."""
        self._messages.append(Message("user", text))

    def reply(self, message: Message) -> None:
        """Keep what the model said."""
        self._messages.append(message)

    def answer(self, call: ToolCall, text: str, is_error: bool) -> None:
        """Answer a tool call."""
        self._messages.append(Message("tool", text, call_id=call.call_id, tool_name=call.name, is_error=is_error))

    def recap(self) -> str:
        """All turns so far as a digest, for whoever takes over."""
        return digest(self._messages[self._head :])

    def measured(self, task: TaskId) -> ContextMeasured:
        """The fact of what fills the window now."""
        window = self.window
        return ContextMeasured(task, self.used_tokens, window.effective_tokens, window.max_tokens, self.parts())

    def parts(self) -> tuple[ContextPart, ...]:
        """What fills the window, in the order it is sent; empty parts are left out."""
        counts = dict.fromkeys(("system", "rules", "memory", "brief", "files", "tool results", "history"), 0)
        for section in self._opening:
            counts[section.part] += self.gauge.scaled(tokens_in(section.text))
        counts["system"] += self.gauge.tokens(self._examples, self.tools)
        for message in self._messages[self._head :]:
            part = "tool results" if message.role == "tool" else "history"
            counts[part] += self.gauge.tokens((message,))
        return tuple(ContextPart(name, tokens) for name, tokens in counts.items() if tokens)

    def compact(self) -> tuple[int, int] | None:
        """Fold the oldest turns into a digest.

        Out: tokens before and after; None, and nothing changed, when it cannot shrink by three tenths.
        """
        before = self.used_tokens
        for kept in KEPT_TURNS:
            shorter = self._folded(kept)
            after = self.gauge.tokens(shorter, self.tools)
            if after <= SHRINK_SHARE * before:
                self._messages = shorter
                self.gauge.forget()
                return before, after
        return None

    def _folded(self, kept_turns: int) -> list[Message]:
        head, rest = self._messages[: self._head], self._messages[self._head :]
        starts = [index for index, message in enumerate(rest) if message.role == "assistant"]
        # A tail that begins with an assistant message has all answers to its calls: none is left without its question.
        cut = starts[-kept_turns] if len(starts) >= kept_turns else 0
        old, tail = rest[:cut], rest[cut:]
        if kept_turns == KEPT_TURNS[-1]:
            tail = [_shortened(message) for message in tail]
        return [*head, *([Message("user", f"{DIGEST_TITLE}\n{digest(old)}")] if old else []), *tail]


def digest(messages: list[Message]) -> str:
    """What happened in some turns, a line each, made without a model."""
    outcomes = {message.call_id: message for message in messages if message.role == "tool"}
    lines: list[str] = []
    for message in messages:
        if message.role == "user":
            lines.append(f"- told: {clean_line(message.content, LINE_CHARS)}")
        elif message.role == "assistant":
            if message.content.strip():
                lines.append(f"- you: {clean_line(message.content, LINE_CHARS)}")
            lines += [_call_line(call, outcomes.get(call.call_id)) for call in message.tool_calls]
    if len(lines) > DIGEST_LINES:
        lines = [f"- ({len(lines) - DIGEST_LINES} earlier steps left out)", *lines[-DIGEST_LINES:]]
    return "\n".join(lines)


def _call_line(call: ToolCall, outcome: Message | None) -> str:
    arguments = ", ".join(f"{name}={clean_line(str(value), 60)}" for name, value in call.arguments.items())
    result = clean_line(outcome.content, 80) if outcome else "no answer"
    return clean_line(f"- {call.name}({arguments}) → {'error: ' if outcome and outcome.is_error else ''}{result}", 240)


def _shortened(message: Message) -> Message:
    if message.role != "tool" or len(message.content) <= TAIL_RESULT_CHARS:
        return message
    half = TAIL_RESULT_CHARS // 2
    left_out = len(message.content) - TAIL_RESULT_CHARS
    text = f"{message.content[:half]}\n… {left_out} characters left out …\n{message.content[-half:]}"
    return replace(message, content=text)


def _joined(sections: tuple[Section, ...]) -> str:
    return "\n\n".join(section.text for section in sections if section.text)
