"""Files whose change acts after the task is over, on agents, tests, builds or tools: a person looks at them first."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = frozenset(
    {
        "agents.md",
        "claude.md",
        "gemini.md",
        ".cursorrules",
        "conftest.py",
        "sitecustomize.py",
        "usercustomize.py",
        "setup.py",
        "package.json",
        "makefile",
        "gnumakefile",
        "justfile",
        "rakefile",
        "build.rs",
        ".gitattributes",
        ".gitmodules",
        ".gitlab-ci.yml",
        ".travis.yml",
        "azure-pipelines.yml",
        "jenkinsfile",
        ".pre-commit-config.yaml",
        "lefthook.yml",
        ".envrc",
        "tox.ini",
        "noxfile.py",
    }
)
_FOLDERS = re.compile(
    r"(^|/)(\.github|\.gitlab|\.circleci|\.husky|\.githooks|\.vscode|\.idea|\.devcontainer|\.orchestra|\.claude|\.cursor|\.ci)/"
)


def is_outliving(path: str) -> bool:
    """Whether a path, relative to the repository with `/`, names such a file; case does not hide it."""
    lowered = path.lower()
    return lowered.rpartition("/")[2] in _NAMES or bool(_FOLDERS.search(lowered)) or lowered.endswith(".pth")


def outliving(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that act after the task is over, in their order."""
    return tuple(path for path in paths if is_outliving(path))
