"""Rosters, flows and runs to test the core with, and a small hand that plays facts into a run."""

from __future__ import annotations

from typing import Any

from engine import events as e
from engine.decide import with_consequences
from engine.due import Effect, due
from engine.evolve import fold
from engine.flow import Flow, Node
from engine.state import Approval, Lane, Run, Task
from engine.wishes import Granted, Reply, grant
from engine.words import (
    AgentCard,
    CheckResult,
    CheckSpec,
    Failure,
    Role,
    Rung,
    RunId,
    TaskId,
    TaskSpec,
    TaskState,
    Verdict,
)

QUICK = Rung("local/small", "quick")
LARGE = Rung("local/big", "large")
CLOUD = Rung("cloud/huge", "cloud", is_local=False)
CHECK = CheckSpec("pytest -q")
ROLES = {"planner": Role.PLAN, "reviewer": Role.REVIEW, "summariser": Role.TEXT}


def card(name: str, *skills: str, ladder: tuple[Rung, ...] = (QUICK, LARGE, CLOUD)) -> AgentCard:
    """A specialist on the usual ladder."""
    return AgentCard(name, f"the {name}", ladder, skills, role=ROLES.get(name, Role.WORK))


def roster(ladder: tuple[Rung, ...] = (QUICK, LARGE, CLOUD)) -> dict[str, AgentCard]:
    """Everybody the flows below name; debugger and coder share a skill."""
    cards = (
        card("planner", "plan", ladder=ladder),
        card("coder", "code", ladder=ladder),
        card("debugger", "code", ladder=ladder),
        card("reviewer", "review", ladder=ladder),
        card("summariser", "text", ladder=ladder),
        card("integrator", "merge", ladder=ladder),
    )
    return {each.name: each for each in cards}


BUILD = Flow(
    "build",
    "plan, work, review, summary",
    (
        Node("plan", agent="planner", expand=True, human=True, grafts="work"),
        Node("work", agent="coder", edits=True),
        Node("review", agent="reviewer", watch="work"),
        Node("summary", agent="summariser", after=("work",), reads=False),
    ),
)
QUICK_FLOW = Flow("quick", "one edit", (Node("edit", agent="coder", edits=True),))
REVIEWED = Flow("reviewed", "one edit, reviewed", (*QUICK_FLOW.nodes, Node("review", agent="reviewer", watch="edit")))
DIGEST = Flow(
    "digest",
    "map and combine",
    (
        Node("map", agent="summariser", each="items", reads=False),
        Node("combine", agent="summariser", needs=("map",), writes="digest.md", reads=False, check=False),
    ),
)


def spec(name: str, *needs: str, **more: Any) -> TaskSpec:
    """A planned task with a write scope of its own."""
    fields = {"goal": f"do {name}", "scope": (f"{name}/**",), "agent": "coder", **more}
    return TaskSpec(name, "work", Role.WORK, needs=needs, **fields)


def started(flow: Flow = QUICK_FLOW, **more: Any) -> e.RunStarted:
    """The first fact of a run."""
    fields: dict[str, Any] = {"check": CHECK, "base_branch": "main", **more}
    people = fields.pop("roster", None) or roster()
    return e.RunStarted("make it so", flow, people, "c0", "t0", **fields)


def green(tree: str, check: CheckSpec = CHECK, number: float | None = None) -> CheckResult:
    """Evidence that a tree passes."""
    return CheckResult(check.run, tree, 0, number)


def red(tree: str, check: CheckSpec = CHECK, number: float | None = None) -> CheckResult:
    """Evidence that a tree fails."""
    return CheckResult(check.run, tree, 1, number, "1 failed")


