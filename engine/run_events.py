"""Facts of the repository, the run, its plan, its tasks and the person's answers."""

from __future__ import annotations

from typing import Any

from engine.budget import Budget, Price
from engine.conformance.rule import Rule
from engine.event import Event
from engine.experience.counters import Counters, Outcome
from engine.flow import Flow
from engine.ladders import Policy
from engine.words import (
    AgentCard,
    ApprovalId,
    CheckResult,
    CheckSpec,
    Claim,
    Failure,
    Reaction,
    RunId,
    RunOutcome,
    TaskId,
    TaskSpec,
    TaskState,
)


class CloudPermitted(Event, frozen=True):
    """The person allowed (or withdrew) cloud models for this repository, and for the runs that are being played."""

    allowed: bool


class FileTrusted(Event, frozen=True):
    """The person trusts a file of the repository that configures us, with exactly this content."""

    path: str
    digest: str


class LoopExcused(Event, frozen=True):
    """The person said that this kind of repetition by this tool is no loop, in this repository."""

    form: str
    subject: str


class CheckChosen(Event, frozen=True):
    """The person named the check command, for the repository or (with a run's id) for a run; None is no check."""

    check: CheckSpec | None


class OutcomeLearned(Event, frozen=True):
    """What a finished run taught the router about this repository's work and the local models."""

    run: RunId
    outcomes: tuple[Outcome, ...]


class RunStarted(Event, frozen=True):
    """A goal was accepted; everything decide needs to know is in here, so that the log alone can be replayed."""

    goal: str
    flow: Flow
    roster: dict[str, AgentCard]
    base_commit: str
    base_tree: str
    base_branch: str = ""
    check: CheckSpec | None = None
    found_check: CheckSpec | None = None
    """A check command that was found in the repository; the person is asked about it before anything starts."""
    items: tuple[str, ...] = ()
    route_reason: str = ""
    max_lanes: int = 4
    is_unattended: bool = False
    """Nobody will answer: questions take their safe default."""
    accepts_plan: bool = False
    cloud_allowed: bool = False
    sandbox: str = ""
    notes: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    excused: tuple[str, ...] = ()
    """Repetition that the person called honest in earlier runs, as in `Lane.forgiven`."""
    budget: Budget = Budget()
    policy: Policy = Policy()
    counters: Counters = Counters()
    """What the router had learned when the run started."""
    rules: tuple[Rule, ...] = ()
    """What diffs are held against: the rules of the base commit and of the person."""
    prices: dict[str, Price] = {}
    """What models of the roster cost, by `provider/name`, where it is known: a climb says it first."""


class RunPaused(Event, frozen=True):
    """All lanes stop at their next turn boundary."""


class RunContinued(Event, frozen=True):
    """A paused run goes on."""


class RunResumed(Event, frozen=True):
    """An engine took the run up again after another one stopped or died."""

    epoch: int


class RunFinished(Event, frozen=True):
    """The last event of a run that ended by itself."""

    outcome: RunOutcome
    reason: str
    branch: str = ""
    commit: str = ""


class RunCancelled(Event, frozen=True):
    """The last event of a run that the person ended."""

    reason: str = ""


class PlanProposed(Event, frozen=True):
    """A planner (or the person) proposes tasks."""

    task: TaskId
    tasks: tuple[TaskSpec, ...]
    by: str = ""
    remark: str = ""


class PlanRefused(Event, frozen=True):
    """The plan cannot run; the reasons go back to the planner once, then to the person."""

    task: TaskId
    reasons: tuple[str, ...]


class PlanAccepted(Event, frozen=True):
    """The plan runs as it now stands, edits of the person included."""

    task: TaskId
    tasks: tuple[TaskSpec, ...]
    by: str = "person"


class TaskAdded(Event, frozen=True):
    """A task exists."""

    spec: TaskSpec


class TaskStarted(Event, frozen=True):
    """An attempt begins in the task's lane."""

    task: TaskId
    attempt: int
    agent: str
    model: str
    tier: str
    start_commit: str
    branch: str = ""
    worktree: str = ""
    key: str = ""
    rung: int = 0
    reason: str = ""
    """Why the task starts on this rung; empty for attempts after the first."""


