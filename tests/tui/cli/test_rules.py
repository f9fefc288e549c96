"""`orchestra-tui rules` lists what holds and checks a diff by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.git.conftest import make_repository, plain
from tui.__main__ import main

RULES = "rules:\n  - {name: todo, says: finish it, forbid: TODO}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    root = make_repository(tmp_path / "repo")
    (root / ".orchestra" / "rules").mkdir(parents=True)
    (root / ".orchestra" / "rules" / "style.yaml").write_text(RULES)
    plain(root, "add", "-A")
    plain(root, "commit", "-qm", "rules")
    monkeypatch.chdir(root)
    return root


def test_each_rule_is_listed_with_its_place(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0

    told = capsys.readouterr().out
    assert "finish it" in told
    assert ".orchestra/rules/style.yaml:2" in told


def test_what_changed_since_the_last_commit_is_checked_without_touching_the_index(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "src" / "a.py").write_text("one = 1\n# TODO now\nthree = 3\n")
    (root / "new.py").write_text("TODO\n")
    (root / "debug.log").write_text("TODO\n")
    (root / ".orchestra" / "rules" / "style.yaml").unlink()
    index = (root / ".git" / "index").read_bytes()

    assert main(["rules", "--check"]) == 1

    told = capsys.readouterr().out
    assert "src/a.py:2: # TODO now — todo: finish it" in told
    assert "new.py:1" in told
    assert "debug.log" not in told
    assert (root / ".git" / "index").read_bytes() == index


def test_a_range_is_checked_against_the_rules_it_began_with(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain(root, "checkout", "-qb", "feature")
    (root / ".orchestra" / "rules" / "style.yaml").write_text("rules: []\n")
    (root / "src" / "b.py").write_text("b = 1  # TODO\n")
    plain(root, "add", "-A")
    plain(root, "commit", "-qm", "feature")

    assert main(["rules", "--check", "main..feature", "--json"]) == 1

    (found,) = json.loads(capsys.readouterr().out)
    assert (found["path"], found["line"], found["rule"]) == ("src/b.py", 1, "todo")


def test_nothing_broken_is_0_and_no_such_commit_is_2(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--check"]) == 0
    assert main(["rules", "--check", "nowhere..HEAD"]) == 2
    assert "no commit 'nowhere'" in capsys.readouterr().err
