"""Events to bytes and back."""

from __future__ import annotations

import msgspec

from engine.events import KINDS, AnyEvent, Event

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def kind_of(event: Event) -> str:
    """The word under which an event is stored."""
    return type(event).__name__


def encode(event: Event) -> bytes:
    """An event as compact JSON with its kind."""
    return _encoder.encode(event)


def decode(kind: str, payload: bytes) -> AnyEvent | None:
    """An event from the store.

    In:   the stored kind and bytes.
    Out:  the event; None when a newer version wrote a kind that this one does not know.
    """
    if kind not in KINDS:
        return None
    return _decoder.decode(payload)
