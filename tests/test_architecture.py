"""The shape of the code: layers, sizes, names, docstrings."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "agents", "tui", "themes")
MAX_LINES = 400
MAX_NAMES = 20
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler", "service", "base"}
RULES = {("engine", "evolution")}
"""Folders of small functions behind a table: the table's module and each function's name and type say what they do."""

SCRATCH = ROOT / "agents" / "demo" / "repository"
"""The repository that the demo plays in: data of ours, not code of ours."""

SOURCES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if not path.is_relative_to(SCRATCH)
)
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), name)


def test_there_is_something_to_hold() -> None:
    assert len(SOURCES) > 50


def test_imports_go_from_terminal_to_agents_to_engine_and_never_back() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_no_file_is_longer_than_can_be_held_in_mind(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_named_for_the_noun_it_holds(name: str) -> None:
    assert not {*Path(name).parent.parts, Path(name).stem} & FORBIDDEN_NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_thing_says_what_it_is(name: str) -> None:
    assert [f"{name}:{line} {what}" for line, what in undocumented(name)] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("__init__.py")])
def test_a_package_s_door_is_a_docstring_and_few_names(name: str) -> None:
    rest = [node for node in tree_of(name).body[1:] if not isinstance(node, ast.ImportFrom | ast.Import)]
    assert all(isinstance(node, ast.Assign | ast.AnnAssign) for node in rest), "nothing happens at import"
    imported = [alias for node in tree_of(name).body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert len(imported) <= MAX_NAMES + 1


@pytest.mark.parametrize("name", NAMES)
def test_no_work_is_left_undone_in_a_comment(name: str) -> None:
    assert not re.search(r"#.*\b(TODO|FIXME|XXX|HACK)\b", (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_every_ignored_warning_says_why(name: str) -> None:
    ignores = re.findall(r"#\s*(type: ignore.*|noqa.*)", (ROOT / name).read_text(encoding="utf-8"))
    assert [line for line in ignores if not re.match(r"(type: ignore\[[\w-]+\]|noqa: [A-Z0-9, ]+)  # \S", line)] == []


def undocumented(name: str) -> Iterator[tuple[int, str]]:
    """Public modules, classes, functions and methods without a docstring; overrides and protocols' fakes included."""
    tree = tree_of(name)
    if ast.get_docstring(tree) is None:
        yield 1, "module"
    is_behind_a_table = Path(name).parts[:2] in RULES
    for node in tree.body:
        yield from () if is_behind_a_table and isinstance(node, ast.FunctionDef) else _undocumented_in(node)


def _undocumented_in(node: ast.stmt, inside: str = "") -> Iterator[tuple[int, str]]:
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return
    is_exempt = bool(inside) and _is_exempt(node)
    if ast.get_docstring(node) is None and not is_exempt:
        yield node.lineno, f"{inside}{node.name}"
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            yield from _undocumented_in(child, f"{node.name}.")


def _is_exempt(node: Documented) -> bool:
    """Methods that a framework calls by name, and overrides that promise what they override."""
    name = getattr(node, "name", "")
    decorators = [ast.unparse(each) for each in getattr(node, "decorator_list", [])]
    by_name = name.startswith(("on_", "watch_", "action_", "compose", "render", "validate_", "compute_", "get_"))
    return by_name or any(each.startswith(("override", "on(", "overload")) or ".setter" in each for each in decorators)
