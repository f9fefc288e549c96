"""The repository's own check command, guessed from a commit; the person is asked once.

Looks at what is committed, not at the working tree, and only proposes: nothing runs before the person's word.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from engine.words import CheckSpec

Read = Callable[[str], str | None]
"""The text of a file of the commit by its path; None when there is none."""

PYTEST_METRIC = r"(\d+) (?:failed|error)"
_MAKE_TARGET = re.compile(r"^(check|test)\s*:", re.MULTILINE)


def find_check(read: Read) -> CheckSpec | None:
    """The most likely check command of a repository.

    Out: a check, or None when nothing tells.
    """
    for look in (_python, _make, _node, _cargo, _go):
        found = look(read)
        if found:
            return found
    return None


def _python(read: Read) -> CheckSpec | None:
    has_settings = any(read(name) is not None for name in ("pytest.ini", "conftest.py", "tests/conftest.py"))
    tools = _table(_toml(read("pyproject.toml")).get("tool"))
    setup = read("setup.cfg") or ""
    if has_settings or "pytest" in tools or "[tool:pytest]" in setup:
        return CheckSpec("python3 -m pytest -q", PYTEST_METRIC)
    return None


def _make(read: Read) -> CheckSpec | None:
    text = read("Makefile") or read("makefile") or ""
    targets = _MAKE_TARGET.findall(text)
    return CheckSpec(f"make {'check' if 'check' in targets else 'test'}") if targets else None


def _node(read: Read) -> CheckSpec | None:
    try:
        package = json.loads(read("package.json") or "{}")
    except ValueError:
        return None
    script = _table(_table(package).get("scripts")).get("test")
    is_real = isinstance(script, str) and "no test specified" not in script
    return CheckSpec("npm test --silent") if is_real else None


def _cargo(read: Read) -> CheckSpec | None:
    return CheckSpec("cargo test --quiet --offline") if read("Cargo.toml") is not None else None


def _go(read: Read) -> CheckSpec | None:
    return CheckSpec("go test ./...") if read("go.mod") is not None else None


def _toml(text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except tomllib.TOMLDecodeError:
        return {}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