class TaskProduced(Event, frozen=True):
    """The agent claims a result: a commit, a text, or both."""

    task: TaskId
    attempt: int
    summary: str = ""
    output: str = ""
    commit: str = ""
    tree: str = ""
    files: tuple[str, ...] = ()
    insertions: int = 0
    deletions: int = 0
    outliving: tuple[str, ...] = ()
    """Changed files that act after the task is over: rules, CI, hooks, build scripts."""
    is_adopted: bool = False
    answers: dict[str, tuple[str, ...]] = {}
    """The typed fields of the result; a single value is a list of one."""
    claims: tuple[Claim, ...] = ()
    """What the result rests on; the engine found every place that is named."""


class TaskVerified(Event, frozen=True):
    """The engine's check holds for the task's tree. Only the engine emits this."""

    task: TaskId
    evidence: CheckResult
    reason: str


class TaskUnverified(Event, frozen=True):
    """The task has no check: its result stays a claim."""

    task: TaskId


class TaskInterrupted(Event, frozen=True):
    """The engine stopped in the middle of an attempt; the same attempt starts anew from a clean lane."""

    task: TaskId
    attempt: int
    saved: str = ""


class AttemptFailed(Event, frozen=True):
    """An attempt ended without a result."""

    task: TaskId
    attempt: int
    failure: Failure
    reason: str
    feedback: str = ""
    """The raw error for the next attempt."""
    resume_from: str = ""
    """The commit the next attempt should start from; empty leaves it to the policy."""
    saved: str = ""
    """An artifact commit with the bytes the attempt left uncommitted."""


class TaskRevised(Event, frozen=True):
    """The policy gives the task another attempt."""

    task: TaskId
    failure: Failure
    reaction: Reaction
    rule: str
    reason: str
    agent: str
    rung: int
    feedback: str = ""
    start_commit: str = ""


class TaskWaiting(Event, frozen=True):
    """Only the person can lead this task on."""

    task: TaskId
    approval: ApprovalId
    reason: str
    rule: str = ""


class TaskMoved(Event, frozen=True):
    """The task goes on to being checked, reviewed or landed."""

    task: TaskId
    to: TaskState


class TaskDone(Event, frozen=True):
    """The task needs nothing more."""

    task: TaskId


class TaskFailed(Event, frozen=True):
    """The task will not be done; what needs it is skipped."""

    task: TaskId
    reason: str
    rule: str = ""
    """The rule of the policy that ended it, if one did."""


class TaskHandedOff(Event, frozen=True):
    """An agent passes its task on, with what it learned; the worktree stays as it is."""

    task: TaskId
    attempt: int
    to: str
    rung: int
    reason: str
    carried: str = ""
    """What the next agent is told: done, evidence, surprises, next."""
    start_commit: str = ""
    """The commit that holds what was done so far; empty when nothing was."""


class VoteCounted(Event, frozen=True):
    """A vote has its answer."""

    task: TaskId
    field: str
    choice: str
    counts: dict[str, int]
    """Voices for each answer at the moment when the result was certain."""
    quorum: int


class PlanExtended(Event, frozen=True):
    """Tasks join a plan that runs already."""

    tasks: tuple[TaskSpec, ...]
    by: str = "person"


class FollowUpsProposed(Event, frozen=True):
    """An agent found more work beside its own; it may join the plan once its own is done."""

    task: TaskId
    attempt: int
    tasks: tuple[TaskSpec, ...]


class TaskRespecified(Event, frozen=True):
    """The person told a task anew before it started."""

    task: TaskId
    spec: TaskSpec


class TaskSkipped(Event, frozen=True):
    """The task will not be worked on: something it needs will never come, or it is not wanted in this run."""

    task: TaskId
    reason: str
    is_passed: bool = False
    """Not wanted: its condition does not hold or a vote is decided. Nothing is lost by it."""


class TaskCancelled(Event, frozen=True):
    """The person ended the task; its worktree stays."""

    task: TaskId


class ApprovalAsked(Event, frozen=True):
    """The person is needed. The id is made from the question, so that it is asked once however often it comes up."""

    approval: ApprovalId
    task: TaskId
    form: str
    """plan, command, outliving, stuck, cloud."""
    title: str
    why: str
    body: str = ""
    """The command, the diff or the plan."""
    reach: str = ""
    """Where it would run and what it could reach."""
    options: tuple[str, ...] = ("allow", "deny")
    default: str = "deny"


class ApprovalAnswered(Event, frozen=True):
    """The person (or the safe default of an unattended run) answered."""

    approval: ApprovalId
    answer: str
    words: str = ""
    by: str = "person"


class ApprovalWithdrawn(Event, frozen=True):
    """The question does not matter any more."""

    approval: ApprovalId
