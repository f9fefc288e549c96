"""How fast lanes stand ready and land, beside plain git doing the same without any promise.

`python -m tests.benchmarks.bench_worktrees` prints the table; `pytest -m benchmark` asserts the ratios.
The floor of lanes is `git worktree add` eight times, one after the other, on a packed repository of 3,000 files.
The floor of landing is `git merge-tree --write-tree`, `git commit-tree` and `git update-ref` for each branch: it
checks nothing and names no program away. Everything lies in memory where the system has /dev/shm: on a disk, what was
deleted a moment ago slows what is created now, and that would be measured instead.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pytest

from engine.git.commits import commit
from engine.git.conflicts import overlaps
from engine.git.gateway import Git
from engine.git.landing import land, start_result
from engine.git.repository import open_repository
from engine.git.worktrees import Worktrees
from tests.benchmarks.floor import Comparison, compare

FILES = 3_000
LANES = [f"t{number}" for number in range(8)]
PAIRS = 2
SELF = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def plain(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *SELF, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


@contextmanager
def repository(files: int = FILES) -> Iterator[Git]:
    """A packed repository in memory, folders seven deep in places, about 1 kB a file."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        root = Path(folder, "repo")
        for number in range(files):
            path = root / f"package{number % 60}" / "/".join("abcdef"[: number % 7]) / f"module{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"value_{number}_{line} = {line * number}\n" for line in range(40)))
        plain(root, "init", "-q")
        plain(root, "add", "-A")
        plain(root, "commit", "-qm", "start")
        plain(root, "gc", "-q")
        yield open_repository(root)


def measure_lanes(git: Git, *, is_warm: bool, pairs: int = PAIRS) -> Comparison:
    """Seconds until eight lanes have all their files, beside eight serial `git worktree add`."""
    head = git.text("rev-parse", "HEAD")
    state = git.root.parent / ("warm" if is_warm else "cold")
    numbers = count()

    def ours() -> float:
        worktrees = Worktrees(git, state, f"{state.name}{next(numbers)}")
        if is_warm:
            worktrees.warm(len(LANES), head)
        started = time.perf_counter()
        worktrees.add_all(LANES, head)
        return time.perf_counter() - started

    def floor() -> float:
        turn = next(numbers)
        started = time.perf_counter()
        for lane in LANES:
            name = f"{state.name}{turn}-{lane}"
            plain(git.root, "worktree", "add", "-q", "-b", name, str(git.root.parent / name))
        return time.perf_counter() - started

    return compare(ours, floor, pairs)


def measure_landing(git: Git, pairs: int = 3) -> Comparison:
    """Seconds to land eight branches, beside merge-tree, commit-tree and update-ref for each."""
    head = git.text("rev-parse", "HEAD")
    worktrees = Worktrees(git, git.root.parent / "land", "land")
    tips = []
    for number, lane in enumerate(worktrees.add_all(LANES, head)):
        (lane.path / "package1" / f"lane{number}.py").write_text("done = True\n")
        commit(git, lane, "Work", {"Run": "land"})
        tips.append(git.text("rev-parse", lane.branch))
    numbers = count()

    def ours() -> float:
        branch = start_result(git, f"land{next(numbers)}", head)
        started = time.perf_counter()
        for tip in tips:
            land(git, branch, tip, "Land", {"Run": "land"})
        return time.perf_counter() - started

    def floor() -> float:
        old = head
        started = time.perf_counter()
        for tip in tips:
            tree = plain(git.root, "merge-tree", "--write-tree", old, tip)
            old = plain(git.root, "commit-tree", "-p", old, "-p", tip, "-m", "Land", tree)
            plain(git.root, "update-ref", "refs/heads/floor", old)
        return time.perf_counter() - started

    return compare(ours, floor, pairs)


def measure_radar_s(git: Git) -> float:
    """Seconds for one look at all 28 pairs of eight lanes."""
    tips = {lane: f"refs/heads/orchestra/lane/land/{lane}" for lane in LANES}
    started = time.perf_counter()
    overlaps(git, tips)
    return time.perf_counter() - started


@pytest.mark.benchmark
def test_eight_cold_lanes_are_ready_sooner_than_eight_serial_adds() -> None:
    with repository() as git:
        assert measure_lanes(git, is_warm=False).ratio <= 1.1


@pytest.mark.benchmark
def test_eight_warm_lanes_cost_a_quarter_of_eight_serial_adds_at_most() -> None:
    with repository() as git:
        assert measure_lanes(git, is_warm=True).ratio <= 0.25


@pytest.mark.benchmark
def test_landing_with_all_its_promises_costs_five_times_the_bare_plumbing_at_most() -> None:
    with repository(300) as git:
        assert measure_landing(git).ratio <= 5.0


def main() -> None:
    """Print the table."""
    with repository() as git:
        for name, is_warm in (("8 lanes, cold", False), ("8 lanes, from the warm pool", True)):
            found = measure_lanes(git, is_warm=is_warm)
            print(found.line(name, len(LANES), "lanes"), f"  {median(found.subject_s):.3f} s")
        found = measure_landing(git)
        print(found.line("8 landings", len(LANES), "merges"), f"  {median(found.subject_s):.3f} s")
        print(f"radar over 8 lanes (28 pairs): {measure_radar_s(git):.3f} s")


if __name__ == "__main__":
    main()
