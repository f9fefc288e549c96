"""Events of lanes, turns, tools, loops, checks, landings and the person."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.evolution.parts import add_usage, change, lane_of, move, with_lane
from engine.state import Approval, LoopSeen, Run, Tool, evidence_key
from engine.words import CheckSpec, TaskId, TaskState


def lane_opened(run: Run, event: e.LaneOpened, at: float) -> Run:
    lane = replace(
        lane_of(run, event.task), branch=event.branch, worktree=event.worktree, opened_at=at, is_reaped=False, kept=""
    )
    return with_lane(run, lane, at)


def lane_reaped(run: Run, event: e.LaneReaped, at: float) -> Run:
    return with_lane(run, replace(lane_of(run, event.task), is_reaped=True), at)


def lane_kept(run: Run, event: e.LaneKept, at: float) -> Run:
    return with_lane(run, replace(lane_of(run, event.task), kept=event.reason), at)


def turn_queued(run: Run, event: e.TurnQueued, at: float) -> Run:
    lane = replace(lane_of(run, event.task), queued_at=at, queued_host=event.host, in_turn=False, model=event.model)
    return with_lane(run, lane, at)


def turn_started(run: Run, event: e.TurnStarted, at: float) -> Run:
    lane = replace(
        lane_of(run, event.task),
        turn=event.turn,
        in_turn=True,
        queued_at=0.0,
        turn_started_at=at,
        model=event.model,
    )
    return with_lane(run, lane, at)


def turn_ended(run: Run, event: e.TurnEnded, at: float) -> Run:
    lane = lane_of(run, event.task)
    lane = replace(lane, in_turn=False, usage=add_usage(lane.usage, event.usage), last_usage=event.usage, trouble="")
    cloud_usd = run.cloud_usd + event.usage.cost_usd
    return replace(
        run,
        lanes={**run.lanes, event.task: lane},
        usage=add_usage(run.usage, event.usage),
        cloud_usd=cloud_usd,
        at=at,
    )


def turn_failed(run: Run, event: e.TurnFailed, at: float) -> Run:
    return with_lane(run, replace(lane_of(run, event.task), in_turn=False, trouble=event.reason), at)


def context_measured(run: Run, event: e.ContextMeasured, at: float) -> Run:
    lane = replace(
        lane_of(run, event.task),
        used_tokens=event.used_tokens,
        effective_tokens=event.effective_tokens,
        max_tokens=event.max_tokens,
        parts=event.parts,
    )
    return with_lane(run, lane, at)


def context_truncated(run: Run, event: e.ContextTruncated, at: float) -> Run:
    return with_lane(run, replace(lane_of(run, event.task), is_truncated=True), at)


def tool_called(run: Run, event: e.ToolCalled, at: float) -> Run:
    lane = lane_of(run, event.task)
    tool = Tool(event.call_id, event.tool, event.line)
    return with_lane(run, replace(lane, tool=tool, tool_calls=lane.tool_calls + 1), at)


def tool_finished(run: Run, event: e.ToolFinished, at: float) -> Run:
    lane = lane_of(run, event.task)
    errors = lane.tool_errors + event.is_error
    tool = lane.tool
    if tool and tool.call_id == event.call_id:
        tool = replace(tool, is_running=False, is_error=event.is_error, outcome=event.line)
    return with_lane(run, replace(lane, tool=tool, tool_errors=errors), at)


def note_taken(run: Run, event: e.NoteTaken, at: float) -> Run:
    return replace(run, notes_taken=(*run.notes_taken, f"{event.agent}: {event.text}"), at=at)


def steered(run: Run, event: e.Steered, at: float) -> Run:
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, nudges=(*lane.nudges, event.text)), at)


def steer_delivered(run: Run, event: e.SteerDelivered, at: float) -> Run:
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, delivered=min(len(lane.nudges), lane.delivered + event.count)), at)


def lane_paused(run: Run, event: e.LanePaused, at: float) -> Run:
    return with_lane(run, replace(lane_of(run, event.task), is_paused=True), at)


def lane_continued(run: Run, event: e.LaneContinued, at: float) -> Run:
    return with_lane(run, replace(lane_of(run, event.task), is_paused=False), at)


def loop_found(run: Run, event: e.LoopFound, at: float) -> Run:
    lane = lane_of(run, event.task)
    seen = LoopSeen(event.form, event.evidence, event.confidence, at)
    return with_lane(run, replace(lane, loop=seen, loops=lane.loops + 1), at)


def loop_nudged(run: Run, event: e.LoopNudged, at: float) -> Run:
    lane = lane_of(run, event.task)
    nudged = replace(lane, loop=None, nudges=(*lane.nudges, event.text), interrupts=lane.interrupts + 1)
    run = with_lane(run, nudged, at)
    task = run.tasks.get(event.task)
    if task is None:
        return run
    used = "stuck:nudge"
    return change(run, event.task, at, reactions={**task.reactions, used: task.reactions.get(used, 0) + 1})


def loop_forgiven(run: Run, event: e.LoopForgiven, at: float) -> Run:
    lane = lane_of(run, event.task)
    return with_lane(run, replace(lane, loop=None, forgiven=(*lane.forgiven, event.form)), at)


def check_finished(run: Run, event: e.CheckFinished, at: float) -> Run:
    found = event.result
    key = evidence_key(found.tree, CheckSpec(found.command, found.metric))
    return replace(run, evidence={**run.evidence, key: event.result}, at=at)


def verdict_given(run: Run, event: e.VerdictGiven, at: float) -> Run:
    run = move(run, event.review, TaskState.PRODUCED, at, verdict=event.verdict, summary=event.verdict.summary)
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.REVIEWING:
        return run
    return change(run, event.task, at, verdict=event.verdict, review_round=task.review_round + 1)


def land_intended(run: Run, event: e.LandIntended, at: float) -> Run:
    return replace(run, intent=event.new, intent_task=event.task, at=at)


def task_landed(run: Run, event: e.TaskLanded, at: float) -> Run:
    run = change(run, event.task, at, landed=event.commit, conflict=(), is_resolving=False)
    return replace(run, head=event.commit, head_tree=event.tree, intent="", intent_task=TaskId(""), at=at)


def land_conflicted(run: Run, event: e.LandConflicted, at: float) -> Run:
    return change(run, event.task, at, conflict=event.files, conflict_onto=event.onto)


def approval_asked(run: Run, event: e.ApprovalAsked, at: float) -> Run:
    if event.approval in run.approvals and not run.approvals[event.approval].is_withdrawn:
        return run
    asked = Approval(
        event.approval,
        event.task,
        event.form,
        event.title,
        event.why,
        event.body,
        event.reach,
        event.options,
        event.default,
        at,
    )
    return replace(run, approvals={**run.approvals, event.approval: asked}, at=at)


def approval_answered(run: Run, event: e.ApprovalAnswered, at: float) -> Run:
    asked = run.approvals.get(event.approval)
    if asked is None or not asked.is_open:
        return run
    answered = replace(asked, answer=event.answer, words=event.words, by=event.by)
    return replace(run, approvals={**run.approvals, event.approval: answered}, at=at)


def approval_withdrawn(run: Run, event: e.ApprovalWithdrawn, at: float) -> Run:
    asked = run.approvals.get(event.approval)
    if asked is None or not asked.is_open:
        return run
    return replace(run, approvals={**run.approvals, event.approval: replace(asked, is_withdrawn=True)}, at=at)
