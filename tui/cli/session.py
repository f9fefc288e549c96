"""One repository as the terminal sees it: where its log is, how wishes are sent, whether an engine lives.

Implements `tui.conductor.Conductor`, so the dashboard and the command line use the same door.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.clean import clean_line
from engine.clock import SystemClock
from engine.errors import OrchestraError, UserFault
from engine.launch import ensure_engine, is_alive
from engine.places import Places
from engine.store.commands import send, status
from engine.store.reader import LogReader
from engine.store.rows import CommandRow
from tui.cli.scratch import demo_wish, make_scratch_repository, remove_scratch_repository
from tui.cli.whereabouts import Whereabouts, find_repository
from tui.conductor import FirstRunReport, PlanText

RECEIPT_TIMEOUT_S = 300.0
"""A start may have to load a model before it can say yes."""
_PAUSE_S = 0.02
_LOOKS = 50


class Session:
    """A repository's log, engine and wishes."""

    def __init__(self, found: Whereabouts, options: Mapping[str, Any] | None = None, run: str | None = None) -> None:
        self.places: Places = found.places
        self.repository = found.places.root.name
        self.branch = found.branch
        self.store_path = found.places.store
        self.run_id = run
        self._options = dict(options or {})
        self._clock = SystemClock()
        self._is_demo = False

    @classmethod
    def of_demo(cls, speed: float) -> Session:
        """The session of a scratch repository in which the demo's run has just started."""
        session = cls.at(make_scratch_repository())
        session._is_demo = True
        try:
            session.run_id = session.ask("", "start", demo_wish(speed))
        except BaseException:
            session.forget_demo()
            raise
        return session

    @classmethod
    def at(cls, path: Path, options: Mapping[str, Any] | None = None, run: str | None = None) -> Session:
        """The session of the repository around a folder.

        Raises: RepositoryFault when there is none.
        """
        return cls(find_repository(path), options, run)

    def start(self, goal: str, flow: str = "auto") -> str:
        """Wish for a run with the options given on the command line; the command's id."""
        self.refuse_unusable()
        wish = {**self._options, "goal": goal}
        if flow != "auto" or not wish.get("flow"):
            wish["flow"] = flow
        return self.send("", "start", wish)

    def send(self, run: str, kind: str, payload: Mapping[str, object]) -> str:
        """Send a wish and make sure that an engine hears it."""
        if kind == "start":
            # The engine may have been started from another worktree of the same repository.
            payload = {**payload, "root": str(self.places.root)}
        self.ensure_engine()
        return send(self.store_path, run, kind, payload, self._clock)

    def ask(self, run: str, kind: str, payload: Mapping[str, object]) -> str:
        """Send a wish and wait for its receipt.

        Out:     the receipt.
        Raises:  UserFault with the reason when it is refused, or when nobody answers.
        """
        return self.receipt(self.send(run, kind, payload))

    def trust(self, place: str, digest: str) -> None:
        """Trust a file of the repository with exactly this content, and say so.

        Raises: UserFault as `ask` does.
        """
        self.ask("", "trust_file", {"path": place, "digest": digest})
        print(f"{clean_line(place)} is trusted as it is now; a change makes it untrusted again.")

    def receipt(self, command: str) -> str:
        """Wait until a command is settled."""
        deadline = time.monotonic() + RECEIPT_TIMEOUT_S
        with LogReader(self.store_path) as reader:
            while time.monotonic() < deadline:
                row = reader.command(command)
                if row is not None and row.status == "acknowledged":
                    return row.receipt
                if row is not None and row.status == "refused":
                    raise _refusal(row.receipt)
                self._wait(reader)
        raise UserFault("The engine does not answer.", remedy=f"See {self.places.engine_log}")

    def _wait(self, reader: LogReader) -> None:
        """Sleep until somebody wrote something, a second at the most; then make sure that somebody can."""
        for _ in range(_LOOKS):
            if reader.changed():
                return
            time.sleep(_PAUSE_S)
        self.ensure_engine()

    def status(self, command: str) -> CommandRow | None:
        """What became of a command."""
        return status(self.store_path, command)

    def ensure_engine(self) -> None:
        """Start an engine when none lives."""
        ensure_engine(self.places)

    def engine_alive(self) -> bool:
        """Whether an engine owns the repository."""
        return is_alive(self.places)

    def refuse_unusable(self) -> None:
        """Look closely at the repository before anything is started.

        Raises: RepositoryFault with what to do.
        """
        from engine.git.repository import inspect

        inspect(self.places.root)

    def first_run_report(self) -> FirstRunReport:
        """What is there and what is missing."""
        from tui.cli.findings import first_run_report

        return first_run_report()

    def start_demo(self) -> str:
        """Start the demo on a scratch repository; the path of its store, which this session then is about."""
        demo = Session.of_demo(1.0)
        self.places, self.store_path, self.run_id = demo.places, demo.store_path, demo.run_id
        self.repository, self.branch, self._is_demo = demo.repository, demo.branch, True
        return str(self.store_path)

    def forget_demo(self) -> None:
        """Stop the demo's engine and remove its scratch repository, if this session is about one."""
        if not self._is_demo:
            return
        if self.engine_alive():
            self.ask("", "stop_engine", {})
        remove_scratch_repository(self.places.root, self.places.home)
        self._is_demo = False

    def fetch_model(self) -> str:
        """Fetch the embedded model."""
        from tui.cli.findings import fetch_model

        return fetch_model()

    def diff(self, task: str) -> str:
        """What a task's lane has changed so far, as a unified diff."""
        from tui.cli.lane_diff import lane_diff

        if self.run_id is None:
            raise OrchestraError("no run is shown")
        return lane_diff(self.places, self.run_id, task)

    def subjects(self, commits: tuple[str, ...]) -> Mapping[str, str]:
        """First lines of the messages of commits, by their id."""
        from tui.cli.subjects import subjects

        return subjects(self.places.root, commits)

    def take_back(self, agent: str, note: str) -> str:
        """Take a note out of a specialist's memory."""
        from agents.memory import Memory

        try:
            is_gone = Memory(self.places.memory).take_back(agent, note)
        except OSError as error:
            raise UserFault(f"The memory of {agent} cannot be written: {error.strerror}.") from error
        return f"{agent} has forgotten: {note}" if is_gone else f"{agent} does not remember that any more."

    def plan_yaml(self, tasks: tuple[Mapping[str, object], ...]) -> str:
        """Planned tasks as the YAML that a person edits."""
        import msgspec

        from agents.plan_file import plan_text
        from engine.words import TaskSpec

        return plan_text(msgspec.convert(list(tasks), tuple[TaskSpec, ...]))

    def read_plan(self, text: str) -> PlanText:
        """An edited plan, checked."""
        import msgspec

        from agents.plan_file import parse_plan

        try:
            return PlanText(tuple(msgspec.to_builtins(parse_plan(text))))
        except UserFault as fault:
            return PlanText(faults=(str(fault),))


def _refusal(reason: str) -> UserFault:
    """What the engine refused: its reasons are either whole sentences already or the end of one."""
    if not reason[:1].islower():
        return UserFault(reason, safe="")
    return UserFault(f"That was refused: {reason.rstrip('.')}.")
