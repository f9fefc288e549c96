"""What a lane has changed so far: its commit when there is one, its worktree as it is now otherwise."""

from __future__ import annotations

from engine.clean import clean
from engine.errors import OrchestraError
from engine.evolve import fold
from engine.journal import history_of
from engine.places import Places
from engine.store.reader import LogReader
from engine.words import RunId, TaskId

DIFF_BYTES = 400_000


def lane_diff(places: Places, run_id: str, task_id: str) -> str:
    """A task's diff against where it began, cleaned.

    Raises: OrchestraError when there is nothing to compare.
    """
    from engine.git.diffs import diff
    from engine.git.repository import open_repository
    from engine.git.worktrees import Worktrees

    with LogReader(places.store) as reader:
        run = fold(RunId(run_id), history_of(reader.history(run_id)))
    task = run.tasks.get(TaskId(task_id))
    if task is None:
        raise OrchestraError(f"{run_id} has no task {task_id}")
    subject = run.tasks.get(TaskId(task.spec.about)) or task
    git = open_repository(places.root)
    if subject.commit:
        base = git.text("merge-base", run.base_commit, subject.commit)
        return clean(diff(git, base, subject.commit, DIFF_BYTES).patch)
    worktree = Worktrees(git, places.home / "lanes", run.run).find(task_id)
    if worktree is None or not subject.start_commit:
        raise OrchestraError("this lane has no files of its own")
    return clean(diff(git, subject.start_commit, worktree, DIFF_BYTES).patch)
