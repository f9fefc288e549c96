from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.errors import RepositoryFault
from engine.git import repository
from engine.git.repository import inspect
from tests.engine.git.conftest import make_repository, plain


def test_facts_of_an_ordinary_repository(root: Path, head: str) -> None:
    (root / "src" / "a.py").write_text("dirty")
    (root / "new").write_text("new")

    facts = inspect(root / "src")

    assert (facts.root, facts.head, facts.branch) == (root, head, "main")
    assert (facts.dirty_count, facts.tracked_count, facts.unfinished) == (2, 4, "")
    assert facts.notes == ("2 uncommitted paths are left out: lanes start from the last commit.",)


def test_a_clean_repository_needs_no_note(root: Path) -> None:
    assert inspect(root).notes == ()


def test_a_detached_head_and_an_unfinished_merge_are_noted_not_refused(root: Path) -> None:
    plain(root, "checkout", "-q", "--detach")
    (root / ".git" / "MERGE_HEAD").write_text("0" * 40)

    facts = inspect(root)

    assert (facts.branch, facts.unfinished, len(facts.notes)) == (None, "merge", 2)


def test_submodules_are_noted(root: Path, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    plain(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    plain(root, "commit", "-qm", "sub")

    facts = inspect(root)

    assert facts.has_submodules
    assert facts.notes == ("Submodules stay empty in lanes.",)


def test_filters_are_noted_only_where_files_pass_them(root: Path) -> None:
    plain(root, "config", "--global", "filter.lfs.clean", "git-lfs clean -- %f")
    assert not inspect(root).has_filters

    (root / ".gitattributes").write_text("README filter=lfs\n")

    assert inspect(root).has_filters


def _missing(tmp_path: Path) -> Path:
    return tmp_path / "missing"


def _a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / "file"


def _no_repository(tmp_path: Path) -> Path:
    (tmp_path / "no repo").mkdir()
    return tmp_path / "no repo"


def _bare(tmp_path: Path) -> Path:
    plain(tmp_path, "init", "-q", "--bare", "bare.git")
    return tmp_path / "bare.git"


def _inside(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "r") / ".git" / "refs"


def _no_commits(tmp_path: Path) -> Path:
    plain(tmp_path, "init", "-q", "empty")
    return tmp_path / "empty"


def _branch_in_the_way(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "r")
    plain(root, "branch", "orchestra")
    return root


@pytest.mark.parametrize(
    ("make", "what", "remedy"),
    [
        (_missing, "is not a folder", "Start in a folder"),
        (_a_file, "is not a folder", "Start in a folder"),
        (_no_repository, "is not in a git repository", "git -C '"),
        (_bare, "is a bare repository", "worktree add"),
        (_inside, "is inside a .git folder", "Start in the folder"),
        (_no_commits, "has no commit yet", 'commit -m "Start"'),
        (_branch_in_the_way, "named `orchestra`", "git branch -m orchestra"),
    ],
)
def test_a_folder_that_cannot_be_worked_on_says_what_to_do(
    make: object, what: str, remedy: str, tmp_path: Path
) -> None:
    assert callable(make)
    with pytest.raises(RepositoryFault) as caught:
        inspect(make(tmp_path))

    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.safe == "Nothing was changed."


def test_the_remedy_for_no_commits_works_as_printed(tmp_path: Path) -> None:
    root = _no_commits(tmp_path)
    (root / "file").touch()
    with pytest.raises(RepositoryFault) as caught:
        inspect(root)

    command = caught.value.remedy.removeprefix("Make one: ")
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=False).returncode == 0

    assert inspect(root).tracked_count == 1


def test_a_missing_git_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RepositoryFault, match="git was not found"):
        inspect(root)


def test_an_old_git_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "version", lambda folder: (2, 34, 1))

    with pytest.raises(RepositoryFault, match=r"git 2\.34\.1 is too old"):
        inspect(root)
