"""Histories that look like real ones: for tests, for benchmarks, and to look at the screen by hand.

story()            one run in the middle of everything: a question, a loop, a proof, a queue, a failure
crowd(n)           n lanes that all stream
write(...)         a history into a store, as an engine would
feed(...)          streams text into a store at a steady rate, holding the lease

python -m tests.stubs.history --store /tmp/x/store.db --lanes 16 --rate 50 --seconds 60
python -m tests.stubs.history --store /tmp/x/store.db --story
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine import events as e
from engine.clock import SystemClock
from engine.codec import encode, kind_of
from engine.evolve import fold
from engine.flow import Flow, Node
from engine.state import Run
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.rows import ChunkDraft, EventDraft
from engine.words import (
    AgentCard,
    ApprovalId,
    CheckResult,
    CheckSpec,
    ContextPart,
    Failure,
    Reaction,
    Role,
    Rung,
    RunId,
    RunOutcome,
    TaskId,
    TaskSpec,
    TaskState,
    TurnUsage,
    Verdict,
)
from tui.picture import Piece

START = 1_763_700_000.0
"""Seconds since the epoch: when every history here begins."""

LOCAL = Rung("ollama/qwen3:4b", "quick", True, 16_384, "localhost:11434", 1)
LARGE = Rung("ollama/qwen3-coder:30b", "large", True, 32_768, "localhost:11434", 1)
CLOUD = Rung("anthropic/claude-sonnet-4-5", "cloud", False, 200_000, "api.anthropic.com", 4)

NAMES = ("planner", "coder", "reviewer", "tester", "documenter", "debugger", "quick-editor", "summariser")
ROSTER = {name: AgentCard(name, f"the {name}", (LOCAL, LARGE, CLOUD)) for name in NAMES} | {
    "reviewer": AgentCard("reviewer", "the reviewer", (CLOUD,)),
    "planner": AgentCard("planner", "the planner", (CLOUD,)),
}
FLOW = Flow(
    "build",
    "plan, code, review, land",
    (Node("plan", agent="planner", expand=True, grafts="work"), Node("work", edits=True)),
)
CHECK = CheckSpec("pytest -q", r"(\d+) failed", "<= before")

PROSE = """I'll look at `client.py` first, because the retry has to wrap the **transport**, not the session.

## Plan
- read `Client.request` and its callers
- add `RetryPolicy` with jitter
- cover 429 and 503 with tests

```diff
--- a/client.py
+++ b/client.py
@@ -41,6 +41,9 @@ class Client:
     def request(self, method: str, url: str) -> Response:
-        return self._transport.send(method, url)
+        for pause_s in self._policy.pauses():
+            response = self._transport.send(method, url)
+            if response.status not in RETRYABLE:
+                return response
```

