"""A repository, or an agent, that wants git to start a program: nothing may touch the canary."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import GitFault, LaneTampered
from engine.git.adoption import adopt
from engine.git.census import census
from engine.git.commits import CommitMade, commit, find_by_key
from engine.git.conflicts import MarkersLeft, conflict_worktree, overlaps, resolve
from engine.git.diffs import blame, diff, log, show_file
from engine.git.gateway import Git
from engine.git.landing import Conflict, Landed, land, start_result
from engine.git.repository import inspect, open_repository
from engine.git.worktrees import Worktrees
from tests.engine.git.conftest import make_repository, plain

EVIL_ATTRIBUTES = "*.py filter=evil diff=evil merge=evil\n*.late filter=late\nREADME filter=evil\n"

TRAILERS = {"Run": "r1", "Key": "k-1"}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that exists once any of the hostile programs ran."""
    return tmp_path / "canary"


@pytest.fixture
def evil(tmp_path: Path, canary: Path) -> str:
    """A program that leaves a trace and passes its input on, so that nothing fails by its absence."""
    program = tmp_path / "evil.sh"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {canary}\ncat 2>/dev/null\nexit 0\n')
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def hostile(tmp_path: Path, evil: str) -> Path:
    """A repository whose configuration and attributes name that program wherever git would start one."""
    root = make_repository(tmp_path / "hostile")
    extra = tmp_path / "extra.config"
    extra.write_text(f'[filter "late"]\n\tclean = {evil}\n\tsmudge = {evil}\n\trequired = true\n')
    settings = {
        "core.fsmonitor": evil,
        "core.sshCommand": evil,
        "core.gitProxy": evil,
        "core.pager": evil,
        "core.editor": evil,
        "core.askPass": evil,
        "core.alternateRefsCommand": evil,
        "commit.gpgSign": "true",
        "gpg.program": evil,
        "log.showSignature": "true",
        "diff.external": evil,
        "diff.evil.command": evil,
        "diff.evil.textconv": evil,
        "filter.evil.clean": evil,
        "filter.evil.smudge": evil,
        "filter.evil.process": evil,
        "filter.evil.required": "true",
        "filter.With Space.clean": evil,
        "filter.With Space.smudge": evil,
        "merge.evil.driver": f"{evil} %O %A %B",
        "alias.status": f"!{evil}",
        "alias.commit-tree": f"!{evil}",
        "credential.helper": evil,
        "trailer.Orchestra-Run.command": evil,
        "uploadpack.packObjectsHook": evil,
        "includeIf.gitdir:**.path": str(extra),
        "hook.evil.command": evil,
        "hook.evil.event": "post-checkout",
        "remote.origin.url": f"ext::{evil}",
        "remote.origin.promisor": "true",
    }
    for key, value in settings.items():
        plain(root, "config", key, value)
    (root / ".git" / "info" / "attributes").write_text(EVIL_ATTRIBUTES)
    hooks = root / ".git" / "hooks"
    for name in (
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "pre-commit",
        "post-commit",
        "post-merge",
    ):
        (hooks / name).write_text(f"#!/bin/sh\nexec {evil}\n")
        (hooks / name).chmod(0o755)
    return root


