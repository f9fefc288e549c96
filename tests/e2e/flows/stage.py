"""A whole run inside one process: the real composition, scheduler, journal and git, on a scratch repository.

    async with stage(folder, scene) as here:
        run = await here.play()

Only two things are not the product's: the log is in memory, so that a test can cut it anywhere, and commands run
without walls, their output remembered for the same command on the same files.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agents.compose import Composition
from agents.flow_file import built_in_flows, parse_flow
from engine import events as e
from engine.attempt import Attempts
from engine.checker import Checker
from engine.clock import Clock
from engine.codec import decode
from engine.errors import StoreFault
from engine.event import Event
from engine.flow import Flow
from engine.git.repository import open_repository
from engine.journal import Journal
from engine.landing import Landings
from engine.places import Places
from engine.sandbox.sandbox import CommandResult, CommandSpec, OnOutput, SandboxTier
from engine.scheduler import Scheduler, resume
from engine.seats import Seats
from engine.state import Approval, Repository, Run
from engine.store.rows import CommandReceipt, EventDraft
from engine.threads import in_thread
from engine.wishes import Granted, grant
from engine.words import AgentCard, CheckSpec, RunId, RunOutcome, TaskId
from engine.workspace import CheckLanes, Workspace
from tests.e2e.world import WHO
from tests.stubs.ledger import MemoryLedger

RUN = RunId("r1")
SMALL = {"small": {"slots": 8}, "big": {"slots": 8, "large": True}}
Said = Mapping[str, Any]
_READ_BY = re.compile(r"read by `.*(?=, in run)")


@dataclass(frozen=True)
class Scene:
    """A flow with everything that is said and asked in one run of it, and how the run must end."""

    flow: str
    """The name of a flow that ships, or the YAML of one."""
    goal: str
    entries: Sequence[Said]
    files: Mapping[str, str | bytes] = field(default_factory=lambda: {"README.md": "# The shop\n"})
    check: CheckSpec | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What the person says, by the form of the question or `form task`."""
    items: Sequence[str] = ()
    """Globs of files to go over."""
    is_unattended: bool = False
    outcome: RunOutcome = RunOutcome.CLAIMED
    asked: Sequence[str] = ()
    """The forms of the questions, in the order they were asked."""
    states: Mapping[str, str] = field(default_factory=dict)
    """Tasks that do not end as done, with their state."""
    tasks: int = 0
    """How many tasks there are in the end."""
    final: Mapping[str, str] = field(default_factory=dict)
    """Files that the run's branch has in another form than the base, whole."""
    order: Sequence[tuple[str, str]] = ()
    """Pairs of tasks of which the first settles before the second starts."""
    models: Mapping[str, Any] = field(default_factory=lambda: SMALL)
    lanes: int = 8

    def script(self) -> dict[str, Any]:
        """The script that plays it."""
        return {"models": self.models, "entries": list(self.entries)}

    def as_flow(self) -> Flow:
        """The flow itself."""
        return parse_flow(self.flow) if "\n" in self.flow else built_in_flows()[self.flow]


class RememberingSandbox:
    """Runs commands as plain processes; the same command on the same files says the same and is run once."""

    needs_approval = False
    tier = SandboxTier("A", "memory", "for tests")

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], tuple[int, str]] = {}
        self.ran: list[str] = []

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        """Run one command, or say again what it said."""
        return await in_thread(self._run, spec)

    def _run(self, spec: CommandSpec) -> CommandResult:
        key = (str(spec.command), _files_digest(spec.cwd))
        if key not in self.known:
            self.ran.append(key[0])
            done = subprocess.run(
                spec.argv, cwd=spec.cwd, capture_output=True, timeout=20, stdin=subprocess.DEVNULL, check=False,
                env={"PATH": "/usr/bin:/bin", "HOME": str(spec.cwd), "PYTHONDONTWRITEBYTECODE": "1"},
            )  # fmt: skip
            self.known[key] = done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")
        code, output = self.known[key]
        digest = hashlib.sha256(output.encode()).hexdigest()
        return CommandResult(code, output, False, 0.0, False, False, digest, len(output))


