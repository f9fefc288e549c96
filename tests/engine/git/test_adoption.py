from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import AdoptRefused
from engine.git import adoption
from engine.git.adoption import Refusal, adopt, heal
from engine.git.commits import commit
from engine.git.fingerprint import user_state
from engine.git.gateway import Git
from engine.git.landing import land, start_result
from engine.git.worktrees import Worktrees
from tests.engine.git.conftest import plain

TRAILERS = {"Run": "r1"}


@pytest.fixture
def result(git: Git, worktrees: Worktrees, head: str) -> str:
    """A run's branch that changed, added and deleted files."""
    lane = worktrees.add("t1", head)
    (lane.path / "src" / "a.py").write_text("one = 11\ntwo = 2\nthree = 3\n")
    (lane.path / "src" / "new.py").write_text("new\n" * 100)
    (lane.path / "src" / "b.py").unlink()
    commit(git, lane, "Work", TRAILERS)
    branch = start_result(git, "r1", head)
    land(git, branch, lane.branch, "Land", TRAILERS)
    return branch


@pytest.fixture
def intent(tmp_path: Path) -> Path:
    """Where the intent is written."""
    return tmp_path / "state" / "adopting.json"


def test_adopting_fast_forwards_a_clean_checkout(git: Git, root: Path, result: str, intent: Path) -> None:
    (root / "notes").write_text("untracked, not in the way")

    adopted = adopt(git, result, intent, "Adopt", TRAILERS)

    assert (adopted.branch, adopted.new) == ("main", plain(root, "rev-parse", result))
    assert plain(root, "status", "--porcelain") == "?? notes"
    assert not (root / "src" / "b.py").exists()
    assert not intent.exists()
    assert adopt(git, result, intent, "Adopt", TRAILERS).old == adopted.new


def test_adopting_merges_when_the_user_went_on(git: Git, root: Path, result: str, intent: Path) -> None:
    (root / "README").write_text("the user's line\n")
    plain(root, "commit", "-qam", "mine")
    mine = plain(root, "rev-parse", "HEAD")

    adopted = adopt(git, result, intent, "Adopt", TRAILERS)

    assert plain(root, "log", "-1", "--format=%P") == f"{mine} {plain(root, 'rev-parse', result)}"
    assert adopted.old == mine
    assert plain(root, "status", "--porcelain") == ""


def _dirty(root: Path) -> None:
    (root / "README").write_text("dirty")


def _staged(root: Path) -> None:
    (root / "staged").write_text("x")
    plain(root, "add", "staged")


def _detached(root: Path) -> None:
    plain(root, "checkout", "-q", "--detach")


def _merging(root: Path) -> None:
    (root / ".git" / "MERGE_HEAD").write_text(plain(root, "rev-parse", "HEAD"))


def _locked(root: Path) -> None:
    (root / ".git" / "index.lock").touch()


def _in_the_way(root: Path) -> None:
    (root / "src" / "new.py").write_text("the user's own")


def _conflict(root: Path) -> None:
    (root / "src" / "a.py").write_text("one = 99\n")
    plain(root, "commit", "-qam", "mine")


def _filtered(root: Path) -> None:
    (root / ".git" / "info" / "attributes").write_text("*.py filter=lfs\n")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_dirty, Refusal.DIRTY),
        (_staged, Refusal.DIRTY),
        (_detached, Refusal.DETACHED),
        (_merging, Refusal.UNFINISHED),
        (_locked, Refusal.LOCKED),
        (_in_the_way, Refusal.IN_THE_WAY),
        (_conflict, Refusal.CONFLICT),
        (_filtered, Refusal.FILTERED),
    ],
)
def test_a_checkout_that_is_not_ready_is_refused_with_a_remedy_and_not_touched(
    spoil: Callable[[Path], None], reason: Refusal, git: Git, root: Path, result: str, intent: Path
) -> None:
    spoil(root)
    before = user_state(git)

    with pytest.raises(AdoptRefused) as caught:
        adopt(git, result, intent, "Adopt", TRAILERS)

    assert caught.value.reason == reason
    assert caught.value.remedy
    assert not intent.exists()
    changed = [part for part in user_state(git).difference(before) if not part.endswith("/index")]
    assert changed == []


class Killed(BaseException):
    """Stands for kill -9."""


def _die(*_: object) -> None:
    raise Killed


def test_a_kill_before_the_files_change_is_finished_on_resume(
    git: Git, root: Path, result: str, intent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "_switch", _die)
    with pytest.raises(Killed):
        adopt(git, result, intent, "Adopt", TRAILERS)
    monkeypatch.undo()

    assert heal(git, intent) is not None

    assert plain(root, "rev-parse", "HEAD") == plain(root, "rev-parse", result)
    assert plain(root, "status", "--porcelain") == ""


def test_a_kill_between_files_and_branch_is_finished_on_resume(
    git: Git, root: Path, result: str, intent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "_finish", _die)
    with pytest.raises(Killed):
        adopt(git, result, intent, "Adopt", TRAILERS)
    monkeypatch.undo()
    assert plain(root, "status", "--porcelain") != ""

    heal(git, intent)

    assert plain(root, "rev-parse", "HEAD") == plain(root, "rev-parse", result)
    assert plain(root, "status", "--porcelain") == ""


def half_written(git: Git, root: Path, result: str, intent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a checkout as a kill in the middle of writing files does."""
    monkeypatch.setattr(adoption, "_switch", _die)
    with pytest.raises(Killed):
        adopt(git, result, intent, "Adopt", TRAILERS)
    monkeypatch.undo()
    (root / "src" / "b.py").unlink()
    (root / "src" / "new.py").write_text("new\n" * 40)
    (root / "src" / "a.py").write_text("one = 1")


def test_half_written_files_are_finished_on_resume(
    git: Git, root: Path, result: str, intent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_written(git, root, result, intent, monkeypatch)

    heal(git, intent)

    assert plain(root, "status", "--porcelain") == ""
    assert (root / "src" / "new.py").read_text() == "new\n" * 100


def test_an_edit_made_after_the_kill_is_never_overwritten(
    git: Git, root: Path, result: str, intent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_written(git, root, result, intent, monkeypatch)
    (root / "src" / "a.py").write_text("the user's own edit\n")

    with pytest.raises(AdoptRefused) as caught:
        heal(git, intent)

    assert (caught.value.reason, caught.value.files) == (Refusal.EDITED, ("src/a.py",))
    assert (root / "src" / "a.py").read_text() == "the user's own edit\n"


def test_an_intent_is_forgotten_when_the_user_moved_on(
    git: Git, root: Path, result: str, intent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "_switch", _die)
    with pytest.raises(Killed):
        adopt(git, result, intent, "Adopt", TRAILERS)
    monkeypatch.undo()
    plain(root, "commit", "-q", "--allow-empty", "-m", "moved on")

    assert heal(git, intent) is None

    assert not intent.exists()
    assert plain(root, "log", "-1", "--format=%s") == "moved on"
