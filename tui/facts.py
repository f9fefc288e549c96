"""Events as lines a person can read: the journal of a lane.

One sentence per kind where the words matter; every other kind shows its name and its short fields, so a
new kind is never invisible.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import events as e
from engine.budget import Dimension
from engine.decision.budget_question import amount, refusal_text
from engine.event import Event
from engine.state import Run
from engine.words import Role
from tui.cells import tidy_line
from tui.picture import Fact

_LIMIT = 400


def fact_of(seq: int, at: float, event: Event, run: Run | None = None) -> Fact:
    """An event as one clean line.

    In: run, in which an answer finds the task of its question.
    """
    sentence, role = _SENTENCES.get(type(event), (_plainly, "base"))
    text = tidy_line(_handed_off(event, run) if isinstance(event, e.TaskHandedOff) else sentence(event))
    is_dim = isinstance(event, e.TaskSkipped) and event.is_passed
    return Fact(seq, at, _task_of(event, run), text[:_LIMIT], "dim" if is_dim else role)


def _task_of(event: Event, run: Run | None) -> str:
    if isinstance(event, e.TaskAdded):
        return event.spec.task
    if isinstance(event, e.ApprovalAnswered | e.ApprovalWithdrawn) and run and event.approval in run.approvals:
        return run.approvals[event.approval].task
    return str(getattr(event, "task", ""))


def _plainly(event: Any) -> str:
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(event).__name__).strip()
    fields = [
        f"{field}={value}"
        for field in event.__struct_fields__
        if field != "task" and isinstance(value := getattr(event, field), str | int | float) and value not in ("", 0)
    ]
    return f"{name}  {'  '.join(fields)}"


def _check(event: e.CheckFinished) -> str:
    result = event.result
    number = f", number {result.number:g}" if result.number is not None else ""
    return f"check on {event.place}: {result.command} exited {result.exit_code}{number} after {result.duration_s:.1f} s"


def _turn_ended(event: e.TurnEnded) -> str:
    usage = event.usage
    cost = f", ${usage.cost_usd:.4f}" if usage.cost_usd else ""
    read, written = usage.prompt_tokens, usage.output_tokens
    return f"turn {event.turn} ended: {read} tokens read, {written} written, {usage.duration_s:.1f} s{cost}"


def _turn_failed(event: e.TurnFailed) -> str:
    again = f"; again in {event.retry_in_s:.0f} s" if event.retry_in_s >= 0 else ""
    return f"turn {event.turn} failed: {event.reason}{again}"


def _verdict(event: e.VerdictGiven) -> str:
    count = len(event.verdict.findings)
    word = "accepts" if event.verdict.accepts else f"sends back with {count} finding{'' if count == 1 else 's'}"
    return f"review {word}: {event.verdict.summary}"


def _run_started(event: e.RunStarted) -> str:
    why = f" · {event.route_reason}" if event.route_reason else ""
    return f"run started: {event.goal}{why}"


def _added(event: e.TaskAdded) -> str:
    spec = event.spec
    whom = {Role.GATE: "your word", Role.VOTE: "a count of voices", Role.COMMAND: "the engine"}.get(spec.role)
    return f"task added for {whom or spec.agent}: {spec.title or spec.task}"


def _extended(event: e.PlanExtended) -> str:
    names = ", ".join(spec.title or spec.task for spec in event.tasks)
    who = "you" if event.by == "person" else event.by
    return f"plan extended by {who}: {names}"


def _handed_off(event: e.TaskHandedOff, run: Run | None = None) -> str:
    task = run.tasks.get(event.task) if run else None
    who = task.hops[-1] if task and task.hops else ""
    return f"{who} hands it to {event.to}: {event.reason}" if who else f"handed to {event.to}: {event.reason}"


def _counted(event: e.VoteCounted) -> str:
    voices = ", ".join(f"{choice} {count}" for choice, count in event.counts.items())
    return f"vote: {event.choice} ({voices}; {event.quorum} needed)"


def _skipped(event: e.TaskSkipped) -> str:
    return f"{'passed over' if event.is_passed else 'skipped'}: {event.reason}"


def _nudged(event: e.LoopNudged) -> str:
    return f"nudged: {event.reason}" + (f" [{event.rule}]" if event.rule else "")


def _loop(event: e.LoopFound) -> str:
    who = " by you" if event.by == "person" else ""
    sure = "" if event.confidence >= 1.0 or who else f", {event.confidence * 100:.0f} % sure"
    return f"loop{who} ({event.form}{sure}): {event.evidence}"


def _forgiven(event: e.LoopForgiven) -> str:
    return f"not a loop, you say: {event.form}" + (f" with {event.subject}" if event.subject else "")


def _cut(event: e.TaskInterrupted) -> str:
    kept = " (what was unsaved is kept)" if event.saved else ""
    return f"attempt {event.attempt} was cut when the engine stopped and starts anew{kept}"


def _check_chosen(event: e.CheckChosen) -> str:
    return f"the check is `{event.check.run}`" if event.check else "no check: results stay claims"


def _answers(event: e.TaskProduced) -> str:
    given = (f"{name}={', '.join(words) or 'nothing'}" for name, words in event.answers.items())
    return f"answers {'  '.join(given)}"


def _produced(event: e.TaskProduced) -> str:
    if event.answers:
        return f"{_answers(event)}: {event.summary}" if event.summary else _answers(event)
    if not event.files:
        found = f" ({len(event.claims)} of {len(event.claims)} claims found)" if event.claims else ""
        return f"says: {event.summary}{found}"
    changed = f"{len(event.files)} file{'s' if len(event.files) > 1 else ''}, +{event.insertions} −{event.deletions}"
    return f"claims a result: {event.summary} ({changed})"


def _warned(event: e.BudgetWarned) -> str:
    spent, cap = amount(event.spent, event.dimension), amount(event.cap, event.dimension)
    return f"{event.per_cent} % of the budget is used ({event.node}): {spent} of {cap}"


def _budget_set(event: e.BudgetSet) -> str:
    run = event.budget.run
    caps = [amount(cap, dimension) for dimension in Dimension if (cap := run.of(dimension)) is not None]
    return f"{'raised' if event.is_raise else 'set'} by {event.by}: the run may spend {', '.join(caps) or 'anything'}"


def _started(event: e.TaskStarted) -> str:
    why = f" · {event.reason}" if event.reason else ""
    return f"attempt {event.attempt} by {event.agent} on {event.model}{why}"


_SENTENCES: dict[type[Event], tuple[Callable[[Any], str], str]] = {
    e.RunStarted: (_run_started, "accent"),
    e.RunFinished: (lambda event: f"run finished, {event.outcome}: {event.reason}", "accent"),
    e.RunResumed: (lambda event: f"resumed by engine {event.epoch}", "accent"),
    e.RunCancelled: (lambda event: f"run cancelled: {event.reason}", "dim"),
    e.RunPaused: (lambda _: "all lanes pause at their next turn", "paused"),
    e.RunContinued: (lambda _: "all lanes go on", "paused"),
    e.PlanProposed: (lambda event: f"proposes a plan of {len(event.tasks)} tasks: {event.remark}", "claimed"),
    e.PlanRefused: (lambda event: f"the plan cannot run: {'; '.join(event.reasons)}", "failed"),
    e.PlanAccepted: (
        lambda event: f"plan of {len(event.tasks)} tasks accepted by {'you' if event.by == 'person' else event.by}",
        "accent",
    ),
    e.FollowUpsProposed: (
        lambda event: f"proposes besides: {', '.join(spec.title or spec.task for spec in event.tasks)}",
        "accent",
    ),
    e.TaskRespecified: (lambda event: f"told anew: {event.spec.title or event.spec.goal}", "accent"),
    e.PlanExtended: (_extended, "accent"),
    e.TaskAdded: (_added, "dim"),
    e.TaskHandedOff: (_handed_off, "note"),
    e.TaskInterrupted: (_cut, "paused"),
    e.VoteCounted: (_counted, "proven"),
    e.OutcomeLearned: (lambda event: f"the router learned from {len(event.outcomes)} outcomes", "dim"),
    e.LaneOpened: (lambda event: f"lane opened on branch {event.branch}", "dim"),
    e.LaneReaped: (lambda _: "lane removed: nothing in it was unsaved", "dim"),
    e.LanePaused: (lambda _: "paused by you at its next turn", "paused"),
    e.LaneContinued: (lambda _: "goes on", "paused"),
    e.LandIntended: (lambda event: f"about to land {event.new[:10]}", "dim"),
    e.TaskStarted: (_started, "running"),
    e.TaskProduced: (_produced, "claimed"),
    e.TaskUnverified: (lambda _: "no check applies: the result stays a claim", "claimed"),
    e.LaneKept: (lambda event: f"its worktree stays: {event.reason}", "warning"),
    e.NoteTaken: (lambda event: f"{event.agent} notes: {event.text}", "note"),
    e.CheckChosen: (_check_chosen, "accent"),
    e.FileTrusted: (lambda event: f"you trust {event.path}", "accent"),
    e.LoopExcused: (lambda event: f"not a loop here from now on: {event.form} with {event.subject}", "looping"),
    e.TaskVerified: (lambda event: f"check holds: {event.reason}", "proven"),
    e.TaskMoved: (lambda event: f"goes on to {event.to}", "dim"),
    e.TaskDone: (lambda _: "done", "proven"),
    e.TaskFailed: (lambda event: f"failed: {event.reason}", "failed"),
    e.TaskSkipped: (_skipped, "warning"),
    e.TaskCancelled: (lambda _: "cancelled by you", "dim"),
    e.TaskWaiting: (lambda event: f"waits for you: {event.reason}", "asks"),
    e.AttemptFailed: (lambda event: f"attempt {event.attempt} failed ({event.failure}): {event.reason}", "failed"),
    e.TaskRevised: (lambda event: f"{event.reaction}: {event.reason} [{event.rule}]", "paused"),
    e.TurnQueued: (lambda event: f"queued at {event.host} for {event.model}, {event.ahead} ahead", "dim"),
    e.TurnStarted: (lambda event: f"turn {event.turn} on {event.model}", "base"),
    e.TurnEnded: (_turn_ended, "base"),
    e.TurnFailed: (_turn_failed, "failed"),
    e.CallRefused: (lambda event: f"not sent: {refusal_text(event.refusal, 'the model')}", "warning"),
    e.TimeHeld: (lambda event: f"takes {event.ms / 1000:.0f} s more of the budget", "dim"),
    e.BudgetWarned: (_warned, "warning"),
    e.BudgetSet: (_budget_set, "accent"),
    e.CloudPermitted: (
        lambda event: "cloud models are allowed" if event.allowed else "cloud models are not allowed any more",
        "accent",
    ),
    e.ContextMeasured: (lambda event: f"context {event.used_tokens} of {event.effective_tokens} tokens", "dim"),
    e.ContextCompacted: (
        lambda event: f"context compacted from {event.before_tokens} to {event.after_tokens} tokens",
        "warning",
    ),
    e.ContextTruncated: (
        lambda event: f"TRUNCATED: sent {event.sent_tokens} tokens, the server read {event.read_tokens}",
        "error",
    ),
    e.ToolCalled: (lambda event: event.line or event.tool, "tool"),
    e.ToolFinished: (lambda event: f"{'failed' if event.is_error else 'ok'}: {event.line}", "tool"),
    e.Steered: (lambda event: f"you: {event.text}", "note"),
    e.SteerDelivered: (lambda event: f"your words were read in turn {event.turn}", "note"),
    e.LoopFound: (_loop, "looping"),
    e.LoopNudged: (_nudged, "looping"),
    e.LoopForgiven: (_forgiven, "looping"),
    e.CheckFinished: (_check, "checking"),
    e.VerdictGiven: (_verdict, "checking"),
    e.TaskLanded: (lambda event: f"landed on {event.branch} as {event.commit[:10]}", "proven"),
    e.LandConflicted: (lambda event: f"conflicts in {', '.join(event.files)}", "failed"),
    e.ApprovalAsked: (lambda event: f"asks you: {event.title}", "asks"),
    e.ApprovalAnswered: (
        lambda event: f"{'you' if event.by == 'person' else event.by}: {event.answer} {event.words}",
        "asks",
    ),
    e.ApprovalWithdrawn: (lambda _: "the question does not matter any more", "dim"),
}
