"""Where a file defines a name: by the syntax tree for Python, by the usual words of declarations elsewhere. Pure."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from engine.claiming.quotes import DRIFT_LINES, Page

PARSED_CHARS = 64 * 1024
"""Parsing holds the interpreter: a longer file would be felt in other lanes, so its lines are searched instead."""
LINE_CHARS = 1_000
"""As much of a line as is searched for a declaration: no code of an agent's is to make a pattern run long."""
_Defining = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DECLARED = (
    r"\b(?:def|class|func|function|fn|fun|struct|interface|trait|type|enum|union|module|namespace|package|impl|macro"
    r"|const|let|var|val|static|define|record|object|protocol|extension|table|view|procedure)\b[^=;{{\n]*?\b{name}\b"
    r"|^\s*(?:[\w:<>,*&\[\]]+\s+)+[*&]?{name}\s*\([^;]*$"
    r"|^\s*(?:public\s+|private\s+|async\s+)*{name}\s*(?:=|:)\s*(?:async\s+)?(?:function\b|\()"
    r"|^\s*(?:export\s+)?{name}\s*\(\)\s*\{{"
    r"|^\s*{name}\s*:?="
)
"""A declaration of a name in most languages: a leading word, a typed head, a function as a value, a shell function."""
_NOT_TYPES = re.compile(r"^\s*(?:return|else|new|await|throw|yield|case|goto|in|and|or|not)\b")


def find_symbol(page: Page, symbol: str, line: int) -> int | str:
    """Look for a definition.

    In:   symbol, with or without its class, module and brackets; line, where it is said to be, 0 for anywhere.
    Out:  the line of its definition, or why it is not there.
    """
    wanted = _parts(symbol)
    if not wanted:
        return f"`{symbol}` is not a name"
    found = _defined(page, wanted)
    if not found:
        return f"{page.path} does not define `{symbol}`"
    if not line:
        return found[0]
    nearest = min(found, key=lambda place: abs(place - line))
    if abs(nearest - line) <= DRIFT_LINES:
        return nearest
    return f"{page.path} defines `{symbol}` on line {nearest}, not {line}"


def _parts(symbol: str) -> tuple[str, ...]:
    bare = re.sub(r"\(.*\)$", "", symbol.strip().strip("`"), flags=re.DOTALL).replace("::", ".").replace("#", ".")
    parts = tuple(bare.split("."))
    return parts if all(re.fullmatch(r"[^\W\d]\w*[!?]?", part) for part in parts) else ()


def _defined(page: Page, wanted: tuple[str, ...]) -> list[int]:
    if page.path.endswith((".py", ".pyi")) and (tree := _parsed(page.text[: PARSED_CHARS + 1])):
        module = tuple(re.sub(r"(/__init__)?\.pyi?$", "", page.path).split("/"))
        return [line for name, line in _of_body(tree.body, ()) if _is_meant(wanted, name, module)]
    pattern = re.compile(_DECLARED.format(name=re.escape(wanted[-1])))
    lines = ((number, text[:LINE_CHARS]) for number, text in enumerate(page.lines, 1))
    return [number for number, text in lines if pattern.search(text) and not _NOT_TYPES.match(text)]


def _parsed(text: str) -> ast.Module | None:
    if len(text) > PARSED_CHARS:
        return None
    with warnings.catch_warnings():
        # What the file's author is warned of is not our concern.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _of_body(body: list[ast.stmt], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every definition with its full name: functions, classes, and what modules and classes assign."""
    for node in body:
        if isinstance(node, _Defining):
            yield (*above, node.name), node.lineno
            yield from _of_body(node.body, (*above, node.name))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from (((*above, name), node.lineno) for name in _assigned(node))
        else:
            for inner in ("body", "orelse", "finalbody"):
                yield from _of_body(getattr(node, inner, []), above)


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        yield from (name.id for name in names if isinstance(name, ast.Name))


def _is_meant(wanted: tuple[str, ...], name: tuple[str, ...], module: tuple[str, ...]) -> bool:
    """Whether a name is meant: by its end, or by its whole with as much of its module before it as was said."""
    if len(wanted) <= len(name):
        return name[len(name) - len(wanted) :] == wanted
    before = wanted[: len(wanted) - len(name)]
    return wanted[len(before) :] == name and module[len(module) - len(before) :] == before
