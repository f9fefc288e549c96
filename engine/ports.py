"""What the engine asks of the world: four Protocols, owned by their consumer.

    Model   streams one reply                      implemented in agents/models/
    Agent   makes one attempt at one task          implemented in agents/crew.py
    Desk    what a lane offers to an agent         implemented in engine/desk.py; fakes in tests
    Composer opens runs and names their agents     implemented in agents/compose.py

The Clock is in `engine.clock`, the Sandbox in `engine.sandbox`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from engine.budget import Ask
from engine.clock import Clock
from engine.event import Event
from engine.flow import CommandTool
from engine.lane_events import TurnStarted
from engine.model import Chunk, ModelProfile, ModelRef, ModelRequest
from engine.run_events import RunStarted
from engine.sandbox.sandbox import Sandbox
from engine.state import Repository, Run
from engine.words import CheckResult, CheckSpec, Claim, Failure, Rung, RunId, TaskId, TaskSpec, Verdict


class Model(Protocol):
    """A language model behind one small door."""

    ref: ModelRef

    def stream(self, request: ModelRequest) -> AsyncIterator[Chunk]:
        """Ask, and yield the reply as it comes; the last chunk is an EndChunk.

        Raises:  ModelFault; closing the iterator closes the connection at once.
        """

    async def profile(self) -> ModelProfile:
        """What the server says of the model."""

    async def aclose(self) -> None:
        """Let go of connections and child processes."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a needed task left: never its conversation."""

    task: TaskId
    title: str
    summary: str
    output: str
    commit: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a review is about."""

    task: TaskSpec
    commit: str
    base: str
    """The commit the work started from; the diff to judge is base..commit."""
    patch: str
    summary: str
    evidence: CheckResult | None
    round: int
    earlier: Verdict | None
    output: str = ""
    """The result itself where it is a text."""
    claims: tuple[Claim, ...] = ()
    """What the result rests on, each found by the engine."""


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything an agent is told for one attempt; the agent is idempotent in it."""

    run: RunId
    goal: str
    task: TaskSpec
    attempt: int
    agent: str
    rung: Rung
    max_turns: int
    root: Path
    """The lane's worktree."""
    start_commit: str
    feedback: str = ""
    """The raw error, findings or digest that caused this attempt."""
    diff_so_far: str = ""
    upstream: tuple[Upstream, ...] = ()
    subject: Subject | None = None
    conflict: tuple[str, ...] = ()
    """Files with conflict markers that this attempt must resolve."""
    item_text: str = ""
    """The content behind `task.item`."""
    specialists: tuple[tuple[str, str], ...] = ()
    """Name and description of each specialist a plan may name."""
    check: CheckSpec | None = None
    is_unattended: bool = False
    hand_to: tuple[tuple[str, str], ...] = ()
    """Name and description of each specialist to whom the task may be passed on now."""
    commands: tuple[CommandTool, ...] = ()
    """Commands that the flow lets this task call by name."""
    earlier_output: str = ""
    """The text that `feedback` is about."""
    rules: tuple[str, ...] = ()
    """A sentence for each rule that the engine holds the diff against."""
    claims: bool = False
    """Whether the result must name places that the engine can look up."""
    max_turns_why: str = ""
    """What speaks for a climb once `max_turns` are over; empty where they are the agent's own limit."""
    max_seconds: int = 0
    """Of model time, all turns together, after which the attempt ends as it does after `max_turns`; 0 for any."""
    max_seconds_why: str = ""
    may_propose: int = 0
    """How many tasks beyond this one the agent may propose."""


@dataclass(frozen=True, slots=True)
class Produced:
    """The agent says it is done; changed files are in the worktree, the harness commits them."""

    summary: str
    output: str = ""
    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The typed fields that the task asks for."""
    claims: tuple[Claim, ...] = ()
    """What the result rests on, as the agent names it."""
    follow_ups: tuple[TaskSpec, ...] = ()
    """Tasks that go beyond this one, for the plan."""


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The agent passes its task on to somebody else."""

    to: str
    reason: str
    carried: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """The agent proposes tasks."""

    tasks: tuple[TaskSpec, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """The agent judges the subject of its brief."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ends without a result; the policy decides what follows."""

    failure: Failure
    reason: str
    feedback: str = ""


Outcome: TypeAlias = Produced | HandedOff | Planned | Judged | Failed


@dataclass(frozen=True, slots=True)
class Question:
    """Something only the person may decide."""

    form: str
    """command, outliving, cloud, stuck."""
    title: str
    why: str
    body: str = ""
    reach: str = ""
    options: tuple[str, ...] = ("allow", "always", "deny", "reject")
    default: str = "deny"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person said: one of the options, with words for `reject`."""

    choice: str
    words: str = ""


class Desk(Protocol):
    """What a lane offers to the agent that works in it."""

    sandbox: Sandbox
    clock: Clock

    async def record(self, *facts: Event) -> None:
        """Log facts, with their consequences, in one transaction; durable when this returns."""

    def record_soon(self, *facts: Event) -> None:
        """Log facts with the next ones that are recorded: a commit of their own would make nobody wiser."""

    def write(self, turn: int, stream: str, text: str) -> None:
        """Show streamed text; `stream` is text, thinking, tool, check or note. Never waits, never fails."""

    def seat(self, rung: Rung, turn: int) -> AbstractAsyncContextManager[None]:
        """Wait in the visible queue for a place at the rung's (host, model), and hold it."""

    async def send(self, started: TurnStarted, ask: Ask, rung: Rung) -> int:
        """Log that a request goes out, once every budget above it can pay for its worst case.

        Out:     how many tokens its reply may have: what was asked for, or as many as there is room for.
        Raises:  OverBudget when it must not be sent; waits first while calls that run may still give room back.
        """

    async def boundary(self, turn: int) -> tuple[str, ...]:
        """Stand at a turn boundary: wait while paused, then return the words to put before the model, oldest first."""

    async def interrupted(self) -> None:
        """Return when the running turn must be cut at once: somebody broke the loop or steered with force."""

    async def ask(self, question: Question) -> Answer:
        """Ask the person and wait; the same question in the same attempt is asked once."""

    def forgiven(self) -> tuple[str, ...]:
        """What the person called honest: a kind of repetition, or a kind and the tool it is honest for."""


class Composer(Protocol):
    """Knows the concrete agents: the composition root behind the engine's process."""

    async def open(self, wish: Mapping[str, Any], repository: Repository) -> RunStarted:
        """Turn the wish to start a run into its first fact: flow, roster, models, base.

        Raises:  UserFault with what to do instead.
        """

    def agent(self, run: Run, repository: Repository) -> Agent:
        """Who makes the attempts of a run."""

    async def aclose(self) -> None:
        """Let go of models and child processes."""


class Agent(Protocol):
    """Makes attempts; must not keep anything between two of them."""

    async def attempt(self, brief: Brief, desk: Desk) -> Outcome:
        """Work on one task until there is an outcome.

        Raises:  nothing but cancellation for what models and tools do wrong: that is a Failed.
        """
