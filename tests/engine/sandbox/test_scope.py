"""Write scopes, and changes that outlive their task."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sandbox.outliving import outlives, outliving, programs_of
from engine.sandbox.scope import WriteScope, is_match, meeting, scopes_meet

NAMES = st.text(alphabet="ab.*", min_size=1, max_size=4)
PATHS = st.lists(st.text(alphabet="abc._-", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("patterns", "path", "is_allowed"),
    [
        ((), "anything/at.all", True),
        (("src/**",), "src/a.py", True),
        (("src/**",), "src/deep/er/a.py", True),
        (("src/**",), "srcs/a.py", False),
        (("src/**",), "tests/src/a.py", False),
        (("src/*",), "src/a.py", True),
        (("src/*",), "src/deep/a.py", False),
        (("src",), "src/deep/a.py", True),
        (("src/",), "src/a.py", True),
        (("src/a.py",), "src/a.py", True),
        (("src/a.py",), "src/a_py", False),
        (("**/*.py",), "a.py", True),
        (("**/*.py",), "x/y/a.py", True),
        (("*.py",), "x/a.py", False),
        (("src/**", "!src/gen/**"), "src/gen/a.py", False),
        (("src/**", "!src/gen/**", "src/gen/keep.py"), "src/gen/keep.py", True),
        (("!secrets/**",), "src/a.py", True),
        (("!secrets/**",), "secrets/key", False),
        (("file?.txt",), "file1.txt", True),
        (("a[b].txt",), "a[b].txt", True),
        (("./src/**",), "src/a.py", True),
    ],
)
def test_the_last_matching_pattern_decides(patterns: tuple[str, ...], path: str, is_allowed: bool) -> None:
    assert WriteScope(patterns).allows(path) is is_allowed


@given(patterns=st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join)), path=PATHS)
def test_outside_is_exactly_what_is_not_allowed(patterns: list[str], path: str) -> None:
    scope = WriteScope(tuple(patterns))
    assert (scope.outside((path,)) == ()) == scope.allows(path)


@given(path=PATHS)
def test_excluding_everything_allows_nothing(path: str) -> None:
    assert not WriteScope(("**", "!**")).allows(path)


def test_a_glob_without_slash_is_about_the_name() -> None:
    assert is_match("deep/er/a.py", "*.py")
    assert not is_match("deep/er/a.pyc", "*.py")
    assert not is_match("deep/a.py", "src/*.py")


GLOBS = st.lists(st.sampled_from(["a", ".", "/", "*", "**", "**/", "?"]), min_size=1, max_size=5).map("".join)
SHORT_PATHS = [
    path for size in range(1, 5) for path in map("".join, product("a.x/", repeat=size)) if not path.startswith("/")
]


@settings(deadline=None)
@given(one=GLOBS, other=GLOBS)
def test_globs_meet_exactly_when_there_is_a_path_that_both_allow(one: str, other: str) -> None:
    def both_allow(path: str) -> bool:
        return WriteScope((one,)).allows(path) and WriteScope((other,)).allows(path)

    path = meeting(one, other)
    assert both_allow(path) if path else not any(map(both_allow, SHORT_PATHS))
    assert bool(path) == bool(meeting(other, one))


def test_two_scopes_that_meet_name_the_globs() -> None:
    assert scopes_meet(("docs/**", "src/**"), ("src/a.py",)) == "src/** and src/a.py"
    assert scopes_meet((), ("src/a.py",)) == ""
    assert scopes_meet(("!src/**",), ("src/a.py",)) == ""


@pytest.mark.parametrize(
    "path",
    [
        "AGENTS.md",
        "sub/claude.md",
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "tests/conftest.py",
        "Makefile",
        "GNUmakefile",
        ".vscode/tasks.json",
        ".husky/pre-commit",
        "tools/hooks/pre-push",
        "package.json",
        ".envrc",
        "site/evil.pth",
        ".gitattributes",
    ],
)
def test_files_that_other_programs_obey_are_flagged(path: str) -> None:
    assert outlives(path)


@pytest.mark.parametrize(
    "path", ["src/agents.py", "README.md", "docs/github.md", "make.py", "src/hooks.ts", "a/package.jsonl"]
)
def test_ordinary_files_are_not(path: str) -> None:
    assert not outlives(path)
    assert outliving((path, "Makefile")) == ("Makefile",)


def test_of_a_package_json_only_what_runs_counts() -> None:
    before = json.dumps({"name": "a", "scripts": {"test": "jest"}})
    assert not outlives("package.json", before, json.dumps({"name": "b", "scripts": {"test": "jest"}}))
    assert outlives("web/package.json", before, json.dumps({"name": "a", "scripts": {"postinstall": "curl x"}}))
    assert outlives("package.json", None, before)
    assert not outlives("package.json", None, json.dumps({"name": "a"}))
    assert outlives("package.json", before, "{broken")


@pytest.mark.parametrize(
    ("command", "programs"),
    [
        ("./check.sh", {"check.sh"}),
        ("sh check.sh", {"check.sh"}),
        ("python3 -B tools/check.py -v && CI=1 bash -e 'scripts/all.sh'", {"tools/check.py", "scripts/all.sh"}),
        ("python3 -m pytest -q tests/test_client.py", {"pytest"}),
        ("pytest tests/test_client.py", {"pytest"}),
        ("make check", {"make"}),
        ("", set()),
    ],
)
def test_the_programs_behind_a_check_are_known(command: str, programs: set[str]) -> None:
    assert programs_of(command) == programs


def test_work_that_changes_the_program_behind_its_proof_needs_a_person() -> None:
    changed = ("src/a.py", "check.sh", "tests/test_a.py")
    assert outliving(changed, "sh check.sh") == ("check.sh",)
    assert outliving(changed, "pytest tests/test_a.py") == ()
    assert outliving(("pytest.ini", "sub/tox.ini")) == ("pytest.ini", "sub/tox.ini")