def test_a_whole_run_in_a_hostile_repository_starts_no_program(hostile: Path, canary: Path, tmp_path: Path) -> None:
    git = open_repository(hostile)
    head = inspect(hostile).head
    worktrees = Worktrees(git, tmp_path / "state", "r1")
    lanes = worktrees.add_all(["t1", "t2"], head)
    for number, lane in enumerate(lanes):
        (lane.path / ".gitattributes").write_text(EVIL_ATTRIBUTES)
        (lane.path / "src" / "a.py").write_text(f"one = {number}\n")
        (lane.path / "src" / "x.late").write_text("late")
        diff(git, head, lane)
        overlaps(git, {"t1": lanes[0], "t2": lanes[1]})
        assert isinstance(commit(git, lane, "Work", TRAILERS), CommitMade)
        worktrees.save(lane, "nothing")
    branch = start_result(git, "r1", head)
    assert isinstance(land(git, branch, lanes[0].branch, "Land", TRAILERS), Landed)
    conflict = land(git, branch, lanes[1].branch, "Land", TRAILERS)
    assert isinstance(conflict, Conflict)
    fix = conflict_worktree(git, worktrees, "fix", conflict)
    assert "<<<<<<<" in (fix.path / "src" / "a.py").read_text()
    assert isinstance(resolve(git, fix, conflict, "Fix", TRAILERS), MarkersLeft)
    (fix.path / "src" / "a.py").write_text("one = 2\n")
    fixed = resolve(git, fix, conflict, "Fix", TRAILERS)
    assert isinstance(fixed, CommitMade)
    land(git, branch, fixed.sha, "Land", TRAILERS)
    diff(git, head, branch)
    log(git, [branch])
    git.run(["log", "-p", "-m", branch])
    blame(git, branch, "src/a.py", 1)
    show_file(git, branch, "src/a.py")
    find_by_key(git, "r1", "k-1")
    worktrees.reset(lanes[0], head)
    census(git, tmp_path / "state", 0.0)
    for lane in (*lanes, fix):
        worktrees.remove(lane, is_saved=True)

    assert not canary.exists(), canary.read_text()


def test_adopting_in_a_hostile_repository_starts_no_program(hostile: Path, canary: Path, tmp_path: Path) -> None:
    (hostile / ".git" / "info" / "attributes").unlink()
    git = open_repository(hostile)
    head = inspect(hostile).head
    worktrees = Worktrees(git, tmp_path / "state", "r1")
    lane = worktrees.add("t1", head)
    (lane.path / "src" / "a.py").write_text("one = 2\n")
    commit(git, lane, "Work", TRAILERS)
    branch = start_result(git, "r1", head)
    land(git, branch, lane.branch, "Land", TRAILERS)

    adopt(git, branch, tmp_path / "state" / "intent", "Adopt", TRAILERS)

    assert (hostile / "src" / "a.py").read_text() == "one = 2\n"
    assert not canary.exists(), canary.read_text()


def test_the_canary_sings_when_plain_git_is_used(hostile: Path, canary: Path) -> None:
    (hostile / ".gitattributes").write_text(EVIL_ATTRIBUTES)
    (hostile / "src" / "a.py").write_text("one = 2\n")

    plain(hostile, "diff", check=False)

    assert canary.exists()


def test_a_repository_inside_a_lane_is_neither_obeyed_nor_lost(
    git: Git, worktrees: Worktrees, head: str, root: Path, evil: str, canary: Path
) -> None:
    lane = worktrees.add("t1", head)
    inner = make_repository(lane.path / "inner")
    plain(inner, "config", "core.fsmonitor", evil)
    plain(inner, "config", "filter.x.clean", evil)
    (inner / ".gitattributes").write_text("* filter=x\n")

    result = commit(git, lane, "Work", TRAILERS)

    assert isinstance(result, CommitMade)
    assert result.left_out == ("inner/",)
    assert "inner/src/a.py" in result.files
    assert plain(root, "ls-tree", result.sha, "inner").startswith("040000 tree")
    (inner / "later").write_text("kept")
    saved = worktrees.reset(lane, head)
    assert plain(root, "show", f"{saved}:inner/later") == "kept"
    assert not inner.exists()
    assert not canary.exists(), canary.read_text()


def _swap_for_folder(lane: Path, evil: str) -> None:
    (lane / ".git").unlink()
    plain(lane, "init", "-q")
    plain(lane, "config", "core.fsmonitor", evil)


def _swap_for_other_pointer(lane: Path, evil: str) -> None:
    other = make_repository(lane.parent / "other")
    plain(other, "config", "core.fsmonitor", evil)
    (lane / ".git").write_text(f"gitdir: {other}/.git\n")


def _swap_for_link(lane: Path, evil: str) -> None:
    pointer = lane / ".git"
    pointer.rename(lane / "moved")
    pointer.symlink_to("moved")