class Played:
    """A run with its history: facts go in with their consequences, as the journal does it, but nothing is awaited."""

    def __init__(self, flow: Flow = QUICK_FLOW, **more: Any) -> None:
        self.run = Run(RunId("r1"))
        self.history: list[e.Event] = []
        self.at = 1.0
        self.record(started(flow, **more))

    def record(self, *facts: e.Event) -> tuple[e.Event, ...]:
        """Fold facts with their consequences; all that would be logged."""
        self.at += 1.0
        self.run, logged = with_consequences(self.run, facts, self.at)
        self.history += logged
        return logged

    def wish(self, kind: str, **payload: Any) -> Reply:
        """Send a command; what it grants is recorded."""
        reply = grant(self.run, kind, payload)
        if isinstance(reply, Granted):
            self.record(*reply.events)
        return reply

    def replayed(self) -> Run:
        """The state as a fold of the history (times are left out of it)."""
        return fold(self.run.run, [(event, 0.0) for event in self.history])

    def kinds(self) -> list[str]:
        """The kinds of the history, oldest first."""
        return [type(event).__name__ for event in self.history]

    def task(self, name: str = "edit") -> Task:
        """A task as it is now."""
        return self.run.tasks[TaskId(name)]

    def state(self, name: str = "edit") -> TaskState:
        """A task's state."""
        return self.task(name).state

    def lane(self, name: str = "edit") -> Lane:
        """A task's lane."""
        return self.run.lanes[TaskId(name)]

    def due(self) -> tuple[Effect, ...]:
        """What should be going on."""
        return due(self.run)

    def question(self) -> Approval:
        """The only question that is open."""
        (only,) = self.run.open_approvals()
        return only

    def start(self, name: str = "edit") -> Played:
        """Begin the next attempt of a task, as it is due."""
        task = self.task(name)
        start = task.next_start or self.run.head
        ladder = self.run.roster[task.agent].ladder
        rung = ladder[min(max(task.rung, 0), len(ladder) - 1)]
        self.record(
            e.TaskStarted(task.task, task.attempt + 1, task.agent, rung.model, rung.tier, start, rung=task.rung)
        )
        return self

    def produce(self, name: str = "edit", tree: str = "", **more: Any) -> Played:
        """Claim a result of the running attempt."""
        task = self.task(name)
        ordinal = f"{name}.{task.attempt}"
        fields = {"commit": f"c-{ordinal}", "tree": tree or f"t-{ordinal}", **more}
        self.record(e.TaskProduced(task.task, task.attempt, "did it", **fields))
        return self

    def check(self, exit_code: int = 0, name: str = "edit", number: float | None = None) -> Played:
        """Answer the check of a task's tree, and first of the base, which is green."""
        task = self.task(name)
        spec_of_task = task.spec.check or CHECK
        if self.run.evidence_for(self.run.base_tree, spec_of_task) is None:
            self.record(e.CheckFinished(TaskId(""), "base", green("t0", spec_of_task)))
        result = CheckResult(spec_of_task.run, task.tree, exit_code, number, "" if exit_code == 0 else "1 failed")
        self.record(e.CheckFinished(task.task, "task", result))
        return self

    def fail(self, failure: Failure, name: str = "edit", why: str = "no good") -> Played:
        """End the running attempt without a result."""
        task = self.task(name)
        self.record(e.AttemptFailed(task.task, task.attempt, failure, why))
        return self

    def judge(self, accepts: bool, name: str = "edit") -> Played:
        """Start the open review of a task and give its verdict."""
        (review,) = [
            task for task in self.run.tasks.values() if task.spec.about == name and task.state is TaskState.PENDING
        ]
        self.start(review.task)
        self.record(e.VerdictGiven(TaskId(name), review.task, Verdict(accepts, "I say so")))
        return self

    def land(self, name: str = "edit") -> Played:
        """Bring a task's work into the run's branch."""
        self.record(e.TaskLanded(TaskId(name), self.run.branch, f"m-{name}", f"mt-{name}"))
        return self

    def prove(self, exit_code: int = 0) -> Played:
        """Answer the check of the result."""
        result = CheckResult(CHECK.run, self.run.head_tree, exit_code)
        self.record(e.CheckFinished(TaskId(""), "result", result))
        return self

    def accept_plan(self, *tasks: TaskSpec) -> Played:
        """Run the planner, propose tasks and say yes."""
        self.start("plan")
        self.record(e.PlanProposed(TaskId("plan"), tasks, "planner"))
        if self.run.open_approvals():
            self.wish("answer", approval=self.question().approval, answer="accept")
        return self
