"""Commands of a flow: run once on each tree, and once more whenever somebody wants it."""

from __future__ import annotations

from typing import cast

from engine import events as e
from engine.checker import Checker
from engine.due import Attempting
from engine.flow import Flow, Node
from engine.journal import Journal
from engine.measuring import measure
from engine.state import Run
from engine.wishes import Granted, grant
from engine.words import CheckResult, CheckSpec, RunId, TaskId, TaskState
from tests.stubs.clock import FakeClock
from tests.stubs.ledger import MemoryLedger
from tests.stubs.runs import started

ONE, TWO = TaskId("one"), TaskId("two")
BENCH = CheckSpec("bench", r"(\d+)")


class Machine:
    """A checker whose command ends as the test says."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    async def run(self, check: CheckSpec, commit: str, tree: str) -> CheckResult:
        return CheckResult(check.run, tree, self.codes.pop(0), 7.0, "7", metric=check.metric)


async def begun(*nodes: Node) -> Journal:
    journal = Journal(MemoryLedger(), FakeClock(), Run(RunId("r1")))
    await journal.record(started(Flow("flow", "", nodes), check=None))
    return journal


async def attempt(journal: Journal, machine: Machine, task: TaskId) -> TaskState:
    effect = Attempting(task, journal.run.tasks[task].attempt + 1)
    await measure(journal, cast(Checker, machine), effect)
    return journal.run.tasks[task].state


async def test_the_same_command_on_the_same_tree_runs_once() -> None:
    journal, machine = await begun(Node("one", run=BENCH), Node("two", run=BENCH)), Machine(0)
    assert await attempt(journal, machine, ONE) is TaskState.DONE
    assert await attempt(journal, machine, TWO) is TaskState.DONE
    assert journal.run.tasks[TWO].answers == {"exit_code": ("0",), "number": ("7",)}


async def test_a_command_that_failed_runs_again_when_it_is_tried_again() -> None:
    journal, machine = await begun(Node("one", run=BENCH)), Machine(1, 1, 0)
    assert await attempt(journal, machine, ONE) is TaskState.REVISING, "the policy tries it once more"
    assert await attempt(journal, machine, ONE) is TaskState.WAITING
    asked = journal.run.open_approvals()[0]
    reply = grant(journal.run, "answer", {"approval": asked.approval, "answer": "retry"})
    assert isinstance(reply, Granted)
    await journal.record(*reply.events)
    assert await attempt(journal, machine, ONE) is TaskState.DONE


async def test_a_command_that_was_cut_is_not_asked_twice_for_what_it_said() -> None:
    journal, machine = await begun(Node("one", run=BENCH)), Machine()
    await journal.record(e.TaskStarted(ONE, 1, "", "", "", "c0", rung=-1))
    await journal.record(e.CheckFinished(ONE, "command", CheckResult("bench", "t0", 0, 7.0, "7", metric=BENCH.metric)))
    await journal.record(e.RunResumed(2), e.TaskInterrupted(ONE, 1))
    assert await attempt(journal, machine, ONE) is TaskState.DONE
