"""Scripted replies, chosen from the conversation itself: no counter, no state, so a script survives kill -9.

The system prompt holds a line `Agent: <name>`; the first user message holds lines `Task: <id>` and
`Attempt: <n>`; the turn is the number of assistant messages so far. The same script answers in this process
(`scripted.ScriptedModel`) and behind a loopback server, and a resumed run gets the replies that the killed
one would have got.

A script is YAML, either a list of entries or `{defaults, models, entries}`:

    - agent: coder
      task: fix-parser
      attempt: 1            # any of the four may be left out: it then matches everything
      model: qwen3:4b
      turns:
        - thinking: I should look first.
          tool: {name: read_file, arguments: {path: a.py}}
        - text: Done.
          finish: true      # the conversation may not go on after this turn
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from engine.errors import DefinitionFault, MalformedReply
from engine.model import Message

_AGENT = re.compile(r"^Agent:[ \t]*(\S+)", re.MULTILINE)
_TASK = re.compile(r"^Task:[ \t]*(\S+)", re.MULTILINE)
_ATTEMPT = re.compile(r"^Attempt:[ \t]*(\d+)", re.MULTILINE)
_TOKEN = re.compile(r"\s?\S{1,5}|\s")


class ScriptedCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call that the script makes."""

    name: str
    arguments: dict[str, Any] = {}


class ScriptedError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An error in place of a reply; after some text it becomes an error in mid-stream."""

    status: int = 500
    body: str = "scripted error"
    retry_after: float | None = None
    """Seconds, sent as Retry-After."""


class ScriptedUsage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Token counts to report; what is left out is estimated."""

    prompt_tokens: int | None = None
    cached_tokens: int = 0
    output_tokens: int | None = None


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scripted reply: thinking, then text, then tool calls, then the end (or what goes wrong instead)."""

    text: str = ""
    thinking: str = ""
    tool: ScriptedCall | None = None
    tools: tuple[ScriptedCall, ...] = ()
    usage: ScriptedUsage | None = None
    delay_s: float | None = None
    """Pause before each chunk; None takes the script's default."""
    first_delay_s: float = 0.0
    """Extra pause before the first chunk: a model being loaded."""
    chunk_chars: int | None = None
    """Characters per chunk; None cuts at about a token."""
    error: ScriptedError | None = None
    cut: bool = False
    """End the stream without its end mark."""
    hang: bool = False
    """Stop sending and keep the line open."""
    repeat: int = 1
    """Play this turn so many times in a row."""
    repeat_text: int = 1
    """Repeat the text so many times within the turn: a degenerate stream."""
    length: bool = False
    """End with the reason `length`."""
    finish: bool = False
    """The conversation may not go on after this turn; so may it not after a call of the tool `finish`."""

    @property
    def calls(self) -> tuple[ScriptedCall, ...]:
        """All tool calls of the turn, `tool` before `tools`."""
        return ((self.tool,) if self.tool else ()) + self.tools

    @property
    def full_text(self) -> str:
        """The text as often as it is to be said."""
        return self.text * self.repeat_text

    @property
    def is_last(self) -> bool:
        """Whether nothing may follow."""
        return self.finish or any(call.name == "finish" for call in self.calls)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The turns for one conversation, or for all that its filled fields match."""

    turns: tuple[Turn, ...]
    agent: str | None = None
    task: str | None = None
    attempt: int | None = None
    model: str | None = None


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a turn takes when it does not say."""

    delay_s: float = 0.0
    chunk_chars: int | None = None


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a scripted model claims to be."""

    window_tokens: int = 32_768
    effective_tokens: int | None = None
    tools: bool = True
    thinking: bool = False
    cloud: bool = False
    large: bool = False
    slots: int = 1
    price_in: float = 0.0
    price_out: float = 0.0


class Place(msgspec.Struct, frozen=True):
    """Where in which conversation a reply is asked for."""

    agent: str
    task: str
    attempt: int
    turn: int
    model: str = ""

    def __str__(self) -> str:
        return (
            f"agent {self.agent or '(none)'}, task {self.task or '(none)'}, attempt {self.attempt}, "
            f"turn {self.turn}, model {self.model or '(none)'}"
        )


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All scripted conversations."""

    entries: tuple[Entry, ...]
    defaults: Defaults = Defaults()
    models: dict[str, ModelCard] = {}

    def turn_at(self, place: Place, host: str = "script") -> Turn:
        """Find the reply for a place.

        Out:    the turn; the last one again when the turns have run out.
        Raises: MalformedReply naming the place when nothing matches or the conversation had finished.
        """
        entry = self._entry_for(place)
        if entry is None:
            raise MalformedReply(place.model, host, f"the script has no entry for {place}")
        played = [turn for turn in entry.turns for _ in range(turn.repeat)]
        if place.turn < len(played):
            return played[place.turn]
        if not played or played[-1].is_last:
            raise MalformedReply(place.model, host, f"the script has ended before {place}")
        return played[-1]

    def _entry_for(self, place: Place) -> Entry | None:
        """The match that says most; of equals the first in the file."""
        scored = [(score, -index) for index, entry in enumerate(self.entries) if (score := _score(entry, place)) >= 0]
        return self.entries[-max(scored)[1]] if scored else None


