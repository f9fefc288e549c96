"""Promise one: nothing of the user's is touched. Promise four: a kill anywhere leaves something to go on from."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import GitFault
from engine.git import worktrees as worktrees_module
from engine.git.commits import CommitMade, commit
from engine.git.conflicts import overlaps
from engine.git.diffs import diff
from engine.git.fingerprint import user_state
from engine.git.gateway import Git, Worktree
from engine.git.landing import LandIntent, land, start_result
from engine.git.repository import inspect, open_repository
from engine.git.worktrees import Worktrees
from tests.engine.git.conftest import make_repository, plain

TRAILERS = {"Run": "r1", "Key": "k-1"}
ODD_NAMES = [
    "with space.py",
    "new\nline.py",
    "-dash.py",
    "ünïcödé.py",
    "tab\t.py",
    'quo"te.py',
    "*.py",
    ":colon.py",
    " lead",
]


def make_messy(root: Path) -> None:
    """Give the user staged, unstaged and untracked work, a stash, a branch, an ignored file."""
    plain(root, "branch", "side")
    (root / "src" / "a.py").write_text("stashed\n")
    plain(root, "stash")
    (root / "src" / "a.py").write_text("unstaged\n")
    (root / "src" / "b.py").write_text("staged\n")
    plain(root, "add", "src/b.py")
    (root / "notes").write_text("untracked\n")
    (root / "x.log").write_text("ignored\n")


def whole_cycle(git: Git, state: Path) -> None:
    """Everything a run does but adoption."""
    head = inspect(git.root).head
    trees = Worktrees(git, state, "r1")
    trees.warm(1, head)
    for number, lane in enumerate(trees.add_all(["t1", "t2", "t3"], head)):
        (lane.path / "src" / "a.py").write_text(f"{number}\n")
        trees.save(lane, "saved")
        assert isinstance(commit(git, lane, "Work", TRAILERS), CommitMade)
    branch = start_result(git, "r1", head)
    land(git, branch, "orchestra/lane/r1/t1", "Land", TRAILERS)
    land(git, branch, "orchestra/lane/r1/t2", "Land", TRAILERS)
    overlaps(git, {"a": "orchestra/lane/r1/t1", "b": "orchestra/lane/r1/t3"})
    for name in ("t1", "t2", "t3"):
        found = trees.find(name)
        assert found is not None
        diff(git, head, found)
        trees.reset(found, head)
        trees.remove(found)


def test_a_full_cycle_leaves_everything_of_the_users_byte_identical(git: Git, root: Path, tmp_path: Path) -> None:
    make_messy(root)
    before = user_state(git)

    whole_cycle(git, tmp_path / "state")

    assert user_state(git).difference(before) == ()


def test_the_fingerprint_sees_every_kind_of_touch(git: Git, root: Path) -> None:
    before = user_state(git)
    touches: list[Callable[[], object]] = [
        lambda: (root / "src" / "a.py").write_text("x"),
        lambda: (root / "src" / "b.py").chmod(0o755),
        lambda: plain(root, "add", "-A"),
        lambda: plain(root, "config", "a.b", "c"),
        lambda: plain(root, "branch", "new"),
        lambda: plain(root, "stash"),
        lambda: (root / ".git" / "hooks" / "pre-commit").write_text("x"),
    ]

    for touch in touches:
        touch()
        after = user_state(git)
        assert after.digest != before.digest
        before = after


def test_a_linked_worktree_of_the_user_works_and_stays_as_it_is(root: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    plain(root, "worktree", "add", "-q", "-b", "feature", str(linked))
    (linked / "README").write_text("dirty\n")
    git = open_repository(linked)
    before, main_before = user_state(git), user_state(open_repository(root))

    whole_cycle(git, tmp_path / "state")

    assert git.root == linked
    assert user_state(git).difference(before) == ()
    assert user_state(open_repository(root)).difference(main_before) == ()


def test_a_sha256_repository_works(tmp_path: Path) -> None:
    git = open_repository(make_repository(tmp_path / "long", "--object-format=sha256"))
    assert (inspect(git.root).object_format, len(inspect(git.root).head)) == ("sha256", 64)

    whole_cycle(git, tmp_path / "state")


def test_a_repository_with_a_submodule_keeps_its_link(root: Path, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    plain(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    plain(root, "commit", "-qm", "sub")
    git = open_repository(root)
    before = user_state(git)

    whole_cycle(git, tmp_path / "state")

    assert user_state(git).difference(before) == ()
    assert plain(root, "ls-tree", "orchestra/r1", "sub").startswith("160000 commit")


def test_odd_paths_to_the_repository_and_the_state_work(tmp_path: Path) -> None:
    git = open_repository(make_repository(tmp_path / "öd d\nrepo 'x'"))

    whole_cycle(git, tmp_path / "stä te")


def test_odd_file_names_are_committed_landed_and_reset(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    lane = worktrees.add("t1", head)
    for name in ODD_NAMES:
        (lane.path / name).write_text(name)

    result = commit(git, lane, "Odd", TRAILERS)

    assert isinstance(result, CommitMade)
    assert set(result.files) == set(ODD_NAMES)
    (lane.path / "-dash.py").unlink()
    second = commit(git, lane, "Less", TRAILERS)
    assert isinstance(second, CommitMade)
    assert second.files == ("-dash.py",)
    worktrees.reset(lane, head)
    assert sorted(path.name for path in lane.path.iterdir()) == [".git", ".gitignore", "README", "src"]


_NAME = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200 and not name.lower().startswith((".git", "git~"))
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(_NAME, st.binary(max_size=200), min_size=1, max_size=4))
def test_any_bytes_under_any_name_come_back_from_a_snapshot(
    files: dict[str, bytes], git: Git, worktrees: Worktrees, head: str
) -> None:
    lane = worktrees.add("any", head)
    (lane.path / ".gitignore").unlink(missing_ok=True)
    for name, content in files.items():
        (lane.path / name).write_bytes(content)

    saved = worktrees.reset(lane, head)

    assert saved is not None
    for name, content in files.items():
        if name not in ("README", "src"):
            assert git.run(["cat-file", "blob", f"{saved}:{name}"]).stdout == content


def test_resetting_keeps_dirty_bytes_and_commits_that_were_left_behind(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "src" / "a.py").write_text("first\n")
    made = commit(git, lane, "First", TRAILERS)
    assert isinstance(made, CommitMade)

    assert worktrees.reset(lane, head) == made.sha
    (lane.path / "untracked").write_text("bytes")
    saved = worktrees.reset(lane, head)

    assert plain(root, "show", f"{saved}:untracked") == "bytes"
    assert plain(root, "for-each-ref", "--format=%(refname)", "refs/orchestra").split() == [
        "refs/orchestra/saved/r1/t1/1",
        "refs/orchestra/saved/r1/t1/2",
    ]
    assert plain(root, "rev-parse", lane.branch) == head


def test_saving_moves_neither_branch_nor_index_and_keeps_the_work_in_place(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "new").write_text("kept")
    before = (lane.git_dir / "index").read_bytes()

    saved = worktrees.save(lane, "Safe")

    assert saved is not None
    assert (lane.git_dir / "index").read_bytes() == before
    assert plain(root, "rev-parse", lane.branch) == head
    assert (lane.path / "new").read_text() == "kept"
    assert worktrees.save(lane, "Safe") != head


def test_eight_parallel_adds_from_two_gateways_all_succeed(root: Path, head: str, tmp_path: Path) -> None:
    both = [Worktrees(open_repository(root), tmp_path / "state", run) for run in ("r1", "r2")]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: both[n % 2].add(f"t{n}", head), range(8)))

    assert len({worktree.path for worktree in made}) == 8
    assert all((worktree.path / "src" / "a.py").exists() for worktree in made)


def test_a_kill_between_registering_and_filling_is_mended_by_the_next_add(
    git: Git, worktrees: Worktrees, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(git: Git, worktree: Worktree) -> None:
        (worktree.git_dir / "index.lock").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(worktrees_module, "fill", die)
    with pytest.raises(KeyboardInterrupt):
        worktrees.add("t1", head)
    monkeypatch.undo()

    lane = worktrees.add("t1", head)

    assert (lane.path / "src" / "a.py").exists()
    assert plain(lane.path, "status", "--porcelain") == ""


def test_a_kill_after_the_intent_leaves_the_result_where_it_was(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "src" / "a.py").write_text("x\n")
    commit(git, lane, "Work", TRAILERS)
    branch = start_result(git, "r1", head)
    intents: list[LandIntent] = []

    def die(intent: LandIntent) -> None:
        intents.append(intent)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        land(git, branch, lane.branch, "Land", TRAILERS, die)

    assert plain(root, "rev-parse", branch) == intents[0].old == head
    assert plain(root, "cat-file", "-t", intents[0].new) == "commit"


def test_a_worktree_deleted_by_others_is_taken_up_at_its_branch(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "src" / "a.py").write_text("precious\n")
    made = commit(git, lane, "Work", TRAILERS)
    assert isinstance(made, CommitMade)
    worktrees_module.delete_folder(lane.path)

    again = worktrees.add("t1", head)

    assert (again.path / "src" / "a.py").read_text() == "precious\n"
    assert plain(root, "rev-parse", again.branch) == made.sha


def test_a_users_prune_does_not_take_a_lane(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    lane = worktrees.add("t1", head)

    plain(root, "worktree", "prune", "--expire=now")
    plain(root, "worktree", "remove", "--force", str(lane.path), check=False)

    assert worktrees.find("t1") == lane
    assert plain(lane.path, "status", "--porcelain") == ""


def test_a_warm_lane_is_a_lane_like_any_other(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    worktrees.warm(2, head)
    worktrees.warm(2, head)
    pooled = sorted((worktrees.home / ".pool").iterdir())
    assert len(pooled) == 2

    lane = worktrees.add("t1", head)

    assert len(list((worktrees.home / ".pool").iterdir())) == 1
    assert plain(lane.path, "status", "--porcelain", "-b") == "## orchestra/lane/r1/t1"
    (lane.path / "src" / "a.py").write_text("x\n")
    assert isinstance(commit(git, lane, "Work", TRAILERS), CommitMade)


def test_a_warm_worktree_of_another_commit_is_not_used(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    worktrees.warm(1, head)
    (root / "src" / "a.py").write_text("newer\n")
    plain(root, "commit", "-qam", "newer")

    lane = worktrees.add("t1", plain(root, "rev-parse", "HEAD"))

    assert (lane.path / "src" / "a.py").read_text() == "newer\n"


def test_warming_moves_stale_worktrees_over_instead_of_making_new_ones(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    worktrees.warm(2, head)
    stale = sorted((worktrees.home / ".pool").iterdir())
    (root / "src" / "a.py").write_text("newer\n")
    (root / "src" / "b.py").unlink()
    plain(root, "commit", "-qam", "newer")
    newer = plain(root, "rev-parse", "HEAD")

    worktrees.warm(2, newer)

    assert sorted((worktrees.home / ".pool").iterdir()) == stale
    lane = worktrees.add("t1", newer)
    assert (lane.path / "src" / "a.py").read_text() == "newer\n"
    assert plain(lane.path, "status", "--porcelain") == ""
    assert worktrees.drain() == 1
    assert worktrees.find("t1") == lane


def test_a_pooled_worktree_whose_move_was_killed_is_never_given_out(git: Git, worktrees: Worktrees, head: str) -> None:
    worktrees.warm(1, head)
    slot = next((git.common_dir / "worktrees").iterdir())
    (slot / "index").rename(slot / "index.moving")

    lane = worktrees.add("t1", head)

    assert lane.git_dir != slot
    assert worktrees.drain() == 1


def test_ids_that_could_leave_their_place_are_refused(git: Git, worktrees: Worktrees, head: str) -> None:
    for bad in ("../x", "a/b", ".pool", "-x", "x.lock", "", "lane", "a..b", "a\nb"):
        with pytest.raises(GitFault):
            worktrees.add(bad, head)
