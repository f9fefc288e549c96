"""Commands of a flow: run by the engine on the run's branch as it stands, never by a model.

What such a command prints is the task's result, its exit code and number are typed answers that other nodes can branch
on. The same command on the same tree is asked once: its evidence stands, until somebody wants it tried again.
"""

from __future__ import annotations

from engine import events as e
from engine.checker import Checker
from engine.due import Attempting
from engine.journal import Journal
from engine.judge import judge, needs_before
from engine.state import Task
from engine.words import CheckResult, CheckSpec, Failure


async def measure(journal: Journal, checker: Checker, effect: Attempting) -> None:
    """Make one attempt at a task that is a command; ends with its result or its failure."""
    run, task = journal.run, journal.run.tasks[effect.task]
    spec = task.spec.command or CheckSpec("")
    await journal.record(e.TaskStarted(effect.task, effect.attempt, "", "", "", run.head, rung=-1))
    is_again = task.last_failure is not None
    result = await _asked(journal, checker, task, spec, run.head, run.head_tree, is_again)
    before = None
    if needs_before(spec, result, must_be_green=True):
        before = await _asked(journal, checker, task, spec, run.base_commit, run.base_tree)
    judgement = judge(spec, before, result, must_be_green=True)
    if not judgement.holds:
        why = f"`{spec.run}`: {judgement.reason}"
        await journal.record(e.AttemptFailed(effect.task, effect.attempt, Failure.CHECK, why, result.output))
        return
    number = "" if result.number is None else f"{result.number:g}"
    answers: dict[str, tuple[str, ...]] = {"exit_code": (str(result.exit_code),)}
    if number:
        answers["number"] = (number,)
    summary = f"`{spec.run}`: {judgement.reason}"
    await journal.record(e.TaskProduced(effect.task, effect.attempt, summary, result.output, answers=answers))


async def _asked(
    journal: Journal, checker: Checker, task: Task, spec: CheckSpec, commit: str, tree: str, is_again: bool = False
) -> CheckResult:
    known = None if is_again else journal.run.evidence_for(tree, spec)
    if known is None:
        known = await checker.run(spec, commit, tree)
        await journal.record(e.CheckFinished(task.task, "command", known))
    return known
