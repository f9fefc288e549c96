"""A lane's folder goes away whatever a command did to it, and what cannot go away stops nobody."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engine.git import worktrees

NOBODY = 65534


def test_folders_that_a_command_closed_to_everybody_are_deleted() -> None:
    with TemporaryDirectory() as home:
        os.chmod(home, 0o777)
        child = os.fork()
        if child == 0:
            os._exit(_leave_and_delete(Path(home, "lane")))
        assert os.waitpid(child, 0)[1] == 0
        assert os.listdir(home) == []


def _leave_and_delete(lane: Path) -> int:
    """In a child: root may list anything, so the deletion is made by somebody else."""
    try:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        (lane / "closed" / "deeper").mkdir(parents=True)
        (lane / "closed" / "deeper" / "file").write_text("x")
        (lane / "link").symlink_to("/")
        for folder, mode in ((lane / "closed" / "deeper", 0), (lane / "closed", 0), (lane, 0o500)):
            folder.chmod(mode)
        worktrees.delete_folder(lane)
    except OSError as error:
        return error.errno or 1
    return 0


def test_trash_that_cannot_be_deleted_does_not_keep_an_engine_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = worktrees.delete_folder

    def refuse_one(path: Path) -> None:
        if path.name == "theirs":
            raise PermissionError(13, "not yours", str(path))
        delete(path)

    monkeypatch.setattr(worktrees, "delete_folder", refuse_one)
    for name in ("theirs", "ours"):
        (tmp_path / worktrees.TRASH / name).mkdir(parents=True)
    worktrees.empty_trash(tmp_path)
    assert os.listdir(tmp_path / worktrees.TRASH) == ["theirs"]
