"""A YAML text as values with the line of each, read without trusting it: agents, plans and flows come through here.

The file may be a stranger's. So: SafeLoader only, at most 256 KiB, at most 40 levels, no aliases (a few lines of them
unfold into gigabytes), no tags, no key twice. Every way to be wrong is a DefinitionFault with file, line, field and,
where one is near, the word that was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from engine.clean import clean_line
from engine.errors import DefinitionFault

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

Place: TypeAlias = tuple[str | int, ...]
Checked = TypeVar("Checked", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping read from YAML, and where each of its values stands."""

    path: Path | None
    values: dict[str, Any]
    lines: dict[Place, int]
    """Line of each value, counted from 1 in the file, by its place: `("tasks", 0, "goal")`."""

    def line_of(self, place: Place) -> int:
        """The line of a place, or of the nearest value around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def fault(self, what: str, place: Place = (), remedy: str = "") -> DefinitionFault:
        """A fault at a place of this document, not yet raised."""
        name = ".".join(str(part) for part in place)
        return DefinitionFault(
            clean_line(what, 400), "Nothing was read from it.", remedy, self.path, self.line_of(place), name
        )


def read_text(path: Path) -> str:
    """Read a definition file.

    Raises: DefinitionFault when it cannot be read, is not UTF-8 or is too long.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DefinitionFault(f"The file is longer than {MAX_BYTES} bytes.", remedy="Shorten it.", path=path)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise DefinitionFault(
            f"The file cannot be read: {error.strerror}.", remedy="Check the path.", path=path
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DefinitionFault("The file is not UTF-8.", remedy="Save it as UTF-8.", path=path, line=line) from error


def read_yaml(text: str, path: Path | None = None, lines_before: int = 0, keeps_words: bool = False) -> Document:
    """Read a YAML mapping.

    In:     the text; lines_before, how many lines of the file come before it (front matter); keeps_words, whether yes,
            no, on and off are the words they look like, and only true and false are truth values.
    Out:    the document; an empty text is an empty mapping.
    Raises: DefinitionFault with the line for whatever is wrong.
    """
    if len(text) > MAX_BYTES:
        raise DefinitionFault(f"The text is longer than {MAX_BYTES} bytes.", remedy="Shorten it.", path=path)
    lines: dict[Place, int] = {}
    try:
        loader = _WordLoader(text) if keeps_words else _Loader(text)
        node = loader.get_single_node()
        value = {} if node is None else _value(loader, node, (), lines, lines_before)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _yaml_fault(error, path, lines_before) from error
    if not isinstance(value, dict):
        line = lines.get((), 1)
        raise DefinitionFault("Expected `key: value` lines.", remedy="Write a mapping.", path=path, line=line)
    return Document(path, value, lines)


def checked(document: Document, model: type[Checked]) -> Checked:
    """Make a pydantic model of a document.

    Raises: DefinitionFault for the first thing wrong, with the line, the field and a suggestion.
    """
    try:
        return model.model_validate(document.values)
    except ValidationError as error:
        # A misspelt field is both unknown and missing: the first says more.
        several = error.errors(include_url=False, include_context=False)
        first = next((one for one in several if one["type"] == "extra_forbidden"), several[0])
        raise document.fault(_complaint(first), _place_in(document, first["loc"]), _advice(first, model)) from error


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?` when a known word is near, else nothing."""
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else ""


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases and without bottomless nesting."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # untyped in the stubs
            raise yaml.composer.ComposerError(None, None, "aliases (`*name`) are not read here", mark)
        if getattr(self.peek_event(), "tag", None) not in (None, "tag:yaml.org,2002:str"):  # type: ignore[no-untyped-call]  # untyped in the stubs
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # untyped in the stubs
            raise yaml.composer.ComposerError(None, None, "tags (`!name`) are not read here", mark)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # untyped in the stubs
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_DEPTH} levels", mark)
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _WordLoader(_Loader):
    """One in whose texts `yes` is a word: a vote about it must not be counted as `true`."""


_BOOL = "tag:yaml.org,2002:bool"
_WordLoader.yaml_implicit_resolvers = {
    letter: [(tag, words) for tag, words in known if tag != _BOOL]
    for letter, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_WordLoader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _value(loader: _Loader, node: Node, place: Place, lines: dict[Place, int], before: int) -> Any:
    lines[place] = node.start_mark.line + 1 + before
    if isinstance(node, MappingNode):
        return _mapping(loader, node, place, lines, before)
    if isinstance(node, SequenceNode):
        return [_value(loader, one, (*place, index), lines, before) for index, one in enumerate(node.value)]
    return _scalar(loader, node)


def _mapping(loader: _Loader, node: MappingNode, place: Place, lines: dict[Place, int], before: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
        if key.value in values:
            raise yaml.constructor.ConstructorError(None, None, f"`{key.value}` is there twice", key.start_mark)
        values[key.value] = _value(loader, value, (*place, key.value), lines, before)
        # People look for the key, also where its value starts on the next line.
        lines[(*place, key.value)] = key.start_mark.line + 1 + before
    return values


def _scalar(loader: _Loader, node: Node) -> Any:
    try:
        return loader.construct_object(node)
    except (ValueError, OverflowError) as error:
        raise yaml.constructor.ConstructorError(None, None, f"not a value: {error}", node.start_mark) from error


def _yaml_fault(error: Exception, path: Path | None, lines_before: int) -> DefinitionFault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = mark.line + 1 + lines_before if mark else lines_before + 1
    what = f"Not readable as YAML: {clean_line(str(problem), 200)}."
    return DefinitionFault(what, "Nothing was read from it.", _yaml_advice(str(problem)), path, line)


def _yaml_advice(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "Put a text that holds `: ` in quotes."
    if "\\t" in problem or "tab" in problem:
        return "Indent with spaces, not tabs."
    if "there twice" in problem:
        return "Keep one of the two."
    return "Correct that line."


_KINDS = {
    "tuple_type": "It has to be a list",
    "list_type": "It has to be a list",
    "dict_type": "It has to be a mapping",
    "model_type": "It has to be a mapping",
    "model_attributes_type": "It has to be a mapping",
}
"""What the library calls by its Python names, in those of YAML."""


def _complaint(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return f"`{error['loc'][-1]}` is not a field here."
    if error["type"] == "missing":
        return f"`{error['loc'][-1]}` is missing."
    message = _KINDS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return f"{message} (found {clean_line(repr(error['input']), 60)})."


def _place_in(document: Document, loc: Place) -> Place:
    """The part of a validation error's place that is in the document; union tags of pydantic are not."""
    place: Place = ()
    for part in loc:
        if (*place, part) in document.lines:
            place = (*place, part)
    return place or tuple(loc)[:1]


def _advice(error: Any, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return nearest(str(error["loc"][-1]), _field_names(model)) or "Remove it."
    if error["type"] == "missing":
        return f"Add `{error['loc'][-1]}: …`."
    if error["type"] == "string_type" and not isinstance(error["input"], list | dict | None):
        return "Put it in quotes: YAML reads bare words like yes, on and 1.0 as something else than text."
    if error["type"] == "literal_error":
        return nearest(str(error["input"]), _quoted(str(error["msg"])))
    return "Correct that field."


def _field_names(model: type[BaseModel]) -> list[str]:
    """Names and aliases of a model's fields, those of the models inside included."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        names += [name, *([field.alias] if field.alias else [])]
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                names += _field_names(part)
    return names


def _quoted(message: str) -> list[str]:
    return message.split("'")[1::2]
