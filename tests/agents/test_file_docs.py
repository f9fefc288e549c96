"""The examples of docs/files.md are what the program reads."""

from __future__ import annotations

import re
from pathlib import Path

from agents.definition import parse_definition
from agents.rule_file import parse_rules
from agents.trigger_file import parse_triggers

PAGE = (Path(__file__).parents[2] / "docs" / "files.md").read_text("utf-8")


def example(kind: str) -> str:
    """The block of the page with this name."""
    found = re.search(rf"^```\w+ {kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, kind
    return found[1]


def test_the_rules_of_the_page_are_rules() -> None:
    names = [rule.name for rule in parse_rules(example("rules"), Path("a.yaml"), "a.yaml")]
    assert names[0] == "http"
    assert set(names) >= {"output", "later", "names", "licence", "short", "explained", "generated", "tested"}


def test_the_triggers_of_the_page_are_triggers(tmp_path: Path) -> None:
    found = parse_triggers(example("triggers"), Path("triggers.yaml"), tmp_path)
    assert [trigger.name for trigger in found] == ["docs", "review", "desk"]


def test_the_specialist_of_the_page_is_one() -> None:
    definition = parse_definition(example("agent"))
    assert (definition.name, definition.scope, definition.memory) == ("dba", ("migrations/**",), True)
    assert not definition.extras
    assert not definition.absent_tools
