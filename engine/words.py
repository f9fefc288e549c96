"""The nouns of a run, as frozen values: what events carry and what state is made of.

Glossary: ARCHITECTURE.md. Everything here is data; decisions live in `engine.decide`, changes in `engine.evolve`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

RunId = NewType("RunId", str)
TaskId = NewType("TaskId", str)
ApprovalId = NewType("ApprovalId", str)


class Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Base of all values that go into the log: immutable, compact, decodable by name.

    Immutable values cannot form cycles, so the garbage collector need not watch them (`gc=False`): a list of 200,000
    events was decoded four times as slowly under its eyes.
    """


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class RunOutcome(StrEnum):
    """What a finished run is worth: only the engine's own check makes it proven."""

    PROVEN = "proven"
    CLAIMED = "claimed"
    RED = "red"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """Where a task stands; the legal moves are the table in `engine.lifecycle`."""

    PENDING = "pending"
    RUNNING = "running"
    PRODUCED = "produced"
    CHECKING = "checking"
    REVIEWING = "reviewing"
    LANDING = "landing"
    DONE = "done"
    REVISING = "revising"
    WAITING = "waiting"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """What a task's result is."""

    WORK = "work"
    """A commit in its lane, to be checked, reviewed and landed."""
    TEXT = "text"
    """A text for tasks that need it."""
    PLAN = "plan"
    """More tasks."""
    REVIEW = "review"
    """A verdict on another task."""
    GATE = "gate"
    """A word of the person. No model."""
    VOTE = "vote"
    """What the seats of a vote agree on. No model."""
    COMMAND = "command"
    """What a command prints that the engine runs. No model."""


class Failure(StrEnum):
    """Why an attempt did not lead on; the policy reacts by this word."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    REFUSED = "refused"
    UNKNOWN_MODEL = "unknown_model"
    MALFORMED = "malformed"
    OVERFLOW = "overflow"
    TRUNCATED = "truncated"
    TURNS = "turns"
    EMPTY = "empty"
    STUCK = "stuck"
    CHECK = "check"
    REVIEW = "review"
    CONFLICT = "conflict"
    SCOPE = "scope"
    PLAN = "plan"
    CRASHED = "crashed"
    BUDGET = "budget"
    RULE = "rule"
    """A rule of the repository that a diff breaks."""
    CLAIM = "claim"
    """Something was said that the engine could not find where it was said to be."""
    DISPUTE = "dispute"
    """Author and sceptic do not agree, both with evidence."""
    HANDOFF = "handoff"
    """Handed on more often than the flow allows."""
    GAVE_UP = "gave_up"


class Reaction(StrEnum):
    """What the policy does about a failure."""

    NUDGE = "nudge"
    RETRY = "retry"
    REASSIGN = "reassign"
    CLIMB = "climb"
    RESOLVE = "resolve"
    LOCAL = "local"
    """Goes on with a local model: it costs no money."""
    ASK = "ask"
    FAIL = "fail"


class CheckSpec(Value, frozen=True, omit_defaults=True):
    """A command that the engine runs to decide."""

    run: str
    """Shell command, run in the sandbox at the root of a worktree."""
    metric: str = ""
    """Regular expression with one group that finds a number in the output."""
    want: str = "pass"
    """`pass` (exit code 0), or the metric against a number or `before`: `<= before`, `< before`, `== 0`."""
    timeout_s: float = 600.0


class CheckResult(Value, frozen=True, omit_defaults=True):
    """Evidence: what one check said of one tree."""

    command: str
    tree: str
    exit_code: int
    number: float | None = None
    output: str = ""
    """The tail of the output, cleaned and capped; the digest covers all of it."""
    digest: str = ""
    duration_s: float = 0.0
    sandbox: str = ""
    metric: str = ""
    """The check's regular expression that found the number."""

    @property
    def is_green(self) -> bool:
        """Whether the command succeeded."""
        return self.exit_code == 0