def _score(entry: Entry, place: Place) -> int:
    """How many filled fields match; -1 when one does not."""
    wanted = (
        (entry.agent, place.agent),
        (entry.task, place.task),
        (entry.attempt, place.attempt),
        (entry.model, place.model),
    )
    filled = [(want, have) for want, have in wanted if want is not None]
    return len(filled) if all(want == have for want, have in filled) else -1


def place_of(roles_and_texts: Sequence[tuple[str, str]], model: str = "") -> Place:
    """Read the place out of a conversation.

    In: (role, text) of every message, oldest first; `Agent:` is looked for in the system texts, `Task:` and
        `Attempt:` in the first user text.
    """
    system = "\n".join(text for role, text in roles_and_texts if role == "system")
    user = next((text for role, text in roles_and_texts if role == "user"), "")
    attempt = _ATTEMPT.search(user)
    return Place(
        agent=_first(_AGENT, system),
        task=_first(_TASK, user),
        attempt=int(attempt[1]) if attempt else 1,
        turn=sum(role == "assistant" for role, _ in roles_and_texts),
        model=model,
    )


def place_of_messages(messages: Sequence[Message], model: str = "") -> Place:
    """Read the place out of vendor-free messages."""
    return place_of([(message.role, message.content) for message in messages], model)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def pieces(text: str, chunk_chars: int | None = None) -> list[str]:
    """Cut a text as a model streams it; joining the pieces gives the text back."""
    if chunk_chars is None:
        return _TOKEN.findall(text)
    return [text[start : start + chunk_chars] for start in range(0, len(text), max(chunk_chars, 1))]


def call_id(place: Place, index: int) -> str:
    """The id of a scripted call: the same in every replay, unique within its conversation."""
    return f"call_{place.turn}_{index}"


def parse_script(source: Any, path: Path | None = None) -> Script:
    """Check a script that was read already.

    In:     a list of entries, or `{defaults, models, entries}`.
    Raises: DefinitionFault with the field's place, e.g. `$.entries[0].turns[1].tool`.
    """
    shaped = {"entries": source} if isinstance(source, list) else source
    try:
        return msgspec.convert(shaped, Script)
    except msgspec.ValidationError as error:
        raise DefinitionFault(f"The script is malformed: {error}.", remedy="Correct that field.", path=path) from error


def load_script(path: Path) -> Script:
    """Read a script file.

    Raises: DefinitionFault with the line when it is not YAML, with the field when it is not a script.
    """
    try:
        source = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise DefinitionFault("The script is not YAML.", remedy="Correct it.", path=path, line=line) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionFault("The script cannot be read.", remedy="Check the path.", path=path) from error
    return parse_script(source, path)
