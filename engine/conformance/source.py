"""What source text holds, in any language: the values, and the few regular expressions for what is not Python.

They look at lines, so a word in a comment may count: for these languages a rule is stricter than it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_IMPORTS = (
    re.compile(r"\bfrom\s*[\"']([^\"']+)[\"']"),  # JavaScript, TypeScript: import … from "x"
    re.compile(r"\bimport\s*\(?\s*[\"']([^\"']+)[\"']"),  # import "x", import("x"), Go
    re.compile(r"\brequire\s*\(?\s*[\"']([^\"']+)[\"']"),  # Node, Ruby
    re.compile(r"^\s*(?:pub\s+)?use\s+([\w:]+)"),  # Rust
    re.compile(r"^\s*#\s*include\s*[<\"]([^>\"]+)[>\"]"),  # C
    re.compile(r"^\s*(?:import|using)\s+(?:static\s+)?([\w.]+)\s*;?"),  # Java, C#, Kotlin, Swift, Python
    re.compile(r"^\s*from\s+([\w.]+)\s+import\b"),  # Python that does not parse
    re.compile(r"^\s*(?:\w+\s+)?\"([\w./-]+)\"\s*$"),  # Go, inside import ( … )
)
_DEFINITIONS = (
    ("functions", re.compile(r"\b(?:function\*?|def|func|fn|fun|sub)\s+(?:\([^)]{0,200}\)\s*)?([A-Za-z_$][\w$]*)")),
    ("functions", re.compile(r"\b(?:const|let)\s+([A-Za-z_$][\w$]*)\s*=\s*(?:async\s*)?(?:\([^)]{0,500}\)|\w+)\s*=>")),
    ("classes", re.compile(r"\b(?:class|interface|struct|enum|trait)\s+([A-Za-z_$][\w$]*)")),
)
_CALL = re.compile(r"(?<![\w$])([A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*){0,20})\s{0,20}!?\(")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name that is used in a line."""

    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Definition:
    """Something that a file defines."""

    kind: str
    """modules, classes or functions."""
    name: str
    line: int
    has_docstring: bool = True
    is_public: bool = True


def imports_in(lines: Iterable[tuple[int, str]]) -> Iterator[Mention]:
    """What lines of an unknown language import."""
    for number, text in lines:
        for pattern in _IMPORTS:
            yield from (Mention(number, found[1]) for found in pattern.finditer(text))


def calls_in(lines: Iterable[tuple[int, str]]) -> Iterator[Mention]:
    """What lines of an unknown language call."""
    for number, text in lines:
        yield from (Mention(number, found[1].replace("::", ".")) for found in _CALL.finditer(text))


def definitions_in(lines: Iterable[tuple[int, str]]) -> Iterator[Definition]:
    """What lines of an unknown language define."""
    for number, text in lines:
        for kind, pattern in _DEFINITIONS:
            yield from (Definition(kind, found[1], number) for found in pattern.finditer(text))


def is_below(name: str, module: str) -> bool:
    """Whether a name is a module, or something inside it: `os.path` is inside `os`, `a/b` inside `a`."""
    return name == module or (name.startswith(module) and name[len(module)] in "./:")


def is_called(name: str, forbidden: str) -> bool:
    """Whether a call is a forbidden one: by its whole name, or by its end where it is written with a dot in front."""
    if forbidden.startswith("."):
        return f".{name}".endswith(forbidden) and name != forbidden[1:]
    return name == forbidden