def _swap_for_pipe(lane: Path, evil: str) -> None:
    (lane / ".git").unlink()
    os.mkfifo(lane / ".git")


def _delete_pointer(lane: Path, evil: str) -> None:
    (lane / ".git").unlink()


def _swap_lane_for_link(lane: Path, evil: str) -> None:
    lane.rename(lane.parent / "away")
    lane.symlink_to(lane.parent / "away")


@pytest.mark.parametrize(
    "tamper",
    [_swap_for_folder, _swap_for_other_pointer, _swap_for_link, _swap_for_pipe, _delete_pointer, _swap_lane_for_link],
)
def test_a_lane_that_is_not_the_one_we_made_is_refused_by_every_call(
    tamper: object, git: Git, worktrees: Worktrees, head: str, evil: str, canary: Path
) -> None:
    lane = worktrees.add("t1", head)
    assert callable(tamper)
    tamper(lane.path, evil)

    for act in (
        lambda: commit(git, lane, "Work", TRAILERS),
        lambda: worktrees.save(lane, "save"),
        lambda: worktrees.reset(lane, head),
        lambda: diff(git, head, lane),
        lambda: worktrees.remove(lane),
    ):
        with pytest.raises(LaneTampered):
            act()

    assert not canary.exists(), canary.read_text()
    assert [state.is_tampered for state in census(git, worktrees.home, 0.0) if state.lane == "t1"] == [True]


def test_a_folder_replaced_by_a_link_out_of_the_lane_is_committed_as_a_link(
    git: Git, worktrees: Worktrees, head: str, root: Path, tmp_path: Path
) -> None:
    lane = worktrees.add("t1", head)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.py").write_text("secret")
    for path in (lane.path / "src").iterdir():
        path.unlink()
    (lane.path / "src").rmdir()
    (lane.path / "src").symlink_to(secret)

    result = commit(git, lane, "Link", TRAILERS)

    assert isinstance(result, CommitMade)
    assert plain(root, "ls-tree", result.sha, "src").startswith("120000")
    worktrees.reset(lane, head)
    assert (secret / "a.py").read_text() == "secret"
    assert (lane.path / "src" / "b.py").read_text() == "b = 1\n"


@pytest.mark.parametrize(
    "words",
    [
        ["push"],
        ["config", "user.name", "x"],
        ["config", "--list-x"],
        ["update-ref", "refs/heads/main", "HEAD"],
        ["update-ref", "-m", "refs/heads/orchestra/x", "refs/heads/main", "HEAD"],
        ["update-ref", "-d", "HEAD"],
        ["update-ref", "--stdin"],
        ["symbolic-ref", "HEAD", "refs/heads/other"],
        ["read-tree", "HEAD"],
        ["clean", "-ffdx"],
        ["checkout-index", "-a", "-f"],
        ["worktree", "prune"],
        ["gc"],
    ],
)
def test_a_call_that_would_write_what_is_the_users_never_starts(git: Git, words: list[str]) -> None:
    with pytest.raises(GitFault):
        git.run(words)


def test_inherited_variables_do_not_steer_git(
    git: Git, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Mallory")

    assert open_repository(root).root == root
    assert git.configuration()["user.name"] == "Ada"


def test_a_program_named_git_in_a_lane_is_never_the_git_we_call(
    root: Path, evil: str, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "git").symlink_to(evil)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", ".:" + os.environ["PATH"])

    inspect(root)

    assert not canary.exists()


def test_a_late_call_is_killed_and_named(git: Git, tmp_path: Path) -> None:
    slow = tmp_path / "slow-git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    with pytest.raises(GitFault) as caught:
        replace(git, executable=str(slow)).run(["cat-file", "--batch"], timeout_s=0.2)

    assert caught.value.exit_code == 124


def test_output_beyond_the_limit_is_cut_not_collected(git: Git, root: Path) -> None:
    (root / "big").write_bytes(b"x" * 500_000)
    plain(root, "add", "big")

    result = git.run(["cat-file", "blob", ":big"], limit_bytes=1000)

    assert (result.is_truncated, len(result.stdout)) == (True, 1000)
