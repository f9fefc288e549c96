"""What a Python file imports, calls and defines, by its syntax tree: words in comments and strings do not count."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from engine.conformance.source import Definition, Mention

_Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)
"""What may hold definitions."""


def parsed(text: str) -> ast.Module | None:
    """The syntax tree; None when it is no Python that this version reads."""
    try:
        with warnings.catch_warnings():
            # What the file's own escapes are worth is not our matter.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imports(tree: ast.Module) -> Iterator[Mention]:
    """Every module that is imported, by `import`, `from … import` or by a call with its name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (Mention(node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield Mention(node.lineno, module)
                yield from (Mention(alias.lineno, f"{module}.{alias.name}") for alias in node.names)
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _called(node).endswith(
                ("__import__", "import_module")
            ):
                yield Mention(node.lineno, name)


def calls(tree: ast.Module) -> Iterator[Mention]:
    """Every call, by its dotted name with the names that imports gave it resolved."""
    names = dict(_aliases(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := _called(node)):
            first, dot, rest = called.partition(".")
            yield Mention(node.lineno, f"{names.get(first, first)}{dot}{rest}")


def definitions(tree: ast.Module) -> Iterator[Definition]:
    """The module itself, its classes and its functions, nested ones included."""
    yield Definition("modules", "", 1, bool(ast.get_docstring(tree)))
    # Not by recursion: a chain of a thousand `elif` is a thousand deep.
    open_nodes: list[tuple[ast.AST, bool]] = [(tree, True)]
    while open_nodes:
        parent, is_public = open_nodes.pop()
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, _Documented):
                is_seen = is_public and not node.name.startswith("_")
                kind = "classes" if isinstance(node, ast.ClassDef) else "functions"
                yield Definition(kind, node.name, node.lineno, bool(ast.get_docstring(node)), is_seen)
                # What is defined inside a function is nobody's interface.
                open_nodes.append((node, is_seen and isinstance(node, ast.ClassDef)))
            elif isinstance(node, _BLOCKS):
                open_nodes.append((node, is_public))


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _called(node: ast.Call) -> str:
    """The dotted name of what is called; of a call on a result only what comes after it."""
    parts: list[str] = []
    target: ast.expr = node.func
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    parts.append(target.id if isinstance(target, ast.Name) else "")
    return ".".join(reversed(parts))
