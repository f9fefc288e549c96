"""Reaching files below a handle, with links and other traps in the way."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.tools.folder import Folder
from engine.errors import ToolFault


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "lane"
    (place / "src").mkdir(parents=True)
    (place / "src/a.py").write_text("inside")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.py").write_text("canary")
    return place


@pytest.fixture
def folder(root: Path) -> Iterator[Folder]:
    with Folder(root) as opened:
        yield opened


@pytest.mark.parametrize("link", ["link", "link/a.py"])
def test_a_link_is_followed_neither_at_the_end_nor_on_the_way(folder: Folder, root: Path, link: str) -> None:
    (root / "link").symlink_to("../out/a.py" if link == "link" else "../out")
    parts = tuple(link.split("/"))
    with pytest.raises(ToolFault, match="symbolic link"):
        folder.read(parts, 100)
    with pytest.raises(ToolFault, match="symbolic link"):
        folder.write(parts, b"changed")
    assert (root.parent / "out/a.py").read_text() == "canary"


def test_a_link_that_stays_inside_names_its_target(folder: Folder, root: Path) -> None:
    (root / "link").symlink_to("src/a.py")
    with pytest.raises(ToolFault, match=r"to src/a\.py"):
        folder.read(("link",), 100)


@contextlib.contextmanager
def swapping(root: Path) -> Iterator[None]:
    """A command swaps `src` for a link to the outside, back and forth, as fast as it can."""
    stop = threading.Event()
    (root / "link").symlink_to("../out")

    def swap() -> None:
        while not stop.is_set():
            for old, new in (("src", "kept"), ("link", "src"), ("src", "link"), ("kept", "src")):
                # A write may have made `src` anew meanwhile.
                with contextlib.suppress(OSError):
                    os.rename(root / old, root / new)

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        yield
    finally:
        stop.set()
        racer.join()


def test_a_folder_swapped_for_a_link_at_any_moment_is_never_read_through(folder: Folder, root: Path) -> None:
    seen: set[str] = set()
    with swapping(root):
        for _ in range(5_000):
            try:
                seen.add(folder.read(("src", "a.py"), 100).decode())
            except (ToolFault, FileNotFoundError) as error:
                seen.add(type(error).__name__)
    assert "canary" not in seen
    assert "inside" in seen
    assert len(seen) > 1


def test_a_folder_swapped_for_a_link_at_any_moment_is_never_written_through(folder: Folder, root: Path) -> None:
    written = 0
    with swapping(root):
        for number in range(3_000):
            with contextlib.suppress(ToolFault, FileNotFoundError):
                folder.write(("src", f"{number}.py"), b"written")
                written += 1
    assert written
    assert os.listdir(root.parent / "out") == ["a.py"]


def test_a_root_that_is_moved_away_is_still_the_root(folder: Folder, root: Path) -> None:
    root.rename(root.parent / "moved")
    root.symlink_to("out")
    assert folder.read(("src", "a.py"), 100) == b"inside"


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_what_is_no_file_is_refused_without_waiting(
    folder: Folder, root: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "fifo":
        os.mkfifo(root / "odd")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(root)  # a socket's path is short
            server.bind("odd")
    else:
        try:
            os.mknod(root / "odd", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        except PermissionError:
            pytest.skip("only root makes devices")
    with pytest.raises(ToolFault, match="not a regular file"):
        folder.read(("odd",), 100)
    with pytest.raises(ToolFault, match="not a regular file"):
        folder.write(("odd",), b"x")


def test_a_write_keeps_the_mode_and_leaves_no_temporary_file(folder: Folder, root: Path) -> None:
    (root / "run.sh").write_text("old")
    (root / "run.sh").chmod(0o755)
    folder.write(("run.sh",), b"new")
    folder.write(("deep", "er", "new.txt"), b"new")
    assert stat.S_IMODE((root / "run.sh").stat().st_mode) == 0o755
    assert (root / "deep/er/new.txt").read_bytes() == b"new"
    assert sorted(os.listdir(root)) == ["deep", "run.sh", "src"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    folder: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        folder.write(("src", "a.py"), b"new")
    assert os.listdir(root / "src") == ["a.py"]
    assert (root / "src/a.py").read_text() == "inside"


def test_a_hard_link_is_not_written_through(folder: Folder, root: Path) -> None:
    os.link(root.parent / "out/a.py", root / "hard")
    folder.write(("hard",), b"new")
    assert (root.parent / "out/a.py").read_text() == "canary"


def test_walking_skips_git_and_caches_and_does_not_follow_links(folder: Folder, root: Path) -> None:
    for place in (".git/objects", "node_modules/x", "src/__pycache__"):
        (root / place).mkdir(parents=True)
        (root / place / "f").touch()
    (root / "loop").symlink_to(".")
    found = ["/".join(parts) for parts, _ in folder.walk(())]
    assert found == ["loop", "node_modules", "src", "src/__pycache__", "src/a.py"]


def test_descriptors_are_closed_whatever_happens(folder: Folder, root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    (root / "link").symlink_to("src")
    for parts in (("src", "a.py"), ("link", "x"), ("src",), ("no", "such"), ("src", "a.py", "x")):
        try:
            folder.read(parts, 3)
        except (ToolFault, OSError):
            continue
    next(folder.walk(()))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_over_the_limit_says_what_to_do_instead(folder: Folder) -> None:
    with pytest.raises(ToolFault, match="use search, or run_command"):
        folder.read(("src", "a.py"), 3)
