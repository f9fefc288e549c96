"""The state of a run: a fold of its events, frozen, so that yesterday's picture stays yesterday's."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.budget import Account, Budget, Price
from engine.conformance.rule import Rule
from engine.experience.counters import Counters, Outcome
from engine.flow import Flow, Node
from engine.ladders import Policy
from engine.lifecycle import SETTLED
from engine.words import (
    AgentCard,
    ApprovalId,
    CheckResult,
    CheckSpec,
    Claim,
    ContextPart,
    Failure,
    Role,
    RunId,
    RunOutcome,
    RunStatus,
    TaskId,
    TaskSpec,
    TaskState,
    TurnUsage,
    Verdict,
)


class Part(msgspec.Struct, frozen=True, gc=False):
    """Base of all parts of the state."""


class LoopSeen(Part, frozen=True):
    """A loop found in a lane and not yet left behind."""

    form: str
    evidence: str
    confidence: float
    at: float
    subject: str = ""
    """The tool that repeats."""


class Said(Part, frozen=True):
    """Something that one agent let another know over a task, or that a check did."""

    speaker: str
    text: str = ""
    to: str = ""
    """To whom the task was passed on with it."""
    outcome: str = ""
    """What was found out: what a check said, the commit that was handed over."""


class Tool(Part, frozen=True):
    """The tool call a lane is in, or its last one."""

    call_id: str
    name: str
    line: str
    is_running: bool = True
    is_error: bool = False
    outcome: str = ""


class Lane(Part, frozen=True):
    """A place to work: one worktree, one context, one pane; it bears its task's id."""

    task: TaskId
    branch: str = ""
    worktree: str = ""
    opened_at: float = 0.0
    is_reaped: bool = False
    kept: str = ""
    """Why the worktree was not given back when its task was done."""
    is_paused: bool = False
    model: str = ""
    tier: str = ""
    turn: int = 0
    in_turn: bool = False
    queued_at: float = 0.0
    """When the lane began to wait for its model; 0 when it does not."""
    queued_host: str = ""
    turn_started_at: float = 0.0
    used_tokens: int = 0
    effective_tokens: int = 0
    max_tokens: int = 0
    parts: tuple[ContextPart, ...] = ()
    is_truncated: bool = False
    usage: TurnUsage = TurnUsage()
    """Sums over the lane's turns; durations add up too."""
    last_usage: TurnUsage = TurnUsage()
    tool: Tool | None = None
    tool_calls: int = 0
    tool_errors: int = 0
    loop: LoopSeen | None = None
    last_loop: LoopSeen | None = None
    """The loop that was found last, also when it is left behind."""
    loops: int = 0
    nudges: tuple[str, ...] = ()
    """Words of the person and of the loop breaker; those beyond `delivered` are still to be read."""
    delivered: int = 0
    breaking: tuple[str, ...] = ()
    """Those of them that are the loop breaker's: what they were about ends with the attempt."""
    interrupts: int = 0
    """Grows when the current turn must be cut at once."""
    forgiven: tuple[str, ...] = ()
    """What the person called honest: a kind of loop, or a kind and the tool it is honest for."""
    said: tuple[Said, ...] = ()
    """What passed between agents over this task lately."""
    trouble: str = ""
    """The last failure's sentence, until the next turn succeeds."""
    ran: tuple[CheckResult, ...] = ()
    """What the lane's last commands did, each with the commit that its attempt started from."""
    account: Account = Account()
    """What counts against the budgets of the task, its attempt and the run."""

    @property
    def is_open(self) -> bool:
        """Whether there is a worktree that may be given back."""
        return bool(self.worktree) and not self.is_reaped and not self.kept


class Task(Part, frozen=True):
    """A task and how far it is."""

    spec: TaskSpec
    state: TaskState = TaskState.PENDING
    attempt: int = 0
    agent: str = ""
    rung: int = 0
    model: str = ""
    feedback: str = ""
    start_commit: str = ""
    """Where the current attempt began."""
    next_start: str = ""
    """Where the next attempt will begin; empty means the head of the run's branch."""
    saved: str = ""
    """An artifact commit with what the last failed attempt left behind."""
    commit: str = ""
    tree: str = ""
    files: tuple[str, ...] = ()
    insertions: int = 0
    deletions: int = 0
    summary: str = ""
    output: str = ""
    is_proven: bool = False
    evidence: CheckResult | None = None
    proof: str = ""
    verdict: Verdict | None = None
    review_round: int = 0
    landed: str = ""
    """The commit on the run's branch that holds the work."""
    conflict: tuple[str, ...] = ()
    conflict_onto: str = ""
    is_resolving: bool = False
    reason: str = ""
    route: str = ""
    """Why the task started on the rung it started on."""
    last_failure: Failure | None = None
    reactions: dict[str, int] = {}
    """How often each `failure:reaction` was used, and each `climb:tier`."""
    outliving: tuple[str, ...] = ()
    answers: dict[str, tuple[str, ...]] = {}
    claims: tuple[Claim, ...] = ()
    """What the result rests on, each found by the engine at the places it names."""
    hops: tuple[str, ...] = ()
    """Who passed this task on, in order."""
    follow_ups: tuple[TaskSpec, ...] = ()
    """What its agent proposes to do besides."""
    proposed: tuple[TaskSpec, ...] = ()
    """The plan that a planner put forward last."""
    is_passed: bool = False
    """Skipped because it is not wanted, not because something failed."""
    added_at: float = 0.0
    started_at: float = 0.0
    settled_at: float = 0.0
    changed_at: float = 0.0

    @property
    def task(self) -> TaskId:
        """The task's id."""
        return TaskId(self.spec.task)

    @property
    def proof_word(self) -> str:
        """What the engine can say of the result: `proven`, `no worse` than a red base, or only `claimed`."""
        if not self.is_proven:
            return "claimed"
        wants_green = self.spec.check is not None and self.spec.check.want == "pass"
        is_red = self.evidence is not None and not self.evidence.is_green
        return "no worse" if wants_green and is_red else "proven"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in SETTLED


