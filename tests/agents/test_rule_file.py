"""Files of rules: read with file and line, from a commit and never from a worktree, and refused when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.rule_file import effective_rules, parse_rules, rules_of_commit, without_blocks
from agents.rules import read_rules, rules_text
from engine.conformance.rule import Demand
from engine.errors import DefinitionFault
from engine.git.repository import open_repository
from tests.engine.git.conftest import make_repository, plain

YAML = """\
rules:
  - name: http
    says: HTTP goes through httpx
    paths: "src/**"
    forbid_imports: [requests]
  - name: names
    naming: {functions: "[a-z_]+", files: "[a-z]+[.]py"}
  - name: short
    max_lines: 400
"""
MARKDOWN = f"# Our rules\n\nWrite kindly.\n\n```rules\n{YAML}```\n\nAnd clearly.\n"


class Repo:
    """A repository that a test writes to and commits."""

    def __init__(self, root: Path) -> None:
        self.root = make_repository(root)
        self.git = open_repository(root)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self) -> str:
        plain(self.root, "add", "-A")
        plain(self.root, "commit", "-qm", "more")
        return plain(self.root, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    return Repo(tmp_path / "repo")


def test_each_rule_knows_its_file_and_line() -> None:
    rules = parse_rules(YAML, Path("style.yaml"), ".orchestra/rules/style.yaml")

    assert [(one.name, one.demand, one.origin.rpartition(":")[2]) for one in rules] == [
        ("http", Demand.IMPORTS, "2"),
        ("names", Demand.NAMING, "6"),
        ("names", Demand.NAMING, "6"),
        ("short", Demand.LENGTH, "8"),
    ]
    assert rules[0].sentence == "HTTP goes through httpx (in src/**)"
    assert {one.subject: one.pattern for one in rules[1:3]} == {"functions": "[a-z_]+", "files": "[a-z]+[.]py"}


def test_a_block_in_markdown_holds_the_same_with_the_file_s_own_lines() -> None:
    rules = parse_rules(MARKDOWN, Path("style.md"), "style.md")

    assert [one.origin for one in rules] == ["style.md:7", "style.md:11", "style.md:11", "style.md:13"]
    assert without_blocks(MARKDOWN) == "# Our rules\n\nWrite kindly.\n\n\n\nAnd clearly."


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        ("{name: a, forbid_import: [x]}", 2, "Did you mean `forbid_imports`?"),
        ("{name: a}", 2, "asks nothing"),
        ("{name: a, naming: {}}", 2, "asks nothing"),
        ("{name: a, forbid: x, max_lines: 3}", 2, "asks 2 things"),
        ("{name: a, forbid: '('}", 2, "no regular expression"),
        ("{name: a, naming: {classes: '['}}", 2, "no regular expression"),
        ("{name: a, max_lines: many}", 2, "max_lines"),
        ("{name: a, tests: 'tests/**'}", 2, "whose tests"),
        ("{forbid: x}", 2, "`name` is missing"),
    ],
)
def test_a_malformed_rule_is_refused_with_line_and_advice(entry: str, line: int, words: str) -> None:
    with pytest.raises(DefinitionFault) as caught:
        parse_rules(f"rules:\n  - {entry}\n", Path("a.yaml"), "a.yaml")

    assert caught.value.line == line
    assert words in str(caught.value)


def test_rules_come_from_the_commit_whatever_the_worktree_holds(repo: Repo) -> None:
    repo.write(".orchestra/rules/style.yaml", YAML)
    repo.write(".orchestra/rules/more.md", MARKDOWN)
    head = repo.commit()
    repo.write(".orchestra/rules/style.yaml", "rules: []\n")

    rules = rules_of_commit(repo.git, head)

    assert [one.name for one in rules] == ["http", "names", "names", "short"] * 2
    assert {one.origin.partition(":")[0] for one in rules} == {
        ".orchestra/rules/style.yaml",
        ".orchestra/rules/more.md",
    }


def test_a_link_among_the_rules_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(YAML)
    repo.write(".orchestra/rules/.keep", "")
    (repo.root / ".orchestra" / "rules" / "style.yaml").symlink_to(tmp_path / "secret.yaml")

    assert rules_of_commit(repo.git, repo.commit()) == ()


def test_the_person_s_own_rules_hold_everywhere(repo: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "mine.yaml").write_text("rules:\n  - {name: mine, forbid: TODO}\n")

    assert [one.name for one in effective_rules(repo.git, "HEAD", folder)] == ["mine"]


def test_agents_read_the_prose_and_a_sentence_for_each_rule(tmp_path: Path) -> None:
    folder = tmp_path / ".orchestra" / "rules"
    folder.mkdir(parents=True)
    (tmp_path / "AGENTS.md").write_text("top")
    (folder / "style.md").write_text(MARKDOWN)
    (folder / "only-rules.md").write_text(f"```rules\n{YAML}```\n")
    (folder / "linked.md").symlink_to(tmp_path / "AGENTS.md")

    found = read_rules(tmp_path)
    text = rules_text(found, ["HTTP goes through httpx (in src/**)"])

    assert [one.path for one in found] == ["AGENTS.md", ".orchestra/rules/style.md"]
    assert "Write kindly." in text
    assert "max_lines" not in text
    assert "- HTTP goes through httpx (in src/**)" in text
