"""What the terminal asks of the world outside it: one Protocol, owned by its consumer.

The composition root gives a Conductor to the Dashboard; tests give a fake. Every method may block for a moment and is
therefore called from a thread, except `engine_alive`, which the follower's thread asks about once a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked for at the first run."""

    name: str
    """Ollama, OPENAI_API_KEY, embedded model, bubblewrap, git …"""
    is_there: bool
    detail: str = ""
    """What was found: a version, an address, the models."""
    remedy: str = ""
    """The exact command that would bring it."""


class FirstRunReport(msgspec.Struct, frozen=True):
    """What is there and what is missing before anything has run."""

    findings: tuple[Finding, ...] = ()
    models: tuple[str, ...] = ()
    """Models that can be used now; empty means that no goal can be started."""
    can_fetch_model: bool = False
    """Whether the embedded model can be fetched by one key."""
    fetch_size: str = ""
    """How much that would load, for the eye: `92 MB`."""


class PlanText(msgspec.Struct, frozen=True):
    """What became of an edited plan."""

    tasks: tuple[Mapping[str, object], ...] = ()
    """The tasks for an `edit_plan` command when there is no fault."""
    faults: tuple[str, ...] = ()
    """One sentence each, with the line where there is one."""


class Conductor(Protocol):
    """The composition root's side of the terminal."""

    repository: str
    """The repository's name."""
    branch: str
    """The branch that is checked out."""
    store_path: Path
    run_id: str | None
    """The run to show first; None follows the newest one."""

    def start(self, goal: str, flow: str = "auto") -> str:
        """Wish for a run; makes sure that an engine hears it.

        Out:     the command's id.
        Raises:  OrchestraError with a sentence for the person.
        """

    def send(self, run: str, kind: str, payload: Mapping[str, object]) -> str:
        """Send any other wish; returns the command's id.

        Raises:  OrchestraError with a sentence for the person.
        """

    def ensure_engine(self) -> None:
        """Start an engine when none lives.

        Raises:  OrchestraError when it does not come up.
        """

    def engine_alive(self) -> bool:
        """Whether an engine owns the repository."""

    def first_run_report(self) -> FirstRunReport:
        """What is there and what is missing."""

    def start_demo(self) -> str:
        """Start the demo run and return the path of its store, which the dashboard then follows.

        Raises:  OrchestraError with a sentence for the person.
        """

    def fetch_model(self) -> str:
        """Fetch the embedded model; returns a sentence on how it went.

        Raises:  OrchestraError with a sentence for the person.
        """

    def diff(self, task: str) -> str:
        """What a task's lane has changed so far, as a unified diff.

        Raises:  OrchestraError when it cannot be told.
        """

    def take_back(self, agent: str, note: str) -> str:
        """Take a note out of a specialist's memory; returns a sentence on how it went.

        Raises:  OrchestraError with a sentence for the person.
        """

    def subjects(self, commits: tuple[str, ...]) -> Mapping[str, str]:
        """First lines of the messages of commits, by their id; those that are not there are left out."""

    def plan_yaml(self, tasks: tuple[Mapping[str, object], ...]) -> str:
        """Planned tasks as the YAML that a person edits."""

    def read_plan(self, text: str) -> PlanText:
        """An edited plan, checked."""
