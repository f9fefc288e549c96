"""Events of lanes, turns, tools and loops: each changes its lane and nothing else; a fold relies on that."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.evolution.budget import call_ended, call_failed, call_sent
from engine.evolution.parts import add_usage
from engine.loops.verdict import BETWEEN_AGENTS
from engine.state import Lane, LoopSeen, Tool

KEPT_COMMANDS = 24
"""How many of a lane's last commands can be named as evidence."""


def lane_opened(lane: Lane, event: e.LaneOpened, at: float) -> Lane:
    return replace(lane, branch=event.branch, worktree=event.worktree, opened_at=at, is_reaped=False, kept="")


def lane_reaped(lane: Lane, _event: e.LaneReaped, _at: float) -> Lane:
    return replace(lane, is_reaped=True)


def lane_kept(lane: Lane, event: e.LaneKept, _at: float) -> Lane:
    return replace(lane, kept=event.reason)


def turn_queued(lane: Lane, event: e.TurnQueued, at: float) -> Lane:
    return replace(lane, queued_at=at, queued_host=event.host, in_turn=False, model=event.model)


def turn_started(lane: Lane, event: e.TurnStarted, at: float) -> Lane:
    return replace(
        lane,
        turn=event.turn,
        in_turn=True,
        queued_at=0.0,
        turn_started_at=at,
        model=event.model,
        account=call_sent(lane.account, event.held),
    )


def turn_ended(lane: Lane, event: e.TurnEnded, _at: float) -> Lane:
    usage = add_usage(lane.usage, event.usage)
    account = call_ended(lane.account, event)
    # A loop is shown until a turn has passed in which its breaker's words were read.
    loop = None if lane.delivered == len(lane.nudges) else lane.loop
    return replace(lane, in_turn=False, usage=usage, last_usage=event.usage, trouble="", account=account, loop=loop)


def turn_failed(lane: Lane, event: e.TurnFailed, _at: float) -> Lane:
    return replace(lane, in_turn=False, trouble=event.reason, account=call_failed(lane.account, event))


def context_measured(lane: Lane, event: e.ContextMeasured, _at: float) -> Lane:
    return replace(
        lane,
        used_tokens=event.used_tokens,
        effective_tokens=event.effective_tokens,
        max_tokens=event.max_tokens,
        parts=event.parts,
    )


def context_truncated(lane: Lane, _event: e.ContextTruncated, _at: float) -> Lane:
    return replace(lane, is_truncated=True)


def tool_called(lane: Lane, event: e.ToolCalled, _at: float) -> Lane:
    tool = Tool(event.call_id, event.tool, event.line)
    return replace(lane, tool=tool, tool_calls=lane.tool_calls + 1)


def tool_finished(lane: Lane, event: e.ToolFinished, _at: float) -> Lane:
    errors = lane.tool_errors + event.is_error
    tool = lane.tool
    if tool and tool.call_id == event.call_id:
        tool = replace(tool, is_running=False, is_error=event.is_error, outcome=event.line)
    ran = (*lane.ran[1 - KEPT_COMMANDS :], event.ran) if event.ran else lane.ran
    return replace(lane, tool=tool, tool_errors=errors, ran=ran)


def steered(lane: Lane, event: e.Steered, _at: float) -> Lane:
    return replace(lane, nudges=(*lane.nudges, event.text))


def steer_delivered(lane: Lane, event: e.SteerDelivered, _at: float) -> Lane:
    return replace(lane, delivered=min(len(lane.nudges), lane.delivered + event.count))


def lane_paused(lane: Lane, _event: e.LanePaused, _at: float) -> Lane:
    return replace(lane, is_paused=True)


def lane_continued(lane: Lane, _event: e.LaneContinued, _at: float) -> Lane:
    return replace(lane, is_paused=False)


def loop_found(lane: Lane, event: e.LoopFound, at: float) -> Lane:
    seen = LoopSeen(event.form, event.evidence, event.confidence, at, event.subject)
    said = () if event.form in BETWEEN_AGENTS else lane.said
    return replace(lane, loop=seen, last_loop=seen, loops=lane.loops + 1, said=said)
