"""The real `watch`: a change starts a flow, a landing of ours starts nothing, nothing starts twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import StoreMissing
from engine.store.reader import LogReader
from engine.words import TaskId
from tests.e2e import scenes
from tests.e2e.world import World, call, until

QUICK = ("--quiet", "0.3", "--poll", "600")


def prepared(world: World) -> tuple[str, ...]:
    """A repository, a plan and a script; the words that play them."""
    words = scenes.set_up(world, ("one",))
    world.write({"src/a.py": "a = 1\n", ".gitignore": "*.log\n"})
    world.git("add", "-A")
    world.git("commit", "-qm", "source")
    return (*words, "--yes", "--json")


def runs(world: World) -> list[str]:
    try:
        with LogReader(world.places.store) as reader:
            return [span.run for span in reader.runs() if span.run]
    except StoreMissing:
        return []


class Watching:
    """A `watch` that runs, and what it says."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self.process = process
        self._said = said

    def told(self, what: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has said something so many times."""

        def look() -> list[dict[str, Any]]:
            assert self.process.poll() is None, self._said.read_text()
            lines = [json.loads(line) for line in self._said.read_text().splitlines() if line.endswith("}")]
            found = [line for line in lines if line["what"] == what]
            return found if len(found) >= count else []

        return until(look)


@contextmanager
def watch(world: World, *words: str) -> Iterator[Watching]:
    """Run `orchestra-tui watch` in the background; Ctrl-C at the end."""
    said = world.home / "said.jsonl"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tui", "watch", *words],
            cwd=world.root,
            env=world.env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        yield Watching(process, said)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_a_changed_file_starts_a_flow_and_the_same_content_does_not_start_it_again(world: World) -> None:
    words = (*prepared(world), *QUICK, "--on-change", "src/**", "--goal", "mend it")

    with watch(world, *words) as watching:
        watching.told("looked")
        world.write({"src/b.log": "ignored\n", "README": "not watched\n"})
        world.write({"src/a.py": "a = 2\n"})
        started = watching.told("started")
        over = watching.told("over")
        world.write({"src/a.py": "a = 1\n"})
        watching.told("over", 2)
        world.write({"src/a.py": "a = 2\n"})
        watching.told("again")
    with watch(world, *words) as watching:
        watching.told("watching")
        world.write({"src/a.py": "a = 3\n"})
        watching.told("over")

    assert started[0]["run"] == "r1"
    assert over[0]["words"].startswith("proven")
    assert world.state("r1").goal == "mend it\n\nFiles that changed: src/a.py"
    assert runs(world) == ["r1", "r2", "r3"]


def test_a_storm_of_changes_is_one_run_and_one_more(world: World) -> None:
    words = (*prepared(world), *QUICK, "--on-change", "src/**", "--goal", "mend it")

    with watch(world, *words) as watching:
        watching.told("looked")
        for number in range(2_000):
            world.write({f"src/new/deep/{number}.py": "x = 1\n"})
        watching.told("over")
        world.write({"src/new/deep/0.py": "x = 2\n"})
        watching.told("over", 2)

    assert 2 <= len(runs(world)) <= 3


def test_a_commit_of_a_person_starts_a_flow_and_a_landing_does_not(world: World) -> None:
    words = (*prepared(world), *QUICK, "--on-commit", "--goal", "review it")

    with watch(world, *words) as watching:
        watching.told("looked")
        world.write({"src/a.py": "a = 2\n"})
        world.git("commit", "-qam", "by a person")
        watching.told("over")
        assert world.run("land", "r1").code == 0
        watching.told("ours")
        assert runs(world) == ["r1"]


def test_once_takes_the_briefs_that_lie_there_and_leaves(world: World) -> None:
    words = prepared(world)
    inbox = world.home / "inbox"
    inbox.mkdir()
    (inbox / "a.md").write_text("---\nflow: build\n---\nMend $(touch /tmp/x) it\n")
    (inbox / "b.md").write_text("---\nflow: nobody-knows\n---\nMend it too\n")

    first = world.run("watch", "--once", "--inbox", str(inbox), *words)
    second = world.run("watch", "--once", "--inbox", str(inbox), *words)

    assert first.code == second.code == 0, first.err + second.err
    assert [line["what"] for line in first.events] == ["started", "over", "refused"]
    assert second.events == []
    assert runs(world) == ["r1"]
    assert world.state("r1").goal == "Mend $(touch /tmp/x) it"
    assert (inbox / "done" / "r1-a.md").exists()
    assert "nobody-knows" in (inbox / "refused" / "b.md.reason.txt").read_text()


def test_a_run_whose_engine_was_killed_is_gone_on_with(world: World) -> None:
    words = scenes.set_up(world, ("one",), {"one": scenes.talks(6, 40, delay_s=0.03)})

    with watch(world, *words, "--yes", "--json", *QUICK, "--on-commit", "--goal", "review it") as watching:
        watching.told("looked")
        world.git("commit", "-qm", "by a person", "--allow-empty")
        watching.told("started")
        world.wait_for(lambda run: run.tasks[TaskId("one")].attempt)
        world.engine_process().kill()
        over = watching.told("over")

    assert over[0]["words"].startswith("proven")
    assert runs(world) == ["r1"]
    assert world.state().resumed


def test_a_run_that_asks_says_so(world: World) -> None:
    ask = call("run_command", "I want to look it up.", command="echo postage", network=True)
    words = scenes.set_up(world, ("one",), {"one": [ask]})

    with watch(world, *words, "--json", *QUICK, "--on-commit", "--goal", "review it") as watching:
        watching.told("looked")
        world.git("commit", "-qm", "by a person", "--allow-empty")
        (asks,) = watching.told("asks")
        assert asks["run"] == "r1"
        assert "dashboard" in asks["words"]


def test_a_repository_s_triggers_wait_for_trust(world: World) -> None:
    prepared(world)
    world.write({".orchestra/triggers.yaml": "triggers:\n  a: {on_commit: true, goal: go}\n"})

    untrusted = world.run("watch", "--once")
    trusted = world.run("watch", "--trust")
    used = world.run("watch", "--once", "--json")

    assert untrusted.code == 2
    assert "not trusted yet" in untrusted.err
    assert trusted.code == 0, trusted.err
    assert [line["what"] for line in used.events] == ["looked"]


def test_two_watches_of_one_repository_do_not_get_in_each_other_s_way(world: World) -> None:
    words = (*prepared(world), *QUICK, "--on-change", "src/**", "--goal", "mend it")

    with watch(world, *words) as watching:
        watching.told("looked")
        other = world.run("watch", *words)

    assert other.code == 2
    assert "watched already" in other.err
