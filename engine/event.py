"""The base of all facts."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag=True, gc=False):
    """Base of all events; the class name is the kind."""
