"""Events to bytes and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.events import AnyEvent, Event

_UNKNOWN_WORD = "Invalid enum value"
"""How msgspec's message begins; it has no class of its own for this."""
_encoder = msgspec.json.Encoder()
_decode: dict[str, Callable[[bytes], AnyEvent]] = {
    kind.__name__: msgspec.json.Decoder(kind).decode for kind in AnyEvent.__args__
}


def kind_of(event: Event) -> str:
    """The word under which an event is stored."""
    return type(event).__name__


def encode(event: Event) -> bytes:
    """An event as compact JSON with its kind; halves of surrogate pairs, which models do write, become U+FFFD."""
    try:
        return _encoder.encode(event)
    except UnicodeEncodeError:
        return _encoder.encode(_mended(msgspec.to_builtins(event)))


def _mended(part: Any) -> Any:
    if isinstance(part, str):
        return part.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(part, dict):
        return {_mended(key): _mended(value) for key, value in part.items()}
    return [_mended(item) for item in part] if isinstance(part, list | tuple) else part


def decode(kind: str, payload: bytes) -> AnyEvent | None:
    """An event from the store.

    In:   the stored kind and bytes.
    Out:  the event; None when a newer version wrote a kind, or a word inside a kind, that this one does not know.
    """
    known = _decode.get(kind)
    try:
        return known(payload) if known else None
    except msgspec.ValidationError as error:
        # The words of an enum grow from version to version; whatever else does not fit was never written by us.
        if str(error).startswith(_UNKNOWN_WORD):
            return None
        raise