class Approval(Part, frozen=True):
    """A question to the person."""

    approval: ApprovalId
    task: TaskId
    form: str
    title: str
    why: str
    body: str
    reach: str
    options: tuple[str, ...]
    default: str
    asked_at: float
    answer: str = ""
    words: str = ""
    by: str = ""
    is_withdrawn: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the person is still needed."""
        return not self.answer and not self.is_withdrawn


class Run(Part, frozen=True):
    """One goal, from prompt to last event."""

    run: RunId
    goal: str = ""
    flow: Flow = Flow("", "", ())
    roster: dict[str, AgentCard] = {}
    base_commit: str = ""
    base_tree: str = ""
    base_branch: str = ""
    check: CheckSpec | None = None
    found_check: CheckSpec | None = None
    items: tuple[str, ...] = ()
    route_reason: str = ""
    max_lanes: int = 4
    is_unattended: bool = False
    accepts_plan: bool = False
    cloud_allowed: bool = False
    sandbox: str = ""
    notes: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    """What only the composition root reads: a script, a speed."""
    status: RunStatus = RunStatus.RUNNING
    outcome: RunOutcome | None = None
    reason: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    tasks: dict[TaskId, Task] = {}
    lanes: dict[TaskId, Lane] = {}
    excused: tuple[str, ...] = ()
    """What the person called honest for a tool, in this run and before it."""
    approvals: dict[ApprovalId, Approval] = {}
    evidence: dict[str, CheckResult] = {}
    """What checks said, by `evidence_key`: a tree is never checked twice."""
    branch: str = ""
    head: str = ""
    """The commit the run's branch points to; the base until something landed."""
    head_tree: str = ""
    intent: str = ""
    """A merge commit that was about to become the head when the log ended."""
    intent_task: TaskId = TaskId("")
    """Whose work that merge brings in."""
    landing: tuple[TaskId, ...] = ()
    """Tasks on their way into the run's branch, in the order they came; the first is being landed."""
    plan: tuple[TaskSpec, ...] = ()
    plan_task: TaskId = TaskId("")
    is_plan_accepted: bool = False
    notes_taken: tuple[str, ...] = ()
    resumed: int = 0
    budget: Budget = Budget()
    budget_given: Budget = Budget()
    """What was allowed at first, or set since: the amounts by which the person raises it."""
    budget_warned: tuple[str, ...] = ()
    """Node, dimension and share of each warning that was given."""
    policy: Policy = Policy()
    counters: Counters = Counters()
    """What the router had learned when the run started."""
    rules: tuple[Rule, ...] = ()
    """What every diff is held against."""
    prices: dict[str, Price] = {}
    """What models of the roster cost, where it is known."""
    seq: int = 0
    at: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the run has had its last event."""
        return self.status in (RunStatus.FINISHED, RunStatus.CANCELLED)

    @property
    def usage(self) -> TurnUsage:
        """Sums over all lanes; durations add up too."""
        spent = [lane.usage for lane in self.lanes.values()]
        return TurnUsage(
            sum(used.prompt_tokens for used in spent),
            sum(used.cached_tokens for used in spent),
            sum(used.output_tokens for used in spent),
            sum(used.duration_s for used in spent),
            0.0,
            sum(used.cost_usd for used in spent),
            any(used.is_estimated for used in spent),
        )

    @property
    def cloud_usd(self) -> float:
        """What the run has cost so far."""
        return sum(lane.usage.cost_usd for lane in self.lanes.values())

    def of_node(self, node: str) -> tuple[Task, ...]:
        """The tasks of one flow node, in the order they were added."""
        return tuple(task for task in self.tasks.values() if task.spec.node == node)

    def node_of(self, task: Task) -> Node | None:
        """The flow node a task belongs to."""
        return self.flow.node(task.spec.node)

    def evidence_for(self, tree: str, check: CheckSpec) -> CheckResult | None:
        """What the check said of that tree, if it was asked."""
        return self.evidence.get(evidence_key(tree, check))

    def open_approvals(self) -> tuple[Approval, ...]:
        """The questions that wait for the person, oldest first."""
        return tuple(approval for approval in self.approvals.values() if approval.is_open)

    def work_tasks(self) -> tuple[Task, ...]:
        """The tasks whose results land."""
        return tuple(task for task in self.tasks.values() if task.spec.role is Role.WORK)


KEPT_OUTCOMES = 400
"""Outcomes of a repository that the router learns from; older ones say little about today's models."""


class Repository(Part, frozen=True):
    """What the person decided for this repository, over all runs."""

    cloud_allowed: bool = False
    cloud_decided_at: float = 0.0
    """When the person last said so; 0 when they never did."""
    trusted: dict[str, str] = {}
    """Path to digest of the content that was trusted."""
    check: CheckSpec | None = None
    is_check_chosen: bool = False
    excused: tuple[str, ...] = ()
    """Repetition that is no loop here: a kind and a tool, as in `Lane.forgiven`."""
    outcomes: tuple[Outcome, ...] = ()
    """The newest outcomes of local models, oldest first: what the router learns from."""
    learned: frozenset[str] = frozenset()
    """Runs whose outcomes are known."""


def evidence_key(tree: str, check: CheckSpec) -> str:
    """Evidence is bound to a tree, a command and what is measured: any later edit voids it."""
    return f"{tree} {check.run} {check.metric}"
