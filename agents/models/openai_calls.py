"""Join the fragments of tool calls that chat completions stream, in all the ways that servers cut them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agents.models.replies import BrokenReply
from engine.model import ToolCall


class FunctionDelta(msgspec.Struct, gc=False):
    """The function part of a fragment."""

    name: str | None = None
    arguments: Any = None
    """A piece of JSON text; some servers send the parsed object."""


class CallDelta(msgspec.Struct, gc=False):
    """One fragment of one call."""

    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None


@dataclass(slots=True)
class _Open:
    call_id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)


class OpenCalls:
    """The calls of one reply that are still arriving.

    By the book the first fragment has index, id and name and the others only index and text. Seen as well: no index;
    the name again in every fragment; a whole call at once; arguments as an object; every call under index 0 with an
    id of its own.
    """

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._open: list[_Open] = []
        self._by_index: dict[int, _Open] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, delta: CallDelta) -> None:
        """Take one fragment."""
        call = self._call_for(delta)
        function = delta.function
        if function is None:
            return
        if function.name and not call.name:
            call.name = function.name
        if isinstance(function.arguments, str):
            call.parts.append(function.arguments)
        elif function.arguments is not None:
            call.parts = [json.dumps(function.arguments)]

    def _call_for(self, delta: CallDelta) -> _Open:
        call = self._by_index.get(delta.index) if delta.index is not None else self._without_index(delta)
        is_other = call is not None and delta.id and call.call_id and delta.id != call.call_id
        if call is None or is_other:
            call = _Open()
            self._open.append(call)
        if delta.index is not None:
            self._by_index[delta.index] = call
        call.call_id = call.call_id or delta.id or ""
        return call

    def _without_index(self, delta: CallDelta) -> _Open | None:
        """The call that a fragment without index belongs to: its id's, else the last unless it starts a new name."""
        if delta.id:
            return next((call for call in self._open if call.call_id == delta.id), None)
        last = self._open[-1] if self._open else None
        starts_anew = delta.function is not None and delta.function.name and last is not None and last.parts
        return None if starts_anew and _is_whole(last) else last

    def finished(self, *, was_cut: bool = False) -> list[ToolCall]:
        """All calls, in the order they began.

        In:     was_cut, the reply hit its length limit: then a last call that is not whole is dropped.
        Raises: BrokenReply when a call has no name or its arguments are not a JSON object.
        """
        calls: list[ToolCall] = []
        for position, call in enumerate(self._open):
            if was_cut and not _is_whole(call):
                continue
            calls.append(ToolCall(call.call_id or f"call_{self._turn}_{position}", _name(call), _arguments(call)))
        return calls


def _is_whole(call: _Open | None) -> bool:
    if call is None or not call.name:
        return False
    try:
        _arguments(call)
    except BrokenReply:
        return False
    return True


def _name(call: _Open) -> str:
    if not call.name:
        raise BrokenReply("a tool call has no name")
    return call.name


def _arguments(call: _Open) -> dict[str, Any]:
    text = "".join(call.parts)
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
        if isinstance(value, str):  # encoded twice
            value = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise BrokenReply(f"the arguments of {call.name or 'a tool call'} are not JSON") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BrokenReply(f"the arguments of {call.name or 'a tool call'} are not an object")
    return value