The policy honours `Retry-After`. Next I run the tests to see what fails before I touch the session."""

SPOKEN = (
    "the retry loop must honour Retry-After and stop after five attempts because a server that is down stays down "
    "while `client.py` keeps a pool of connections; each test names what it promises and the transport is a fake "
    "that hangs at a known point so cancellation can be seen from outside without sleeping anywhere at all"
)
WORDS = SPOKEN.split()


@dataclass
class History:
    """Events with their times, and what lanes said."""

    run: RunId
    at: float = START
    events: list[tuple[e.Event, float]] = field(default_factory=list)
    said: list[Piece] = field(default_factory=list)

    def add(self, *events: e.Event, after_s: float = 1.0) -> None:
        """Facts of the next moment."""
        self.at += after_s
        self.events += [(event, self.at) for event in events]

    def say(self, task: str, text: str, stream: str = "text") -> None:
        """A lane says something."""
        self.said.append(Piece(task, stream, text))

    def fold(self) -> Run:
        """The state at the end."""
        return fold(self.run, self.events)


def began(run: str = "7", goal: str = "add retry with jitter to the HTTP client", tasks: int = 0) -> History:
    """A run that has just started, with `tasks` planned tasks."""
    history = History(RunId(run))
    started = e.RunStarted(goal, FLOW, ROSTER, "b" * 40, "c" * 40, "main", CHECK, sandbox="A", max_lanes=16)
    history.add(started)
    for number in range(1, tasks + 1):
        history.add(
            e.TaskAdded(TaskSpec(f"t{number}", "work", Role.WORK, "coder", "do it", f"part {number}")), after_s=0
        )
    return history


def start(history: History, task: str, agent: str, rung: Rung = LOCAL, turn: int = 3, used: int = 6_000) -> None:
    """A task begins and its lane is in a turn."""
    name = TaskId(task)
    history.add(e.LaneOpened(name, f"orchestra/7/{task}", f"/state/7/{task}", "b" * 40), after_s=0.2)
    history.add(e.TaskStarted(name, 1, agent, rung.model, rung.tier, "b" * 40), after_s=0.2)
    parts = (
        ContextPart("system", 900),
        ContextPart("rules", 420),
        ContextPart("files", used - 2_000),
        ContextPart("history", 680),
    )
    history.add(e.ContextMeasured(name, used, rung.window_tokens, rung.window_tokens * 2, parts), after_s=0.2)
    history.add(e.TurnStarted(name, turn, rung.model), after_s=0.2)


def story() -> History:
    """A run in the middle of everything."""
    history = began()
    specs = (
        TaskSpec("plan", "plan", Role.PLAN, "planner", "plan it", "plan"),
        TaskSpec("parser", "work", Role.WORK, "coder", "parse Retry-After", "parse Retry-After"),
        TaskSpec("client", "work", Role.WORK, "coder", "retry loop", "retry loop in the client"),
        TaskSpec("docs", "work", Role.WORK, "documenter", "docs", "document the policy"),
        TaskSpec("bench", "work", Role.WORK, "tester", "benchmark", "benchmark the overhead"),
        TaskSpec("session", "work", Role.WORK, "debugger", "session", "session keeps cookies"),
        TaskSpec("changelog", "work", Role.WORK, "quick-editor", "changelog", "changelog entry", needs=("client",)),
    )
    history.add(e.TaskAdded(specs[0]))
    start(history, "plan", "planner", CLOUD, 1, 9_000)
    history.say("plan", "Five parts, of which the client and the session touch the same file; docs follow.\n")
    usage = TurnUsage(9_000, 0, 800, 12.0, 1.0, 0.08)
    history.add(e.TurnEnded(TaskId("plan"), 1, usage), e.PlanProposed(TaskId("plan"), specs[1:], "planner"), after_s=12)
    history.add(e.PlanAccepted(TaskId("plan"), specs[1:]), e.TaskDone(TaskId("plan")), after_s=8)
    history.add(*(e.TaskAdded(spec) for spec in specs[1:]))
    _parser_is_proven(history)
    _client_streams(history)
    _docs_asks(history)
    _session_loops(history)
    _bench_waits(history)
    return history


def _parser_is_proven(history: History) -> None:
    task = TaskId("parser")
    start(history, "parser", "coder", LOCAL, 4, 7_400)
    history.say("parser", "`Retry-After` is either seconds or a date; both are parsed now.\n")
    usage = TurnUsage(7_400, 5_000, 640, 21.0, 0.7)
    produced = e.TaskProduced(
        task,
        1,
        "parses seconds and dates",
        commit="d" * 40,
        tree="e" * 40,
        files=("retry.py", "tests/test_retry.py"),
        insertions=48,
        deletions=3,
    )
    before, after = (
        CheckResult("pytest -q", tree, code, number, f"{number:g} failed", duration_s=3.2)
        for tree, code, number in (("c" * 40, 1, 3.0), ("e" * 40, 0, 0.0))
    )
    history.add(e.TurnEnded(task, 4, usage), produced, after_s=20)
    history.add(e.TaskMoved(task, TaskState.CHECKING), after_s=1)
    history.add(e.CheckFinished(TaskId(""), "base", before), e.CheckFinished(task, "task", after), after_s=3)
    history.add(e.TaskVerified(task, after, "pytest -q: 3 failed → 0 failed"), after_s=0)
    review = TaskSpec(
        "parser.review1", "review", Role.REVIEW, "reviewer", "review it", "review parse Retry-After", about="parser"
    )
    history.add(e.TaskMoved(task, TaskState.REVIEWING), e.TaskAdded(review), after_s=1)
    start(history, "parser.review1", "reviewer", CLOUD, 1, 8_200)
    history.say("parser.review1", "Read both branches; the date form is tested with a fixed clock. I accept.\n")
    verdict = Verdict(True, "small, tested, no surprises", "d" * 40)
    history.add(
        e.VerdictGiven(task, TaskId("parser.review1"), verdict), e.TaskDone(TaskId("parser.review1")), after_s=9
    )
    history.add(
        e.TaskMoved(task, TaskState.LANDING), e.TaskLanded(task, "orchestra/7", "f" * 40, "e" * 40), e.TaskDone(task)
    )


def _client_streams(history: History) -> None:
    start(history, "client", "coder", LARGE, 3, 12_100)
    history.say("client", "The user wants the loop around the transport, so the session stays as it is.\n", "thinking")
    history.say("client", PROSE + "\n")
    history.say("client", "$ pytest -q tests/test_client.py\n", "tool")
    history.say("client", "2 failed, 39 passed in 3.12s\n", "tool")
    history.say("client", "Two tests fail because the fake transport has no `Retry-After`; I add it to the")


def _docs_asks(history: History) -> None:
    start(history, "docs", "documenter", LOCAL, 2, 3_100)
    history.say("docs", "The page is written. To be sure that its examples run, I want to execute them.\n")
    asked = e.ApprovalAsked(
        ApprovalId("ask-1"),
        TaskId("docs"),
        "command",
        "run `npm test`?",
        "It wants to run the examples of the page.",
        "npm test -- --grep retry",
        "In the lane's worktree, no network, tier A.",
        ("allow", "always", "deny", "reject"),
    )
    history.add(asked)


def _session_loops(history: History) -> None:
    start(history, "session", "debugger", LOCAL, 9, 14_000)
    history.say("session", "Let me run the test again to see whether the cookie is kept now.\n")
    history.add(
        e.LoopFound(
            TaskId("session"),
            "same check, same result",
            "test_session_keeps_cookies fails the same way after 4 edits",
            0.9,
        )
    )


def _bench_waits(history: History) -> None:
    start(history, "bench", "tester", LOCAL, 1, 2_048)
    history.add(e.TurnEnded(TaskId("bench"), 1, TurnUsage(2_048, 0, 300, 9.0, 0.4)))
    history.add(e.TurnQueued(TaskId("bench"), LOCAL.model, LOCAL.host, 2))


def crowd(lanes: int) -> History:
    """Many lanes that all stream."""
    history = began("crowd", "keep every lane busy", lanes)
    for number in range(1, lanes + 1):
        start(history, f"t{number}", "coder", LOCAL, 1, 1_000 + 700 * number)
    return history


def planned() -> History:
    """A run whose plan waits for the person."""
    history = began("9", "split the parser")
    spec = TaskSpec("plan", "plan", Role.PLAN, "planner", "plan it", "plan")
    tasks = tuple(
        TaskSpec(f"part{n}", "work", Role.WORK, "coder", f"do part {n}", f"part {n}", scope=(f"src/{n}/**",))
        for n in range(1, 4)
    )
    history.add(e.TaskAdded(spec))
    start(history, "plan", "planner", CLOUD, 1, 9_000)
    body = "\n".join(f"{task.task} · {task.agent} · {task.title}" for task in tasks)
    asked = e.ApprovalAsked(
        ApprovalId("ask-plan"),
        TaskId("plan"),
        "plan",
        "Plan with 3 tasks",
        "Three parts that do not touch.",
        body,
        "Nothing has been changed yet.",
        ("accept", "edit", "reject", "deny"),
    )
    history.add(
        e.PlanProposed(TaskId("plan"), tasks, "planner"),
        asked,
        e.TaskWaiting(TaskId("plan"), asked.approval, "the plan waits"),
    )
    return history


def finished() -> History:
    """A run that ended well, with one task that failed first."""
    history = story()
    failed = e.AttemptFailed(TaskId("session"), 1, Failure.STUCK, "the same check failed four times")
    history.add(
        failed,
        e.TaskRevised(
            TaskId("session"), Failure.STUCK, Reaction.CLIMB, "stuck", "climbed to a stronger model", "debugger", 2
        ),
    )
    history.add(
        e.TaskFailed(TaskId("session"), "no stronger model is allowed here"),
        e.ApprovalAnswered(ApprovalId("ask-1"), "allow"),
    )
    history.add(e.RunFinished(RunOutcome.PROVEN, "pytest -q: 3 failed → 0 failed", "orchestra/7", "f" * 40), after_s=60)
    return history


def write(path: Path, *histories: History) -> None:
    """Histories into a store, as an engine would have left them."""
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        for history in histories:
            _write(log, history)


def _write(log: EventLog, history: History) -> None:
    log.append([EventDraft(history.run, at, kind_of(event), encode(event)) for event, at in history.events]).result()
    log.write_chunks([ChunkDraft(history.run, piece.task, "1", 1, piece.stream, piece.text) for piece in history.said])


def tokens(seed: int) -> Iterator[str]:
    """An endless stream of word-sized tokens with a line break now and then."""
    dice = random.Random(seed)
    while True:
        yield dice.choice(WORDS) + ("\n\n" if dice.random() < 0.02 else " ")


def feed(path: Path, lanes: int, rate: float, seconds: float, history: History | None = None) -> None:
    """Stream tokens into a store for a while: `rate` tokens per second in each lane."""
    history = history or crowd(lanes)
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        # After the lease, as the facts of an engine are: else the run would be one that it does not play.
        now = time.time()  # noqa: TID251  # a stream for the eye happens now
        history.events = [(event, at - history.at + now) for event, at in history.events]
        speakers = [task for task in history.fold().lanes][-lanes:]
        streams = {lane: tokens(number) for number, lane in enumerate(speakers)}
        _write(log, history)
        _stream(log, history, streams, rate, seconds)


def _stream(log: EventLog, history: History, streams: dict[TaskId, Iterator[str]], rate: float, seconds: float) -> None:
    began_at = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - began_at) < seconds:
        due = int(passed * rate)
        for lane, stream in streams.items():
            text = "".join(next(stream) for _ in range(due - sent))
            if text:
                log.write_chunks([ChunkDraft(history.run, lane, "1", 1, "text", text)])
        sent = due
        time.sleep(0.02)


def main() -> None:
    """Feed a store from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--story", action="store_true")
    options = parser.parse_args()
    feed(options.store, options.lanes, options.rate, options.seconds, story() if options.story else None)


if __name__ == "__main__":
    main()
