"""Changes that outlive their task: files that other programs or later agents obey without being asked.

A poisoned AGENTS.md instructs every later agent, a conftest.py or a hook runs on the person's machine, a workflow file
runs with the project's secrets. None is forbidden; each needs a person's eye before it lands.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable
from typing import Any

_FOLDERS = (
    ".github .ci .gitlab .circleci .buildkite .husky .githooks .vscode .idea .devcontainer .claude .cursor .codex "
    ".gemini .orchestra .cargo .yarn"
)
_NAMES = (
    "agents.md claude.md gemini.md .cursorrules .windsurfrules copilot-instructions.md .mcp.json "
    ".gitlab-ci.yml .travis.yml azure-pipelines.yml jenkinsfile bitbucket-pipelines.yml .pre-commit-config.yaml "
    "lefthook.yml .gitattributes .gitmodules .gitconfig conftest.py sitecustomize.py usercustomize.py setup.py "
    "noxfile.py makefile gnumakefile justfile taskfile.yml rakefile .envrc .npmrc .yarnrc.yml .pnpmfile.cjs build.rs "
    "pytest.ini .pytest.ini tox.ini setup.cfg"
)
_FOLDER_SET = frozenset(_FOLDERS.split())
_NAME_SET = frozenset(_NAMES.split())
_JOINED = re.compile(r"[;&|\n()]+")
_SETTING = re.compile(r"[A-Za-z_]\w*=.*")
_INTERPRETER = re.compile(
    r"(?:ba|da|z|k|fi)?sh|python[\d.]*|node|deno|bun|ruby|perl|php|Rscript|env|time|exec|source|\."
)
_PACKAGE_KEYS = ("scripts", "husky", "lint-staged", "simple-git-hooks", "pre-commit", "bin")


def outlives(path: str, before: str | None = None, after: str | None = None) -> bool:
    """Whether a change to this file has effects beyond its task.

    In:   path relative to the repository, with `/`; the file's text before and after where known (None: absent or
          unknown). Of package.json only what runs counts, so without the texts it counts as a whole.
    """
    parts = [part.casefold() for part in path.split("/")]
    name = parts[-1]
    if name == "package.json":
        return _package_parts(before) != _package_parts(after) or (before is None and after is None)
    in_folder = any(part in _FOLDER_SET for part in parts[:-1])
    return in_folder or "hooks" in parts[:-1] or name in _NAME_SET or name.endswith(".pth")


def outliving(paths: Iterable[str], check: str = "") -> tuple[str, ...]:
    """The paths among these whose change outlives the task, texts unknown.

    In: check, the command that proves the run: work that changes the very program behind it proves itself.
    """
    provers = programs_of(check)
    return tuple(path for path in paths if outlives(path) or path in provers)


def programs_of(command: str) -> frozenset[str]:
    """The repository's own files that a shell command runs: `./check.sh`, `python3 -B tools/check.py -v`."""
    found: set[str] = set()
    for part in _JOINED.split(command):
        words = [word for word in part.split() if not _SETTING.fullmatch(word)]
        if words and _INTERPRETER.fullmatch(words[0].rpartition("/")[2]):
            words = [word for word in words[1:] if not word.startswith("-")]
        found.update(posixpath.normpath(word.strip("'\"")) for word in words[:1])
    return frozenset(found)


def _package_parts(text: str | None) -> list[Any]:
    try:
        package = json.loads(text) if text else {}
    except ValueError:
        return [text]
    return [package.get(key) for key in _PACKAGE_KEYS] if isinstance(package, dict) else [text]
