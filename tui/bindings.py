"""The table of keys as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding

from tui.keys import TABLE, Key, Place


def bindings_for(place: Place, namespace: str = "app.") -> list[Binding]:
    """The bindings of one place; each keeps its id, so that a person's keymap finds it."""
    return [binding for key in TABLE if key.place is place for binding in _bindings(key, namespace)]


def _bindings(key: Key, namespace: str) -> list[Binding]:
    if key.id == "lane.jump":
        return [
            Binding(digit, f"{namespace}jump({digit})", key.help, show=False, id=f"{key.id}.{digit}")
            for digit in key.keys.split(",")
        ]
    return [Binding(key.keys, namespace + key.action, key.help, show=False, id=key.id)]
