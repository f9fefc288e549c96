"""A world for the core to play against: it answers every effect that is due with anything that may happen.

The world keeps the rules that each of the shells keeps (an attempt's start, its rung, one landing at a time) and breaks
nothing else: agents fail in every way there is, answer with the wrong form, loop; checks are green or red; work lands,
conflicts or turns red; engines die; the person answers whatever is offered and wishes for whatever there is.

After each fact the promises of the core are held against the state. `run_to_the_end` returns once the run is over.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from engine import events as e
from engine.budget import Dimension, Refusal, Spend
from engine.codec import decode, encode, kind_of
from engine.decide import consequences, with_consequences
from engine.decision.handoffs import handed_off
from engine.due import Attempting, Checking, Effect, Landing, Reaping, due
from engine.evolve import evolve, fold
from engine.flow import Flow
from engine.lifecycle import may_move
from engine.plan import MAX_TASKS
from engine.policy import ladder_of, starting_rung
from engine.state import Approval, Run, Task
from engine.wishes import Granted, grant
from engine.words import (
    Answer,
    CheckResult,
    Failure,
    Finding,
    Role,
    RunId,
    RunStatus,
    TaskId,
    TaskSpec,
    TaskState,
    TurnUsage,
    Verdict,
)
from tests.stubs.runs import roster, spec, started

STEPS = 3_000
"""By then every run is over."""

WISHES = (
    "pause", "continue", "steer", "break", "remedy", "forgive", "escalate", "cancel", "retry", "edit_plan", "answer",
    "graft", "edit_task",
    "set_budget",
)  # fmt: skip

TASK_EVENTS = (e.TaskStarted, e.TaskProduced, e.TaskDone, e.TaskFailed, e.TaskSkipped, e.TaskAdded, e.TaskLanded)


@dataclass
class Temper:
    """How kind a world is: chances from 0 to 1."""

    failing: float = 0.3
    red: float = 0.3
    rejecting: float = 0.3
    conflicting: float = 0.2
    looping: float = 0.1
    wrong_form: float = 0.05
    dying: float = 0.03
    wishing: float = 0.1
    sharing_trees: float = 0.1
    wishes: int = 25
    """How often the person interferes before they only answer with what ends things."""


@dataclass
class World:
    """One run against one world."""

    luck: random.Random
    flow: Flow
    temper: Temper = field(default_factory=Temper)
    history: list[tuple[e.Event, float]] = field(default_factory=list)
    run: Run = field(default_factory=lambda: Run(RunId("r1")))
    at: float = 1.0
    commits: int = 0
    epoch: int = 1

    # ---- recording, with every promise held against each fact --------------------------------------------------

    def record(self, *facts: e.Event) -> None:
        """What the journal does, and the promises."""
        self.at += self.luck.choice((0.0, 1.0))
        before = self.run
        after, logged = with_consequences(before, facts, self.at)
        for event in logged:
            assert decode(kind_of(event), encode(event)) == event
            self.hold_moves(before, event)
            before = evolve(before, event, self.at)
            self.history.append((event, self.at))
        assert before == after
        self.run = after
        self.hold_promises()

    def hold_moves(self, run: Run, event: e.Event) -> None:
        """No task moves against the table, and nothing is landed or begun twice."""
        after = evolve(run, event, self.at)
        for name, task in after.tasks.items():
            assert name not in run.tasks or may_move(run.tasks[name].state, task.state)
        if isinstance(event, TASK_EVENTS) or type(event).__name__.startswith("Run"):
            assert not run.is_over, f"{event} after the last event"
        if isinstance(event, e.TaskStarted):
            self.hold_start(run, run.tasks[event.task])
        if isinstance(event, e.TaskStarted) and event.tier == "cloud":
            assert run.cloud_allowed, "the cloud was used without a word"
        if isinstance(event, e.CloudPermitted) and not event.allowed:
            assert not any(task.rung >= 0 and self.is_in_cloud(after, task) for task in after.tasks.values())
        if isinstance(event, e.TaskAdded):
            assert event.spec.task not in run.tasks, f"{event.spec.task} was added twice"
        if isinstance(event, e.TaskDone | e.TaskFailed | e.TaskSkipped):
            assert not run.tasks[event.task].is_settled, f"{event} was said twice"
        if isinstance(event, e.TaskRevised):
            assert after.tasks[event.task].state is TaskState.REVISING, f"{event} was not heard"

    def hold_start(self, run: Run, task: Task) -> None:
        """Nothing starts before what it waits for is settled, or where its condition does not hold."""
        waits_for = () if task.attempt else (*task.spec.needs, *task.spec.after)
        for name in waits_for:
            one = run.tasks.get(TaskId(name))
            open_ones = [one.task for one in ((one,) if one else run.of_node(name)) if not one.is_settled]
            assert all(run.tasks[other].spec.about for other in open_ones), f"{task.task} starts before {open_ones}"
        for said, wanted in task.spec.when.items():
            name, _, field = said.partition(".")
            done = [one for one in run.tasks.values() if name in (one.spec.task, one.spec.node) and one.answers]
            answers = [one.answers.get(field, ()) for one in done if one.state is TaskState.DONE]
            assert any(set(answer) & set(wanted) for answer in answers), f"{task.task}: {said} is {answers}"

    def is_in_cloud(self, run: Run, task: Task) -> bool:
        """Whether a task that was tried goes on with a cloud model."""
        ladder = run.roster[task.agent].ladder if task.agent in run.roster and task.attempt else ()
        return task.rung < len(ladder) and not ladder[task.rung].is_local

    def hold_promises(self) -> None:
        """What is true of every state that waits for the world."""
        run = self.run
        for task in run.tasks.values():
            is_checked_work = task.spec.role is Role.WORK and task.spec.check is not None and bool(task.commit)
            if task.state is TaskState.DONE and is_checked_work:
                assert task.is_proven, f"{task.task} is done without a proof"
                assert task.landed, f"{task.task} is done without having landed"
        if run.is_unattended:
            assert not run.open_approvals(), "nobody is there to answer"
        if run.is_over:
            assert all(task.is_settled for task in run.tasks.values())
            assert not run.open_approvals()
            assert all(isinstance(effect, Reaping) for effect in due(run))
            assert consequences(run, e.RunContinued()) == ()
        else:
            waits_for_person = run.open_approvals() or run.status is RunStatus.PAUSED
            is_paused = any(lane.is_paused for lane in run.lanes.values())
            assert due(run) or waits_for_person or is_paused, f"nothing is due: {self.picture()}"

    def picture(self) -> str:
        """Where every task stands, for a failing test."""
        return ", ".join(f"{task.task} {task.state} {task.reason!r}" for task in self.run.tasks.values())

    def hold_the_end(self) -> None:
        """What is true of a finished run's log."""
        kinds = Counter(type(event).__name__ for event, _ in self.history)
        assert kinds["RunFinished"] + kinds["RunCancelled"] == 1
        landings = Counter(event.task for event, _ in self.history if isinstance(event, e.TaskLanded))
        assert all(count == 1 for count in landings.values())
        assert fold(self.run.run, self.history) == self.run
        self.hold_policy()
        self.hold_climbs()

    def hold_policy(self) -> None:
        """No rung of a ladder is used more often than the policy says; the person may, by their own choice."""
        used: Counter[tuple[str, str, str]] = Counter()
        for event, _ in self.history:
            if isinstance(event, e.TaskRevised) and event.rule.startswith(f"{event.failure}: "):
                used[event.task, event.failure, event.reaction] += 1
                ladder = ladder_of(self.run, self.run.tasks[event.task], Failure(event.failure))
                most = max(step.times for step in ladder if step.reaction == event.reaction)
                assert used[event.task, event.failure, event.reaction] <= most
            elif isinstance(event, e.TaskRevised):
                assert event.rule == "you" or event.rule.startswith(("until: ", "cloud: "))

    def hold_climbs(self) -> None:
        """The policy never sends a task up into the same tier twice, and never to the cloud without permission."""
        climbs: Counter[tuple[str, str]] = Counter()
        for event, _ in self.history:
            if isinstance(event, e.TaskRevised) and event.reaction == "climb" and event.rule != "you":
                tier = self.run.roster[event.agent].ladder[event.rung].tier
                climbs[event.task, tier] += 1
        assert self.temper.wishes or all(count == 1 for count in climbs.values())

    # ---- playing ------------------------------------------------------------------------------------------------

    def run_to_the_end(self, **more: Any) -> Run:
        """Play until the run is over; every run is over some day."""
        self.record(started(self.flow, **more))
        for _ in range(STEPS):
            if self.run.is_over:
                break
            self.step()
        assert self.run.is_over, f"no end after {STEPS} steps: {self.picture()}"
        self.hold_the_end()
        return self.run

    def chance(self, share: float) -> bool:
        """Whether something of that chance happens now."""
        return self.luck.random() < share

    def step(self) -> None:
        """One thing happens."""
        if self.chance(self.temper.dying):
            self.die()
        elif self.chance(0.01):
            self.record(e.CloudPermitted(self.chance(0.5)))
        elif not self.run.is_unattended and self.temper.wishes and self.chance(self.temper.wishing):
            self.temper.wishes -= 1
            self.wish(self.luck.choice(WISHES))
        elif effects := due(self.run):
            self.answer_effect(self.luck.choice(effects))
        elif questions := self.run.open_approvals():
            self.answer_question(self.luck.choice(questions))
        else:
            self.go_on()

    def die(self) -> None:
        """The engine is killed and another one takes over."""
        self.epoch += 1
        cut = [task for task in self.run.tasks.values() if task.state is TaskState.RUNNING]
        before = {task.task: task for task in cut}
        self.record(e.RunResumed(self.epoch), *[e.TaskInterrupted(task.task, task.attempt) for task in cut])
        for name, old in before.items():
            now = self.run.tasks[name]
            assert (now.attempt, now.next_start, now.feedback) == (old.attempt - 1, old.start_commit, old.feedback)

    def go_on(self) -> None:
        """Only a pause holds the run back."""
        if self.run.status is RunStatus.PAUSED:
            self.record(e.RunContinued())
            return
        paused = [lane.task for lane in self.run.lanes.values() if lane.is_paused]
        assert paused, f"stuck: {self.picture()}"
        self.record(e.LaneContinued(paused[0]))

    # ---- effects ------------------------------------------------------------------------------------------------

    def answer_effect(self, effect: Effect) -> None:
        """One thing that is due happens, well or badly."""
        match effect:
            case Attempting():
                self.attempt(self.run.tasks[effect.task], effect.attempt)
            case Checking():
                self.check(effect)
            case Landing():
                self.land(self.run.tasks[effect.task])
            case Reaping():
                kept = e.LaneKept(effect.task, "it holds bytes")
                self.record(kept if self.chance(0.1) else e.LaneReaped(effect.task))

    def attempt(self, task: Task, attempt: int) -> None:
        """An attempt begins, or one that runs leads to something."""
        if task.state is not TaskState.RUNNING:
            self.begin(task, attempt)
        elif self.chance(self.temper.looping):
            self.record(e.LoopFound(task.task, "same call", "ls → ls → ls"))
        elif self.chance(0.03):
            self.overspend(task, attempt)
        elif self.chance(self.temper.failing):
            self.record(e.AttemptFailed(task.task, attempt, self.luck.choice(list(Failure)), "no luck"))
        elif task.spec.handoff and self.chance(0.4):
            to = self.luck.choice((*task.spec.handoff.to, task.spec.agent, "nobody"))
            self.record(handed_off(self.run, task, to, "not mine", self.luck.choice(("all I know", "it is yours"))))
        elif self.chance(self.temper.wrong_form):
            self.result(task, attempt, self.luck.choice(list(Role)))
        else:
            self.result(task, attempt, task.spec.role)

    def begin(self, task: Task, attempt: int) -> None:
        """What `engine.attempt` does before an agent works, and `engine.measuring` before a command runs."""
        if task.spec.command:
            self.record(e.TaskStarted(task.task, attempt, "", "", "", self.run.head, rung=-1))
            return
        rung = starting_rung(self.run, task)
        start = task.next_start or self.run.head
        ladder = self.run.roster[task.agent].ladder
        if rung < 0:
            self.record(
                e.TaskStarted(task.task, attempt, task.agent, "", "", start, rung=-1),
                e.AttemptFailed(task.task, attempt, Failure.UNKNOWN_MODEL, "no model"),
            )
            return
        if task.is_resolving:
            assert task.next_start, "a resolver begins from the work that conflicts"
        model = ladder[rung]
        self.record(
            e.LaneOpened(task.task, f"orchestra/lane/r1/{task.task}", f"/lanes/{task.task}", start),
            e.TaskStarted(task.task, attempt, task.agent, model.model, model.tier, start, rung=rung),
        )

    def overspend(self, task: Task, attempt: int) -> None:
        """A call costs something, and the next one does not fit into a budget."""
        cost = Spend(self.luck.randint(0, 900), self.luck.randint(0, 900))
        self.record(e.TurnStarted(task.task, 1, task.model, cost))
        if self.chance(0.7):
            self.record(e.TurnEnded(task.task, 1, TurnUsage(), charged=cost))
        node, dimension = self.luck.choice(("run", "task", "attempt")), self.luck.choice(list(Dimension))
        lacking = Refusal(node, dimension, 500, 100, 1_000, is_unpriced=self.chance(0.2))
        self.record(e.CallRefused(task.task, 2, lacking))
        self.record(e.AttemptFailed(task.task, attempt, Failure.BUDGET, "it is used up"))

    def result(self, task: Task, attempt: int, role: Role) -> None:
        """An agent's outcome of one form, be it the form that was asked for or not."""
        match role:
            case Role.PLAN:
                self.record(e.PlanProposed(task.task, self.plan(), task.agent))
            case Role.REVIEW:
                accepts = not self.chance(self.temper.rejecting)
                verdict = Verdict(accepts, "so it is", findings=(Finding("look here", "a.py", 3),))
                self.record(e.VerdictGiven(TaskId(task.spec.about), task.task, verdict))
            case Role.TEXT:
                answers = {name: self.answers(field) for name, field in task.spec.answers.items()}
                self.record(e.TaskProduced(task.task, attempt, "a text", "the text", answers=answers))
            case Role.COMMAND:
                number = self.luck.choice(("0", "1"))
                self.record(e.TaskProduced(task.task, attempt, "ran", "1", answers={"number": (number,)}))
            case Role.WORK:
                if self.chance(0.2):
                    self.record(e.FollowUpsProposed(task.task, attempt, self.plan()))
                self.record(self.work(task, attempt))

    def answers(self, field: Answer) -> tuple[str, ...]:
        """One of the words that are offered; a list of any length, its entries more than once."""
        words = field.choices or ("a.py", "b.py", "c.py")
        if not field.is_list:
            return (self.luck.choice(words),)
        return tuple(self.luck.choice(words) for _ in range(self.luck.randint(0, 4)))

    def work(self, task: Task, attempt: int) -> e.TaskProduced:
        """A commit, or none, with a tree of its own or one that somebody else made too."""
        if self.chance(0.1):
            return e.TaskProduced(task.task, attempt, "nothing to do")
        self.commits += 1
        tree = "shared" if self.chance(self.temper.sharing_trees) else f"t{self.commits}"
        outliving = ("Makefile",) if self.chance(0.1) else ()
        return e.TaskProduced(
            task.task, attempt, "did it", "", f"c{self.commits}", tree, ("a.py",), outliving=outliving
        )

    def plan(self) -> tuple[TaskSpec, ...]:
        """A plan, sound or not."""
        self.commits += 1
        names = [f"p{self.commits}-{number}" for number in range(self.luck.randint(0, 4))]
        tasks = []
        for index, name in enumerate(names):
            needs = [other for other in names[:index] if self.chance(0.4)]
            after = [other for other in names[:index] if self.chance(0.1)]
            tasks.append(spec(name, *needs, after=tuple(after)))
        if tasks and self.chance(0.2):
            tasks.append(spec("lost", "nobody"))
        assert len(tasks) < MAX_TASKS
        return tuple(tasks)

    def check(self, effect: Checking) -> None:
        """A check says something of a tree."""
        exit_code = self.luck.choice((1, 1, 2, 126)) if self.chance(self.temper.red) else 0
        number = self.luck.choice((None, 1.0, 2.0, 3.0))
        result = CheckResult(effect.check.run, effect.tree, exit_code, number, "output", metric=effect.check.metric)
        self.record(e.CheckFinished(effect.task, effect.place, result))

    def land(self, task: Task) -> None:
        """A landing leads on, conflicts, turns red or breaks."""
        if self.chance(self.temper.conflicting):
            self.record(
                e.LandConflicted(task.task, self.run.head, ("a.py",)),
                e.AttemptFailed(task.task, task.attempt, Failure.CONFLICT, "does not merge"),
            )
        elif self.chance(self.temper.red / 3):
            self.record(e.AttemptFailed(task.task, task.attempt, Failure.CHECK, "red after the merge", "", "merged"))
        elif self.chance(0.03):
            self.record(e.AttemptFailed(task.task, task.attempt, Failure.CRASHED, "KeyError"))
        else:
            self.commits += 1
            new = f"m{self.commits}"
            self.record(e.LandIntended(task.task, self.run.head, new, f"mt{self.commits}"))
            if self.chance(self.temper.dying):
                self.die()
            self.record(e.TaskLanded(task.task, self.run.branch, new, f"mt{self.commits}"))

    # ---- the person ---------------------------------------------------------------------------------------------

    def answer_question(self, asked: Approval) -> None:
        """The person answers; out of patience, they say what ends things."""
        final = {
            "plan": ("accept", "deny"),
            "outliving": ("allow", "deny"),
            "stuck": ("skip",),
            "budget": ("stop",),
            "gate": ("allow", "deny"),
            "vote": ("skip",),
            "check": ("allow", "deny"),
            "follow-ups": ("allow", "deny"),
        }
        options = asked.options if self.temper.wishes > 0 else final[asked.form]
        self.temper.wishes -= 1
        self.send("answer", approval=asked.approval, answer=self.luck.choice(options), words="so I say")

    def wish(self, kind: str) -> None:
        """Any wish about any task, allowed or not."""
        if self.chance(0.02):
            kind = "cancel_run"
        if kind == "answer":
            if questions := self.run.open_approvals():
                self.answer_question(self.luck.choice(questions))
            return
        names = ["", "nobody", *self.run.tasks]
        rung = self.luck.choice(("nudge", "retry", "reassign", "climb", "ask", "resolve", "fail", "dance"))
        self.send(
            kind,
            task=self.luck.choice(names),
            text="go on",
            rung=rung,
            form="same call",
            tasks=self.plan_as_sent(self.luck.choice(names) if kind == "graft" else ""),
            goal=self.luck.choice(("do it otherwise", " ", 7)),
            agent=self.luck.choice(("coder", "debugger", "reviewer", "nobody")),
            usd=self.luck.choice((0, 5, None, "much")),
        )

    def plan_as_sent(self, need: str = "") -> list[dict[str, object]]:
        """A plan as the terminal sends it; its first task may need one that is there already."""
        fields = ("task", "node", "role", "agent", "goal", "needs", "scope")
        sent = [{name: getattr(task, name) for name in fields} for task in self.plan()]
        if sent and need:
            sent[0]["needs"] = (need,)
        return sent

    def send(self, kind: str, **payload: object) -> None:
        """A wish goes to the core; a refusal always has a reason."""
        reply = grant(self.run, kind, payload)
        if isinstance(reply, Granted):
            assert reply.receipt
            self.record(*reply.events)
        else:
            assert reply.reason


def people(has_cloud_only: bool = False) -> dict[str, Any]:
    """A roster for a world; with cloud only, nobody can work until the cloud is allowed."""
    everybody = roster()
    ladder = everybody["coder"].ladder
    return {"roster": roster(ladder[2:] if has_cloud_only else ladder)}
