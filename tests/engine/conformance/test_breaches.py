"""Rules against diffs: what is added counts, what was there before does not, what cannot be known breaks a rule."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.conformance.breaches import MOST_OF_A_RULE, broken_rules
from engine.conformance.patterns import Search, found_here, found_in_child
from engine.conformance.rule import BrokenRule, Changed, Demand, Rule

D = Demand


def new(path: str, text: str) -> Changed:
    return Changed(path, True, added=tuple(enumerate(text.splitlines(), 1)), text=text)


def edited(path: str, text: str, *numbers: int, removed: tuple[str, ...] = ()) -> Changed:
    lines = text.splitlines()
    return Changed(path, added=tuple((number, lines[number - 1]) for number in numbers), removed=removed, text=text)


def broken(rule: Rule, *changes: Changed, scope: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    return [(one.path, one.line) for one in broken_rules([rule], changes, found_here, scope)]


IMPORTS = Rule("http", D.IMPORTS, words=("requests", "os.path"))


@pytest.mark.parametrize(
    "line",
    [
        "import requests",
        "import requests.adapters as a",
        "from requests import get",
        "from requests.adapters import HTTPAdapter",
        "    import requests",
        "import json, requests",
        "from os import path",
        "importlib.import_module('requests')",
        "x = __import__('requests')",
    ],
)
def test_a_forbidden_import_is_found_however_it_is_written(line: str) -> None:
    text = f"import importlib\nif True:\n    pass\n{'if 1:' if line.startswith(' ') else ''}\n{line}\n"

    assert broken(IMPORTS, new("a.py", text)) == [("a.py", 5)]


@pytest.mark.parametrize(
    "line",
    ["import requests_mock", "# import requests", 'x = "import requests"', "from . import requests", "import os"],
)
def test_what_only_looks_like_a_forbidden_import_is_none(line: str) -> None:
    assert broken(IMPORTS, new("a.py", line + "\n")) == []


def test_the_line_of_a_name_in_a_long_import_is_named() -> None:
    text = "from os import (\n    getcwd,\n    path,\n)\n"

    assert broken(IMPORTS, edited("a.py", text, 3)) == [("a.py", 3)]


def test_an_import_that_was_there_before_is_nobody_s_fault() -> None:
    assert broken(IMPORTS, edited("a.py", "import requests\nx = 1\n", 2)) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.ts", 'import { x } from "requests";'),
        ("a.js", "const r = require('requests/lib')"),
        ("a.rs", "use requests::get;"),
        ("a.go", '\t"requests/v2"'),
        ("a.py", "import requests; this is ( no python"),
    ],
)
def test_imports_of_other_languages_are_found_by_line(path: str, line: str) -> None:
    assert broken(IMPORTS, new(path, line + "\n")) == [(path, 1)]


CALLS = Rule("calls", D.CALLS, words=("print", "os.system", ".unwrap"))


@pytest.mark.parametrize(
    "line", ["print(1)", "os.system('x')", "o.system('x')", "system('x')", "value.unwrap()", "f(print('x'))"]
)
def test_a_forbidden_call_is_found_also_under_another_name(line: str) -> None:
    text = f"import os\nimport os as o\nfrom os import system\n{line}\n"

    assert broken(CALLS, new("a.py", text)) == [("a.py", 4)]


@pytest.mark.parametrize("line", ["pprint(1)", "# print(1)", "x.print(1)", "print", "unwrap()"])
def test_what_only_looks_like_a_forbidden_call_is_none(line: str) -> None:
    assert broken(CALLS, new("a.py", line + "\n")) == []


def test_calls_of_other_languages_are_found_by_line() -> None:
    assert broken(CALLS, new("a.rs", "let x = y.unwrap();\nprint(x)\nfoo()\n")) == [("a.rs", 1), ("a.rs", 2)]


def test_a_pattern_looks_at_added_lines_only() -> None:
    rule = Rule("todo", D.TEXT, pattern=r"\bTODO\b")

    assert broken(rule, edited("a.txt", "TODO old\nTODO new\nfine\n", 2, 3)) == [("a.txt", 2)]


NAMES = [
    Rule("snake", D.NAMING, pattern="[a-z_][a-z0-9_]*", subject="functions"),
    Rule("camel", D.NAMING, pattern="[A-Z][A-Za-z0-9]*", subject="classes"),
    Rule("files", D.NAMING, pattern=r"[a-z_]+\.py", subject="files"),
]


def test_new_files_functions_and_classes_are_held_to_their_names() -> None:
    text = "class lower:\n    def camelCase(self): ...\n    def __init__(self): ...\ndef fine(): ...\n"

    found = broken_rules(NAMES, [new("src/Bad.py", text)], found_here)

    assert [(one.rule.name, one.line) for one in found] == [("files", 0), ("camel", 1), ("snake", 2)]


def test_a_name_that_was_there_before_may_get_another_signature() -> None:
    change = edited("a.py", "def camelCase(x, y): ...\n", 1, removed=("def camelCase(x): ...",))

    assert broken(NAMES[0], change) == []


def test_names_of_other_languages_are_found_by_line() -> None:
    text = "function Bad() {}\nconst AlsoBad = (x) => x\nfunc (s *Server) Worse() {}\n"

    assert broken(NAMES[0], new("a.js", text)) == [("a.js", 1), ("a.js", 2), ("a.js", 3)]


@pytest.mark.parametrize(
    ("text", "is_broken"),
    [
        ("# Copyright 2026 Ada\n# MIT\nx = 1\n", False),
        ("#!/usr/bin/env python\n// Copyright 1999 Ada\n// MIT\n", False),
        ("x = 1\n", True),
        ("# Copyright 2026 Bob\n# MIT\n", True),
        ("", False),
    ],
)
def test_a_new_file_begins_with_the_header_in_any_comment_style(text: str, is_broken: bool) -> None:
    rule = Rule("licence", D.HEADER, pattern="Copyright {year} Ada\nMIT")

    assert bool(broken(rule, new("a.py", text))) is is_broken


def test_an_old_file_needs_no_header() -> None:
    assert broken(Rule("licence", D.HEADER, pattern="MIT"), edited("a.py", "x = 1\n", 1)) == []


def test_a_file_over_the_limit_may_shrink_but_not_grow() -> None:
    rule, text = Rule("short", D.LENGTH, limit=2), "a\nb\nc\n"

    assert broken(rule, edited("a.py", text, 3)) == [("a.py", 0)]
    assert broken(rule, edited("a.py", text, 3, removed=("x", "y"))) == []
    assert broken(rule, new("a.py", "a\nb\n")) == []


def test_new_public_things_of_python_need_their_docstring() -> None:
    rule = Rule("docs", D.DOCSTRINGS, words=("modules", "classes", "functions"))
    text = 'class A:\n    """A."""\n    def f(self): ...\n    def _g(self): ...\ndef h():\n    def inner(): ...\n'

    assert broken(rule, new("a.py", text)) == [("a.py", 1), ("a.py", 3), ("a.py", 5)]


def test_a_forbidden_path_may_not_even_be_deleted() -> None:
    rule = Rule("generated", D.PATHS, words=("generated/**",))

    assert broken(rule, Changed("generated/a.py", is_deleted=True), new("src/a.py", "")) == [("generated/a.py", 0)]


COMPANION = Rule("tests", D.COMPANION, paths=("src/**",), words=("tests/**",))


def test_a_change_without_its_companion_is_found_unless_its_author_could_not_write_one() -> None:
    source, test = new("src/a.py", "x"), new("tests/test_a.py", "x")

    assert broken(COMPANION, source) == [("src/a.py", 0)]
    assert broken(COMPANION, source, test) == []
    assert broken(COMPANION, source, Changed("tests/test_a.py", is_deleted=True)) == [("src/a.py", 0)]
    assert broken(COMPANION, test) == []
    assert broken(COMPANION, source, scope=("src/**",)) == []
    assert broken(COMPANION, source, scope=("src/**", "tests/unit/**")) == [("src/a.py", 0)]
    assert broken(COMPANION, source, scope=("**",)) == [("src/a.py", 0)]


def test_a_rule_is_about_its_paths_alone() -> None:
    rule = Rule("http", D.IMPORTS, paths=("src/**", "!src/old/**"), words=("requests",))
    changes = [new(path, "import requests\n") for path in ("src/a.py", "src/old/b.py", "c.py")]

    assert broken(rule, *changes) == [("src/a.py", 1)]


def test_a_file_too_large_to_read_breaks_whatever_is_asked_of_its_content() -> None:
    change = Changed("a.py", is_new=True, is_cut=True)

    assert broken(IMPORTS, change) == [("a.py", 0)]
    assert broken(Rule("todo", D.TEXT, pattern="TODO"), change) == [("a.py", 0)]


def test_a_rule_broken_everywhere_is_shown_in_some_places() -> None:
    rule = Rule("todo", D.TEXT, pattern="TODO")

    assert len(broken(rule, new("a.txt", "TODO\n" * 999))) == MOST_OF_A_RULE


def test_what_is_broken_is_told_with_place_line_and_the_rule_s_own_words() -> None:
    rule = Rule("http", D.IMPORTS, "HTTP goes through httpx", words=("requests",))

    assert str(BrokenRule(rule, "a.py", 3, "import requests")) == (
        "a.py:3: import requests — http: HTTP goes through httpx"
    )


def test_a_pattern_without_end_breaks_its_rule_and_leaves_the_others_alone() -> None:
    rules = [Rule("hangs", D.TEXT, pattern=r"(a+)+$"), Rule("todo", D.TEXT, pattern="TODO")]
    began = time.monotonic()

    found = broken_rules(rules, [new("a.txt", "a" * 60 + "b\nTODO\n")], found_in_child)

    assert [(one.rule.name, one.line) for one in found] == [("hangs", 1), ("todo", 2)]
    assert "no end" in found[0].text
    assert time.monotonic() - began < 60


@given(
    st.lists(
        st.tuples(st.sampled_from(["a+", "^x", "(", r"\d"]), st.lists(st.text(max_size=5), max_size=3)), max_size=3
    )
)
@settings(max_examples=8, deadline=None)
def test_the_child_finds_what_this_process_would(asked: list[tuple[str, list[str]]]) -> None:
    searches = [Search(pattern, tuple(texts)) for pattern, texts in asked]

    assert found_in_child(searches) == found_here(searches)


def test_a_chain_of_a_thousand_branches_is_read() -> None:
    text = "if x == 0:\n    pass\n" + "".join(f"elif x == {n}:\n    print({n})\n" for n in range(900))
    rule = Rule("docs", D.DOCSTRINGS, words=("functions",))

    assert len(broken(CALLS, new("a.py", text))) == MOST_OF_A_RULE
    assert broken(rule, new("a.py", text)) == []


@pytest.mark.parametrize(
    "line", ["a" * 200_000, "a." * 100_000, "const x = (" * 20_000, "from " * 40_000, " " * 200_000]
)
def test_a_hostile_line_is_read_in_no_time_worth_mentioning(line: str) -> None:
    began = time.process_time()

    for rule in (IMPORTS, CALLS, NAMES[0]):
        broken(rule, new("a.js", line))

    assert time.process_time() - began < 5
