"""Check a value against the part of JSON Schema that tools use, and coerce texts towards it.

Covered: type, properties, required, additionalProperties, items, enum, const, anyOf, oneOf, allOf, numeric and
length bounds, pattern. What is not covered (`$ref`, `not`, formats) accepts everything: the tool itself has
the last word on its arguments.

Source: JSON Schema 2020-12, Validation vocabulary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

MAX_DEPTH = 32
"""Deeper values are refused instead of recursed into."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
}


def violations(schema: dict[str, Any], value: Any) -> list[str]:
    """List what is wrong with a value, each as `place: what`; empty when it is valid.

    In: a JSON schema; a parsed JSON value.
    """
    return list(_check(schema, value, "$", 0))


def is_valid(schema: dict[str, Any], value: Any) -> bool:
    """Whether the value breaks nothing that the schema asks."""
    return next(_check(schema, value, "$", 0), None) is None


def coerced(schema: dict[str, Any], text: str) -> Any:
    """Read a text as the type its schema wants (`"3"` as 3): for formats that carry every value as text."""
    wanted = _type_names(schema)
    if not wanted or "string" in wanted:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        lowered = text.strip().lower()
        return {"true": True, "false": False, "none": None}.get(lowered, text)
    return value


def _check(schema: Any, value: Any, place: str, depth: int) -> Iterator[str]:
    if not isinstance(schema, dict):
        if schema is False:
            yield f"{place}: not allowed"
        return
    if depth > MAX_DEPTH:
        yield f"{place}: nested too deeply"
        return
    names = _type_names(schema)
    if names and not any(_TYPES.get(name, _anything)(value) for name in names):
        yield f"{place}: expected {' or '.join(names)}"
        return
    yield from _check_values(schema, value, place)
    yield from _check_branches(schema, value, place, depth)
    if isinstance(value, dict):
        yield from _check_object(schema, value, place, depth)
    elif isinstance(value, list):
        yield from _check_array(schema, value, place, depth)
    else:
        yield from _check_scalar(schema, value, place)


def _check_values(schema: dict[str, Any], value: Any, place: str) -> Iterator[str]:
    allowed = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else None
    if allowed is not None and not any(_is_same(value, one) for one in allowed):
        yield f"{place}: not one of {', '.join(json.dumps(one) for one in allowed)}"


def _check_branches(schema: dict[str, Any], value: Any, place: str, depth: int) -> Iterator[str]:
    for part in schema.get("allOf", ()):
        yield from _check(part, value, place, depth + 1)
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if branches is None:
            continue
        matches = sum(next(_check(part, value, place, depth + 1), None) is None for part in branches)
        if matches == 0 or (word == "oneOf" and matches > 1):
            yield f"{place}: matches {matches} of the {word} alternatives"


def _check_object(schema: dict[str, Any], value: dict[str, Any], place: str, depth: int) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place}.{name}: missing"
    extra = schema.get("additionalProperties", True)
    for name, part in value.items():
        yield from _check(properties.get(name, extra), part, f"{place}.{name}", depth + 1)
    yield from _bounds(schema, len(value), place, "minProperties", "maxProperties")


def _check_array(schema: dict[str, Any], value: list[Any], place: str, depth: int) -> Iterator[str]:
    items = schema.get("items", True)
    for index, part in enumerate(value):
        yield from _check(items, part, f"{place}[{index}]", depth + 1)
    yield from _bounds(schema, len(value), place, "minItems", "maxItems")


def _check_scalar(schema: dict[str, Any], value: Any, place: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from _bounds(schema, len(value), place, "minLength", "maxLength")
        pattern = schema.get("pattern")
        if pattern is not None and not re.search(pattern, value):
            yield f"{place}: does not match {pattern}"
    elif _is_number(value):
        yield from _bounds(schema, value, place, "minimum", "maximum")
        if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
            yield f"{place}: must be over {schema['exclusiveMinimum']}"
        if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
            yield f"{place}: must be under {schema['exclusiveMaximum']}"


def _bounds(schema: dict[str, Any], size: float, place: str, low: str, high: str) -> Iterator[str]:
    if low in schema and size < schema[low]:
        yield f"{place}: {low} is {schema[low]}"
    if high in schema and size > schema[high]:
        yield f"{place}: {high} is {schema[high]}"


def _type_names(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _is_same(one: Any, other: Any) -> bool:
    # True == 1 in Python, not in JSON.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _anything(_value: Any) -> bool:
    return True
