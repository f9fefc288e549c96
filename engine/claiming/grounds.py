"""What an attempt said, looked up before it becomes a fact: claims of a text, findings of a verdict."""

from __future__ import annotations

from engine import events as e
from engine.claiming.evidence import Ground
from engine.claiming.places import GitPlaces
from engine.claims import Resolved, resolve_all, resolve_findings
from engine.clean import clean_line
from engine.decision.sceptics import Standing, empty_verdict, lost_claims, stands, weighed
from engine.git.diffs import file_changes
from engine.git.snapshots import snapshot_tree
from engine.state import Lane, Run, Task
from engine.threads import in_thread
from engine.words import CheckResult, Claim, Failure, TaskId, Verdict
from engine.workspace import Workspace

REASON_CHARS = 300


async def heard(
    run: Run, task: Task, workspace: Workspace, claims: tuple[Claim, ...]
) -> tuple[Claim, ...] | e.AttemptFailed:
    """Claims with their lines put right, or the failed attempt that one of them makes it which was not found."""
    places = await in_thread(places_for, run, task, workspace)
    found = await in_thread(resolve_all, claims, places)
    if stands(found).standing is Standing.STANDS:
        return tuple(one.claim for one in found if isinstance(one, Resolved))
    line, feedback = lost_claims(found)
    return _failed(task, line, feedback)


async def judged(run: Run, task: Task, workspace: Workspace, verdict: Verdict) -> Verdict | e.AttemptFailed:
    """A verdict in which only what was found weighs, or the failed attempt of one that shows nothing."""
    places = await in_thread(places_for, run, task, workspace)
    found = await in_thread(resolve_findings, verdict.findings, places)
    subject = run.tasks.get(TaskId(task.spec.about), task)
    if feedback := empty_verdict(verdict, found, subject):
        word = "accepts" if verdict.accepts else "rejects"
        return _failed(task, f"{word}, and nothing that it names can be found: {verdict.summary}", feedback)
    return weighed(verdict, found)


def _failed(task: Task, line: str, feedback: str) -> e.AttemptFailed:
    return e.AttemptFailed(task.task, task.attempt, Failure.CLAIM, clean_line(line, REASON_CHARS), feedback)


def places_for(run: Run, task: Task, workspace: Workspace) -> GitPlaces:
    """Where the claims of a running attempt are looked up: the tree that it started from, with what ran on it."""
    git, commit = workspace.git, task.start_commit
    ran, void = _of_lane(run, task, workspace)
    ground = Ground(
        commit, git.text("rev-parse", f"{commit}^{{tree}}"), (*run.evidence.values(), *ran), _named(run), void
    )
    others = (other for other in run.tasks.values() if other.spec.writes and other.output)
    return GitPlaces(git, ground, frozenset(other.spec.writes for other in others))


def _named(run: Run) -> dict[str, str]:
    commands = {task.spec.task: task.spec.command.run for task in run.tasks.values() if task.spec.command}
    return commands | ({"check": run.check.run} if run.check else {})


def _of_lane(run: Run, task: Task, workspace: Workspace) -> tuple[tuple[CheckResult, ...], str]:
    """What the lane's commands did, unless files under them are not those of the tree any more."""
    ran = (run.lanes.get(task.task) or Lane(task.task)).ran
    changed = _changed(workspace, task.task, task.start_commit) if ran else ""
    return ((), f"commands of this lane do not count: {changed} was changed in it") if changed else (ran, "")


def _changed(workspace: Workspace, task: TaskId, commit: str) -> str:
    """A file of the tree that a lane holds otherwise; what is only added are mostly caches."""
    lane = workspace.worktrees.find(task)
    if lane is None or not lane.path.exists():
        return ""
    found = file_changes(workspace.git, commit, snapshot_tree(workspace.git, lane))
    return next((clean_line(change.path, 80) for change in found if change.status != "A"), "")
