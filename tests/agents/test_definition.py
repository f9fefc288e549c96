"""Definitions are read without trusting them, and what is wrong is said with file, line, field and suggestion."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.definition import RULE_FILES, AgentDefinition, load_definition, parse_definition
from agents.document import MAX_BYTES, read_yaml
from agents.roster import PACKAGE_FOLDER
from agents.tools.registry import NAMES
from engine.errors import DefinitionFault
from engine.words import Role


def parse(head: str, body: str = "You work.") -> AgentDefinition:
    return parse_definition(f"---\n{head}\n---\n{body}\n", Path("agents/one.md"), name="one")


def fault_of(head: str, body: str = "You work.") -> DefinitionFault:
    with pytest.raises(DefinitionFault) as caught:
        parse(head, body)
    return caught.value


def test_a_full_definition_is_read_as_written() -> None:
    found = parse(
        "name: backend/sql\ndescription: Writes SQL.\nmodel: [ollama/qwen3:4b, cloud]\ntools: [read, edit]\n"
        "scope: ['db/**']\nmax_turns: 12\ntemperature: 0.2\nmemory: true\noutput: text\nskills: [sql]\nwindow: 8000"
    )

    assert found.name == "backend/sql"
    assert found.model == ("ollama/qwen3:4b", "cloud")
    assert found.tools == ("read_file", "edit_file")
    assert (found.scope, found.max_turns, found.temperature, found.window) == (("db/**",), 12, 0.2, 8000)
    assert found.role is Role.TEXT
    assert found.prompt == "You work."


def test_a_definition_that_says_nothing_can_read_and_no_more() -> None:
    found = parse("description: quiet")

    assert found.name == "one"
    assert found.tools == ("list_files", "read_file", "search")
    assert found.model == ("inherit",)
    assert found.rules == RULE_FILES


@pytest.mark.parametrize("word", ["max_turns", "maxTurns", "steps", "maxSteps"])
def test_the_turn_cap_is_read_under_all_its_names(word: str) -> None:
    assert parse(f"{word}: 7").max_turns == 7


def test_a_file_made_for_another_program_is_read_as_far_as_it_means_the_same() -> None:
    found = parse("name: helper\ntools: Read, Grep, Bash, WebFetch, mcp__jira\nmodel: opus\ncolor: red\nhooks: {a: b}")

    assert found.tools == ("read_file", "search", "run_command")
    assert found.absent_tools == ("webfetch", "mcp__jira")
    assert found.model == ("cloud",)
    assert found.extras == {"color": "red", "hooks": {"a": "b"}}


def test_a_map_of_tools_gives_those_that_are_on() -> None:
    assert parse("tools: {read: true, bash: false}").tools == ("read_file",)


@pytest.mark.parametrize(("value", "names"), [("false", ()), ("true", RULE_FILES), ("[RULES.md]", ("RULES.md",))])
def test_rules_may_be_off_on_or_named(value: str, names: tuple[str, ...]) -> None:
    assert parse(f"rules: {value}").rules == names


@pytest.mark.parametrize(
    ("head", "line", "field", "words"),
    [
        ("name: one\noutput: txt", 3, "output", "Did you mean `text`?"),
        ("name: one\n\n\ntools: [read, serach]", 5, "tools", "Did you mean `search`?"),
        ("name: one\nmodel: quik", 3, "model", "Did you mean `quick`?"),
        ("name: one\nmodel: gpt", 3, "model", "provider/name"),
        ("name: One Two", 2, "name", "lower-case"),
        ("name: one\nmax_turns: 0", 3, "max_turns", "greater than or equal to 1"),
        ("name: one\ndescription: yes", 3, "description", "quotes"),
        ("name: one\nname: two", 3, "", "twice"),
        ("name: one\ndescription: a: b", 3, "", "quotes"),
        ("name: one\n\tdescription: x", 3, "", "tabs"),
        ("- name", 2, "", "key: value"),
        ("name: one\nprompt: hidden", 3, "prompt", "body is the prompt"),
    ],
)
def test_a_fault_names_line_and_field_and_suggests(head: str, line: int, field: str, words: str) -> None:
    fault = fault_of(head)

    assert (fault.line, fault.field_name.split(".")[0]) == (line, field)
    assert words in str(fault)
    assert str(fault).startswith(f"agents/one.md:{line}: ")


def test_a_file_without_front_matter_is_told_how_to_start() -> None:
    with pytest.raises(DefinitionFault, match="Start the file with `---`"):
        parse_definition("You are a coder.")


def test_a_prompt_is_required() -> None:
    assert "prompt, is empty" in str(fault_of("name: one", "  "))


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: &a [*a]",
        "a: " + "[" * 5000,
        "a: !!python/object/apply:os.system ['true']",
        "a: 2026-99-99",
        "a: " + "9" * 10_000,
        "a: !!int x",
        "? [a, b]\n: c",
        "a: !!binary '%%%'",
        "a: \x00",
        "a: '\ud800",
        "a: !!timestamp x",
        "a: !!bool x",
        "a: !!float ",
        "a: ! x",
        "%YAML 9.9\n---\na: b",
        "a: b\n---\nc: d",
        "x" * (MAX_BYTES + 1),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_hostile_yaml_is_a_fault_and_never_a_crash(text: str) -> None:
    with pytest.raises(DefinitionFault):
        read_yaml(text)


@given(st.text(max_size=200))
def test_no_text_at_all_crashes_the_reader(text: str) -> None:
    found = None
    with contextlib.suppress(DefinitionFault):
        found = parse_definition(f"---\n{text}\n---\nbody", name="one")

    assert found is None or found.prompt


def test_a_file_that_is_not_utf8_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "one.md"
    path.write_bytes(b"---\nname: one\ndescription: \xff\n---\nbody")

    with pytest.raises(DefinitionFault, match="not UTF-8") as caught:
        load_definition(path)
    assert caught.value.line == 3


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "one.md"
    path.write_bytes(b"\xef\xbb\xbf---\r\ndescription: x\r\n---\r\nbody\r\n")

    assert load_definition(path).prompt == "body"


@pytest.mark.parametrize("path", sorted(PACKAGE_FOLDER.glob("*.md")), ids=lambda path: path.stem)
def test_a_built_in_prompt_names_only_tools_that_its_agent_has(path: Path) -> None:
    agent = load_definition(path)
    named = {word for word in re.findall(r"`(\w+)`", agent.prompt) if word in NAMES}
    endings = {"finish"}

    assert agent.name == path.stem
    assert agent.extras == {}
    assert named <= {*agent.tools, *endings}
    assert 100 <= len(agent.prompt.split()) <= 350


@pytest.mark.parametrize("path", sorted(PACKAGE_FOLDER.glob("*.md")), ids=lambda path: path.stem)
def test_every_built_in_prompt_says_that_text_is_not_an_order(path: Path) -> None:
    assert re.search(r"order|instruct|command you|material", load_definition(path).prompt)