def _files_digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".git" not in path.relative_to(root).parts:
            found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


class MortalLedger(MemoryLedger):
    """A log that is lost at one append: just before it is written, or just after."""

    def __init__(self, dies_at: int = 0, *, is_before: bool = False) -> None:
        super().__init__()
        self.left = dies_at
        self.is_before = is_before

    async def record(self, events: Sequence[EventDraft], receipts: Sequence[CommandReceipt] = ()) -> range:
        """Keep facts, unless this is the end."""
        self.left -= 1
        if self.left == 0 and self.is_before:
            self.is_broken = True
        seqs = await super().record(events, receipts)
        if self.left == 0:
            self.is_broken = True
            raise StoreFault(Path("memory"), "killed here")
        return seqs


@dataclass
class Stage:
    """One scene on one repository; it can be played, cut off and resumed."""

    scene: Scene
    folder: Path
    clock: Clock
    composition: Composition
    wish: dict[str, Any]
    sandbox: RememberingSandbox
    places: Places
    ledger: MortalLedger = field(default_factory=MortalLedger)
    run: Run = field(default_factory=lambda: Run(RUN))
    epoch: int = 1

    async def play(self) -> Run:
        """Start the run and play it to its end.

        Raises: StoreFault, in a group, where the log was lost.
        """
        journal = Journal(self.ledger, self.clock, Run(RUN))
        started = await self.composition.open(self.wish, Repository())
        await journal.record(replace(started, roster={name: _seated(card) for name, card in started.roster.items()}))
        return await self._on_with(journal)

    async def go_on(self) -> Run:
        """Resume the run from its log, as another engine would."""
        rows = self.ledger.rows
        self.ledger = MortalLedger()
        self.ledger.rows = rows
        if not rows:
            return await self.play()
        self.epoch += 1
        journal = Journal.from_rows(self.ledger, self.clock, RUN, rows)
        if not journal.run.is_over:
            await resume(journal, self.epoch)
        return await self._on_with(journal)

    async def _on_with(self, journal: Journal) -> Run:
        git = open_repository(self.folder / "repo")
        workspace = Workspace(git, self.places.lanes, RUN)
        lanes = CheckLanes(workspace)
        agent = self.composition.agent(journal.run, Repository())
        attempts = Attempts(journal, workspace, agent, Seats(), self.sandbox, self.clock)
        scheduler = Scheduler(journal, attempts, Landings(journal, workspace, Checker(lanes, self.sandbox)))
        try:
            async with asyncio.TaskGroup() as group:
                person = group.create_task(self._answer(journal))
                await scheduler.play()
                person.cancel()
            await lanes.close()
        finally:
            self.run = journal.run
        return self.run

    async def _answer(self, journal: Journal) -> None:
        """The person: says what the scene has them say, as soon as they are asked."""
        while True:
            asked = (await journal.until(lambda run: bool(run.open_approvals()))).open_approvals()[0]
            reply = grant(journal.run, "answer", {"approval": asked.approval, "answer": self._said(asked)})
            assert isinstance(reply, Granted), reply
            await journal.record(*reply.events)

    def _said(self, asked: Approval) -> str:
        said = self.scene.answers.get(f"{asked.form} {asked.task}", self.scene.answers.get(asked.form))
        assert said is not None, f"nobody expected {asked.form} about {asked.task}: {asked.title}: {asked.why}"
        return said

    # -- what happened ---------------------------------------------------------------------------------------------

    def events(self) -> list[tuple[Event, float]]:
        """The log."""
        found = ((decode(row.kind, row.payload), row.at) for row in self.ledger.rows)
        return [(event, at) for event, at in found if event is not None]

    def git(self, *words: str) -> str:
        """Plain git in the repository."""
        done = subprocess.run(
            ["git", *words], cwd=self.folder / "repo", capture_output=True, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.decode("utf-8", "surrogateescape")

    def changed(self) -> dict[str, str]:
        """The files of the run's branch that the base has not, or not so."""
        if not self.run.head or self.run.head == self.run.base_commit:
            return {}
        names = self.git("diff", "--name-only", self.run.base_commit, self.run.head).split()
        # Which model spoke is another one on every wire.
        return {name: _READ_BY.sub("read by MODEL", self.git("show", f"{self.run.head}:{name}")) for name in names}

    def remnants(self) -> list[str]:
        """Branches, refs and worktrees that are left beside the run's branch and the user's own."""
        refs = self.git("for-each-ref", "--format=%(refname)").split()
        trees = [line for line in self.git("worktree", "list", "--porcelain").splitlines() if line[:9] == "worktree "]
        return [ref for ref in refs if ref not in ("refs/heads/main", "refs/heads/orchestra/r1")] + trees[1:]


def _seated(card: AgentCard) -> AgentCard:
    """The test's servers answer everybody at once, whatever is assumed of a local one."""
    return replace(card, ladder=tuple(replace(rung, slots=8) for rung in card.ladder))


def make_repository(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A repository with one commit on main."""
    root = folder / "repo"
    root.mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*WHO, "commit", "-qm", "start")):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return root


@asynccontextmanager
async def stage(
    folder: Path,
    scene: Scene,
    clock: Clock,
    *,
    models: Sequence[str] = (),
    ledger: MortalLedger | None = None,
    sandbox: RememberingSandbox | None = None,
) -> AsyncIterator[Stage]:
    """Everything that a run of a scene needs.

    In: models, `provider/name` of real servers to use instead of the script in this process.
    """
    root = make_repository(folder, scene.files)
    places = Places(root, folder / "state")
    places.home.mkdir(exist_ok=True)
    commands = sandbox or RememberingSandbox()
    composition = Composition(places, open_repository(root), commands, clock)
    wish = _wish(scene, folder, models)
    try:
        yield Stage(scene, folder, clock, composition, wish, commands, places, ledger or MortalLedger())
    finally:
        await composition.aclose()


def _wish(scene: Scene, folder: Path, models: Sequence[str]) -> dict[str, Any]:
    wish: dict[str, Any] = {"goal": scene.goal, "lanes": scene.lanes, "unattended": scene.is_unattended}
    name = scene.as_flow().name
    wish |= {"flow": name, "files": list(scene.items)}
    if "\n" in scene.flow:
        wish["flow_file"] = {"name": name, "path": f"{name}.yaml", "text": scene.flow}
    if scene.check:
        wish["check"] = {"run": scene.check.run, "metric": scene.check.metric, "want": scene.check.want}
    if models:
        return wish | {"models": {word: list(models) for word in ("quick", "large", "cloud", "inherit")}}
    script = folder / "script.json"
    script.write_text(json.dumps(scene.script()))
    return wish | {"script": str(script)}


def assert_ended_as_told(here: Stage) -> None:
    """The run ended as its scene says: outcome, tasks, files, order, and nothing left behind."""
    scene, run = here.scene, here.run
    told = {task.spec.task: f"{task.state}: {task.reason}" for task in run.tasks.values()}
    assert run.is_over, told
    assert run.outcome is scene.outcome, (run.reason, told)
    states = {task.spec.task: str(task.state) for task in run.tasks.values() if str(task.state) != "done"}
    assert states == dict(scene.states), told
    assert not scene.tasks or len(run.tasks) == scene.tasks, told
    assert here.changed() == dict(scene.final)
    asked = [event.form for event, _ in here.events() if isinstance(event, e.ApprovalAsked)]
    assert asked == list(scene.asked)
    for first, second in scene.order:
        assert settled_at(here, first) < started_at(here, second), f"{first} before {second}"


def started_at(here: Stage, task: str) -> int:
    """Where in the log a task first starts."""
    events = (event for event, _ in here.events())
    return next(n for n, event in enumerate(events) if isinstance(event, e.TaskStarted) and event.task == task)


def settled_at(here: Stage, task: str) -> int:
    """Where in the log a task settles for the last time."""
    ends = (e.TaskDone, e.TaskFailed, e.TaskSkipped, e.TaskCancelled)
    return max(
        n for n, (event, _) in enumerate(here.events()) if isinstance(event, ends) and event.task == TaskId(task)
    )
