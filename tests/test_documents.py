"""What the documents name is there: files, pictures, tests, and each pattern, flow and failure mode once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.flow_file import built_in_flows, load_flow
from agents.roster import read_roster
from engine.flow import agents_of

ROOT = Path(__file__).parents[1]
TABLES = (ROOT / "docs" / "patterns.md", ROOT / "docs" / "failure-modes.md")
PATTERNS = sorted((ROOT / "docs" / "patterns").glob("*.yaml"))
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[([\w-]+)\])?`")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def named_tests(path: Path) -> Iterator[tuple[str, str]]:
    """File and name of every test that a document names."""
    for file, name, _ in TEST.findall(path.read_text(encoding="utf-8")):
        yield file, name


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_test_that_a_table_names_exists(path: Path) -> None:
    named = set(named_tests(path))
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(named) >= 10
    assert not missing


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_file_that_a_table_links_to_exists(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]


def test_every_pattern_and_flow_has_its_row_with_file_test_and_picture() -> None:
    rows = [row for row in TABLES[0].read_text(encoding="utf-8").splitlines() if row.startswith("| **")]
    named = {row.split("**")[1] for row in rows}
    assert named == {path.stem for path in PATTERNS} | set(built_in_flows())
    assert all(TEST.search(row) and f"screens/{row.split('**')[1]}.svg" in row for row in rows)


def test_every_pattern_is_a_flow_of_specialists_that_exist() -> None:
    known = set(read_roster(user=ROOT / "nowhere").agents)
    for path in PATTERNS:
        flow = load_flow(path, known)
        assert (flow.name, bool(flow.description)) == (path.stem, True)
        assert {name for node in flow.nodes for name in agents_of(node)} <= known


def test_every_failure_mode_is_there_once_with_a_mechanism_and_a_test() -> None:
    rows = [row for row in TABLES[1].read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", row)]
    numbers = [row.split()[1] for row in rows]
    assert numbers == [f"{group}.{mode}" for group, count in ((1, 5), (2, 6), (3, 3)) for mode in range(1, count + 1)]
    assert all(len(row.split("|")) == 5 and TEST.search(row) for row in rows)