class Rung(Value, frozen=True, omit_defaults=True):
    """One step of an agent's ladder of models."""

    model: str
    """`provider/name`."""
    tier: str
    """quick, large or cloud."""
    is_local: bool = True
    window_tokens: int = 0
    host: str = ""
    slots: int = 1
    notes: tuple[str, ...] = ()


class AgentCard(Value, frozen=True, omit_defaults=True):
    """What the engine knows of a specialist; its prompt and tools stay in `agents`."""

    name: str
    description: str = ""
    ladder: tuple[Rung, ...] = ()
    skills: tuple[str, ...] = ()
    max_turns: int = 30
    role: Role = Role.WORK
    """What this specialist's result is."""


class Answer(Value, frozen=True, omit_defaults=True):
    """The shape of one field of a typed answer."""

    choices: tuple[str, ...] = ()
    """What may be said; empty leaves it free."""
    is_list: bool = False


class Handoff(Value, frozen=True, omit_defaults=True):
    """To whom a task may be passed on, and how often in all."""

    to: tuple[str, ...]
    max: int = 3


class TaskSpec(Value, frozen=True, omit_defaults=True):
    """A task as planned: nothing in it changes while it runs."""

    task: str
    node: str
    role: Role
    agent: str
    goal: str
    title: str = ""
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    """Globs the task may write to; empty allows all of the worktree."""
    check: CheckSpec | None = None
    about: str = ""
    """The task that this one reviews."""
    item: str = ""
    """`commit:<sha>` or `file:<path>`: what this task reads."""
    writes: str = ""
    tier: str = ""
    """A tier the planner or the person chose; empty starts at the bottom of the ladder."""
    may_be_empty: bool = False
    reads: bool = True
    when: dict[str, tuple[str, ...]] = {}
    answers: dict[str, Answer] = {}
    handoff: Handoff | None = None
    claims: bool = False
    tools: tuple[str, ...] = ()
    command: CheckSpec | None = None
    """What the engine runs; only for a task that no model works on."""
    about_attempt: int = 0
    """Which attempt at that task this review judges."""
    round: int = 0
    """Which round of review this is, from 1."""
    follows: str = ""
    """The task whose agent proposed this one."""


class Reference(Value, frozen=True, omit_defaults=True):
    """One place that a statement rests on, as its speaker names it; `engine.claims` looks it up."""

    path: str = ""
    line: int = 0
    """The first line of the quote, or of the symbol's definition; 0 where only the text is named."""
    quote: str = ""
    """What is written there, or in a command's output."""
    symbol: str = ""
    """What is defined in the file: `Client.request`."""
    commit: str = ""
    """A commit of the run's history; with a path, the file as that commit left it."""
    command: str = ""
    exit_code: int | None = None
    number: float | None = None
    """What the command's metric, or its output, says."""
    digest: str = ""
    """SHA-256 of the command's whole output."""
    words: str = ""
    """Somebody's statement or an address: named by many, evidence of nothing."""


class Claim(Value, frozen=True, omit_defaults=True):
    """A statement of a result, with the places that it rests on."""

    text: str
    refs: tuple[Reference, ...] = ()


class Finding(Value, frozen=True, omit_defaults=True):
    """One point of a review with what supports it."""

    text: str
    path: str = ""
    line: int = 0
    severity: str = "major"
    evidence: str = ""
    refs: tuple[Reference, ...] = ()
    """Where it can be looked up; asked for where a flow asks for claims."""
    is_found: bool = False
    """Whether the engine found all of them; nobody else says so."""


class Verdict(Value, frozen=True, omit_defaults=True):
    """A reviewer's typed judgement of one commit."""

    accepts: bool
    summary: str
    commit: str = ""
    findings: tuple[Finding, ...] = ()


class ContextPart(Value, frozen=True, omit_defaults=True):
    """One share of what fills a context window."""

    name: str
    """system, rules, memory, brief, files, tool results, history."""
    tokens: int
    is_estimated: bool = True


class TurnUsage(Value, frozen=True, omit_defaults=True):
    """What one turn used."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    duration_s: float = 0.0
    first_token_s: float = 0.0
    cost_usd: float = 0.0
    is_estimated: bool = False
