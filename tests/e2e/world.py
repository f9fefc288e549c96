"""A private world for one test: state, configuration, cache, home and repository, and the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from engine.clock import SystemClock
from engine.errors import StoreMissing
from engine.evolve import fold
from engine.git.repository import open_repository
from engine.journal import history_of
from engine.launch import spawn
from engine.places import Places, places_for
from engine.state import Lane, Run, Task
from engine.store.commands import send
from engine.store.lease import holder
from engine.store.reader import LogReader
from engine.store.rows import EventRow
from engine.words import RunId, TaskId
from tui.cli.options import run_parser
from tui.cli.wish import start_wish

SOURCE = Path(__file__).resolve().parents[2]
T = TypeVar("T")
PATIENCE_S = 60.0
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class World:
    """Everything one test touches."""

    home: Path
    name: str = "repo"
    extra: dict[str, str] = field(default_factory=dict)
    engines: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _places: Places | None = None

    @property
    def root(self) -> Path:
        """The repository."""
        return self.home / "work" / self.name

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process of this world; nothing of the developer's own gets in."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home / "home"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONPATH": str(SOURCE),
            "LANG": "C.UTF-8",
            **self.extra,
        }

    @property
    def places(self) -> Places:
        """Where the repository's state is."""
        if self._places is None:
            with surroundings(self.env):
                git = open_repository(self.root)
                self._places = places_for(git.root, git.common_dir)
        return self._places

    # -- git, plain ------------------------------------------------------------------------------------------------

    def git(self, *words: str, folder: Path | None = None) -> str:
        """The user's own git."""
        done = subprocess.run(
            ["git", *WHO, *words],
            cwd=folder or self.root,
            env=self.env,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def make_repository(self, files: Mapping[str, str]) -> None:
        """A repository with one commit on main."""
        (self.home / "home").mkdir(parents=True, exist_ok=True)
        self.root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-qm", "start")

    def write(self, files: Mapping[str, str]) -> None:
        """Put files into the checkout."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Refs and what they point to."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", *prefixes).splitlines()
        return dict(line.split(" ") for line in lines)

    # -- the command line ------------------------------------------------------------------------------------------

    def start(self, *words: str, folder: Path | None = None, **more: Any) -> subprocess.Popen[str]:
        """Start `orchestra-tui WORDS` in the repository."""
        return subprocess.Popen(
            [sys.executable, "-m", "tui", *words],
            cwd=folder or self.root,
            env=self.env,
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def run(self, *words: str, folder: Path | None = None, stdin: str | None = None, timeout_s: float = 60.0) -> Done:
        """Run `orchestra-tui WORDS` to its end."""
        process = self.start(*words, folder=folder, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        try:
            out, err = process.communicate(stdin, timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{words} did not end in {timeout_s} s:\n{out}\n{err}") from None
        return Done(process.returncode, out, err)

    # -- the engine ------------------------------------------------------------------------------------------------

    def wish(self, *words: str) -> dict[str, Any]:
        """What `orchestra-tui run WORDS` would send."""
        options = run_parser().parse_args(list(words))
        return start_wish(options, options.goal, is_unattended=options.yes)

    def send(self, kind: str, payload: Mapping[str, object], run: str = "") -> str:
        """Queue a wish without the command line."""
        return send(self.places.store, run, kind, payload, SystemClock())

    def engine(self, entry: str = "agents", *arguments: str) -> subprocess.Popen[bytes]:
        """Start an engine and wait until it holds the lease or is dead."""
        places = self.places
        places.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with surroundings(self.env):
            process = spawn(places, entry, arguments)
        self.engines.append(process)
        until(lambda: process.poll() is not None or holder(places.store))
        return process

    def stop_engine(self) -> None:
        """End the engine, gently, and wait until it is gone."""
        for engine in self.engines:
            if engine.poll() is None:
                engine.terminate()
            engine.wait(PATIENCE_S)
        row = holder(self.places.store)
        if row is not None and row.pid:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(row.pid)
                process.terminate()
                until(lambda: has_ended(process))

    # -- what happened ---------------------------------------------------------------------------------------------

    def rows(self, run: str = "r1") -> list[EventRow]:
        """A run's events."""
        with LogReader(self.places.store) as reader:
            return list(reader.events(run))

    def kinds(self, run: str = "r1") -> list[str]:
        """The kinds of a run's events."""
        return [row.kind for row in self.rows(run)]

    def state(self, run: str = "r1") -> Run:
        """A run as its log tells it."""
        return fold(RunId(run), history_of(self.rows(run)))

    def last_kind(self, run: str = "r1") -> str:
        """The kind of a run's newest event; empty when there is none."""
        try:
            with LogReader(self.places.store) as reader:
                spans = {span.run: span.last_seq for span in reader.runs()}
                return reader.events(run, spans[run] - 1)[0].kind
        except (KeyError, StoreMissing):
            return ""

    def wait_for(self, is_so: Callable[[Run], object], run: str = "r1", timeout_s: float = PATIENCE_S) -> Run:
        """Wait until a run's state satisfies a condition; a task or lane that is not there yet does not."""

        def look() -> Run | None:
            with suppress(StoreMissing, KeyError):
                state = self.state(run)
                return state if is_so(state) else None
            return None

        return until(look, timeout_s)

    def engine_process(self) -> psutil.Process:
        """The engine that lives."""
        row = until(lambda: holder(self.places.store))
        return psutil.Process(row.pid)

    def processes(self) -> list[psutil.Process]:
        """Every living process that belongs to this world: by its environment, arguments or folder."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        mark = str(self.home)
        if process.pid == os.getpid():
            return False
        if has_ended(process):
            return False
        try:
            told = [*process.cmdline(), process.cwd(), process.environ().get("XDG_STATE_HOME", "")]
        except psutil.Error:
            return False
        return any(mark in text for text in told)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is over, also when nobody has asked for its exit code yet."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def task(run: Run, name: str) -> Task:
    """A task by its name."""
    return run.tasks[TaskId(name)]


def lane(run: Run, name: str) -> Lane:
    """A lane by its task's name."""
    return run.lanes[TaskId(name)]


def until(look: Callable[[], T | None], timeout_s: float = PATIENCE_S) -> T:
    """Ask again and again until the answer is true.

    Raises: AssertionError after the time.
    """
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain"
        time.sleep(0.05)
    return found


@contextmanager
def surroundings(env: Mapping[str, str]) -> Iterator[None]:
    """Be in another environment for a moment: the code under test reads it when it starts processes."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def turns(*said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turns of a script."""
    return [dict(turn) for turn in said]


def call(tool: str, text: str = "", **arguments: Any) -> dict[str, Any]:
    """A turn that calls one tool."""
    return {"text": text, "tool": {"name": tool, "arguments": arguments}}


def entry(agent: str, *said: Mapping[str, Any], task: str = "", attempt: int = 0) -> dict[str, Any]:
    """A scripted conversation."""
    named: dict[str, Any] = {"agent": agent, "turns": turns(*said)}
    return named | ({"task": task} if task else {}) | ({"attempt": attempt} if attempt else {})


def script(entries: Sequence[Mapping[str, Any]], **models: Mapping[str, Any]) -> str:
    """A script file's text; JSON is YAML."""
    return json.dumps({"models": models or {"small": {"slots": 4}}, "entries": list(entries)})
