"""Reviews: every watching node judges each result, in as many seats as it has; all must accept. Pure."""

from __future__ import annotations

from typing import NamedTuple

from engine import events as e
from engine.decision import sceptics
from engine.flow import Node
from engine.graph import current_reviews, watchers
from engine.growth import review_tasks
from engine.identity import approval_id
from engine.state import Run, Task
from engine.words import Failure, Role, TaskId, TaskState, Verdict


class Judgement(NamedTuple):
    """How one watching node stands to a result."""

    node: Node
    is_accepted: bool
    is_rejected: bool
    is_lost: bool
    """Nobody is left who could judge."""


def to_review(run: Run, task: Task) -> tuple[e.Event, ...]:
    """Send a result to everybody who watches it; empty when nobody does."""
    reviews = () if task.is_resolving else review_tasks(run, task)
    if not reviews:
        return ()
    return (e.TaskMoved(task.task, TaskState.REVIEWING), *map(e.TaskAdded, reviews))


def on_verdict(run: Run, event: e.VerdictGiven) -> tuple[e.Event, ...]:
    """A verdict is a voice of its node; together they send work on or back to its author."""
    review = run.tasks.get(event.review)
    if review is None or review.state is not TaskState.PRODUCED:
        return ()
    if review.spec.role is not Role.REVIEW:
        why = "a verdict came where none was asked for"
        return (e.AttemptFailed(review.task, review.attempt, Failure.MALFORMED, why),)
    # The review's own end leads to what its verdict means: `settle_review`.
    return (e.TaskDone(event.review),)


def settle_review(run: Run, subject: TaskId) -> tuple[e.Event, ...]:
    """What follows from all that was said of a result so far; nothing while that is open."""
    task = run.tasks.get(subject)
    if task is None or task.state is not TaskState.REVIEWING:
        return ()
    stands = [_stand(run, task, node) for node in watchers(run, task)]
    if third := _third_judge(run, task, stands):
        return third
    led_to = _outcome(run, task, stands)
    reviews = (review for stand in stands for review in current_reviews(run, task, stand.node)) if led_to else ()
    # Who is still at it is stopped first, one at a time: each of them comes back here, and what is decided stays so.
    is_open = next((one for one in reviews if not one.is_settled), None)
    return (e.TaskSkipped(is_open.task, "judged without it", is_passed=True),) if is_open else led_to


def _outcome(run: Run, task: Task, stands: list[Judgement]) -> tuple[e.Event, ...]:
    if any(stand.is_rejected for stand in stands):
        return _send_back(run, task, [stand.node for stand in stands if stand.is_rejected])
    lost = [stand for stand in stands if stand.is_lost]
    if lost and not task.is_proven:
        reviews = [review for stand in lost for review in current_reviews(run, task, stand.node)]
        silent = "it was agreed to without new evidence" if any(one.verdict for one in reviews) else "nobody judged it"
        why = next((review.reason for review in reviews if review.reason), silent)
        return (e.TaskFailed(task.task, f"could not be reviewed: {why}"),)
    return to_landing(task, run) if all(stand.is_accepted or stand.is_lost for stand in stands) else ()


def _third_judge(run: Run, task: Task, stands: list[Judgement]) -> tuple[e.Event, ...]:
    """Between an author and a sceptic who both show evidence, another model judges before the person is asked."""
    against = [stand.node for stand in stands if stand.is_rejected]
    if not all(sceptics.is_disputed(run, task, node) for node in against):
        return ()
    thirds = (sceptics.third_review(run, task, node) for node in against)
    return tuple(e.TaskAdded(third) for third in thirds if third)


def to_landing(task: Task, run: Run) -> tuple[e.Event, ...]:
    """Send accepted work to be landed, past the person when it changes files that outlive it; a text is done."""
    if task.spec.role is not Role.WORK:
        return (e.TaskDone(task.task),)
    if not task.outliving:
        return (e.TaskMoved(task.task, TaskState.LANDING),)
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, "outliving", task.commit),
        task.task,
        "outliving",
        f"{task.spec.title or task.task} changes files that act after it is over",
        "Such files steer tools, tests or agents from now on: " + ", ".join(task.outliving),
        task.commit,
        "Landing puts them on the run's branch; your own branch stays as it is.",
        ("allow", "reject", "deny"),
    )
    return (ask, e.TaskWaiting(task.task, ask.approval, "waits for your word on files that outlive it"))


def _stand(run: Run, task: Task, node: Node) -> Judgement:
    reviews = current_reviews(run, task, node)
    seats = max(len(reviews), 1)
    quorum = (node.vote.quorum if node.vote else 0) or seats // 2 + 1
    if reviews and sceptics.is_sceptical(run, node):
        return Judgement(node, *sceptics.tally(task, reviews, quorum))
    verdicts = [review.verdict for review in reviews if review.state is TaskState.DONE and review.verdict]
    accepts = sum(verdict.accepts for verdict in verdicts)
    still_open = sum(not review.is_settled for review in reviews)
    is_over = accepts + still_open < quorum
    has_rejection = accepts < len(verdicts)
    return Judgement(node, accepts >= quorum, is_over and has_rejection, is_over and not has_rejection)


def _send_back(run: Run, task: Task, nodes: list[Node]) -> tuple[e.Event, ...]:
    rejections = [
        review.verdict
        for node in nodes
        for review in current_reviews(run, task, node)
        if review.verdict and not review.verdict.accepts
    ]
    if all(sceptics.is_disputed(run, task, node) for node in nodes):
        why = sceptics.dispute(run, task, nodes)
        return (e.AttemptFailed(task.task, task.attempt, Failure.DISPUTE, why, _points(rejections)),)
    reason = "; ".join(dict.fromkeys(verdict.summary for verdict in rejections))
    own = run.node_of(task)
    if own and own.until and task.review_round >= own.until.max:
        never = f"{own.until.critic} did not agree in {task.review_round} rounds: {reason}"
        return (e.AttemptFailed(task.task, task.attempt, Failure.DISPUTE, never, _points(rejections)),)
    return (e.AttemptFailed(task.task, task.attempt, Failure.REVIEW, reason, _points(rejections)),)


def _points(rejections: list[Verdict]) -> str:
    blocks = []
    for verdict in rejections:
        points = [f"- {f.path}:{f.line}: {f.text}" if f.path else f"- {f.text}" for f in verdict.findings]
        blocks.append("A reviewer sent the work back: " + verdict.summary + "\n" + "\n".join(points))
    return "\n\n".join(blocks)
