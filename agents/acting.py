"""The acting half of a turn: run the calls of a reply, or deal with a reply that calls nothing.

A call is logged before it runs and again when it has an outcome, so that a killed engine knows what was under way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from agents.answers import Complaint
from agents.claiming import ran
from agents.ending import ENDING_TOOLS, NUDGES, failed, outcome_of, outcome_of_finish, outcome_of_text
from agents.secret import without_secrets
from agents.sitting import Sitting, Used
from agents.turn import Heard, loop_found, unless_interrupted
from engine.clean import clean, clean_line
from engine.event import Event
from engine.lane_events import NoteTaken, ToolCalled, ToolFinished
from engine.loops import Step
from engine.loops.fingerprint import is_edit
from engine.model import ToolCall
from engine.ports import Outcome, Produced
from engine.threads import in_thread
from engine.words import Failure, Role

MAX_COMPLAINTS = 3
"""Results without a usable shape, after which another model must try."""
PATIENCE = {Role.TEXT: 1, Role.PLAN: 2, Role.REVIEW: 2}
"""Reminders to a role whose replies hold no result; work has the loop detector and the turn cap instead."""
LOGGED_CHARS = 2000
LOGGED_DEPTH = 8
_INT64 = 2**63
LIMIT_NOTICE = "[The reply reached its output limit here.]"
LIMIT_NUDGE = "Your reply reached the output limit and was cut. Go on in smaller steps: one short reply, one tool call."


CUT_ANSWER = "Cut short from outside; whether it had an effect is not known. Read the words that follow, then look."
NOT_RUN_ANSWER = "Not run: this turn was cut short from outside."
UNSEEN_NUDGE = (
    "You have looked at nothing yet. Use a tool to find what your answer rests on; if there is nothing to look at, "
    "hand your answer over with `finish`."
)


@dataclass(slots=True)
class Done:
    """How far a call came, also when it was cut."""

    is_logged: bool = False
    is_answered: bool = False
    outcome: Outcome | None = None


async def act(sitting: Sitting, turn: int, heard: Heard) -> Outcome | None:
    """Do what a whole reply asks for; the outcome when the attempt is over."""
    sitting.context.reply(heard.message())
    if not heard.calls:
        return await _without_call(sitting, heard)
    sitting.silent_turns = 0
    sitting.has_acted = True
    for index, call in enumerate(heard.calls):
        done = Done()
        if not await unless_interrupted(sitting.desk, _one_call(sitting, turn, call, done)):
            await _cut_short(sitting, call, done, heard.calls[index + 1 :])
            return None
        if done.outcome:
            return done.outcome
    return None


async def _cut_short(sitting: Sitting, call: ToolCall, done: Done, left: list[ToolCall]) -> None:
    """Answer every call of a reply that was cut while it was acted on; servers refuse calls without an answer."""
    if not done.is_answered:
        sitting.context.answer(call, CUT_ANSWER if done.is_logged else NOT_RUN_ANSWER, is_error=True)
    if done.is_logged and not done.is_answered:
        await sitting.desk.record(ToolFinished(sitting.task, call.call_id, True, "cut short"))
    for other in left:
        sitting.context.answer(other, NOT_RUN_ANSWER, is_error=True)


async def _one_call(sitting: Sitting, turn: int, call: ToolCall, done: Done) -> None:
    desk, clock = sitting.desk, sitting.desk.clock
    line = without_secrets(clean_line(sitting.belt.line(call), 200))
    await desk.record(ToolCalled(sitting.task, call.call_id, clean_line(call.name, 60), line, loggable(call.arguments)))
    done.is_logged = True
    began_at = clock.monotonic()
    done.outcome, used = await _use(sitting, turn, call)
    sitting.has_changed_files = sitting.has_changed_files or bool(used.changed)
    sitting.context.answer(call, used.text, used.is_error)
    done.is_answered = True
    digest = hashlib.sha256(used.text.encode("utf-8", "replace")).hexdigest()[:16]
    spent_s = clock.monotonic() - began_at
    evidence = ran(call, used.ran, sitting.brief.start_commit) if used.ran and sitting.brief.claims else None
    facts: list[Event] = [
        ToolFinished(sitting.task, call.call_id, used.is_error, without_secrets(used.line), digest, spent_s, evidence)
    ]
    if used.note:
        facts.append(NoteTaken(sitting.task, sitting.agent.name, clean_line(used.note, 400)))
    await desk.record(*facts)
    if done.outcome is None:
        await _watch(sitting, await _step(sitting, call, used))


async def _use(sitting: Sitting, turn: int, call: ToolCall) -> tuple[Outcome | None, Used]:
    ending = ENDING_TOOLS.get(sitting.role)
    if ending and call.name == ending.name:
        return _end(sitting, call)
    used = await sitting.belt.use(call, turn)
    return outcome_of_finish(used.finish) if used.finish else None, used


def _end(sitting: Sitting, call: ToolCall) -> tuple[Outcome | None, Used]:
    try:
        outcome = outcome_of(sitting.role, sitting.brief, call.arguments)
    except Complaint as complaint:
        sitting.complaints += 1
        if sitting.complaints >= MAX_COMPLAINTS:
            reason = f"the result had no usable shape {MAX_COMPLAINTS} times"
            return failed(Failure.MALFORMED, reason, str(complaint)), Used(str(complaint), "not usable", True)
        return None, Used(str(complaint), clean_line(str(complaint), 120), True)
    return outcome, Used("taken", "taken")


async def _without_call(sitting: Sitting, heard: Heard) -> Outcome | None:
    """A reply of words alone: a result for some roles, a reason to remind for the others."""
    said = f"{heard.said}\n\n{LIMIT_NOTICE}" if heard.hit_limit and sitting.role is Role.TEXT else heard.said
    outcome = outcome_of_text(sitting.role, sitting.brief, said)
    is_unseen = sitting.role is Role.TEXT and bool(sitting.context.tools) and not sitting.has_acted
    if outcome and not (is_unseen and sitting.silent_turns == 0):
        return outcome
    sitting.silent_turns += 1
    if sitting.role is Role.WORK and sitting.has_changed_files and sitting.silent_turns > 1:
        # Small models edit well and then only say so. The engine's check decides anyway.
        return Produced(clean_line(heard.said, 1600) or "ended without a summary")
    if sitting.silent_turns > PATIENCE.get(sitting.role, sitting.silent_turns):
        failure = Failure.EMPTY if sitting.role is Role.TEXT else Failure.MALFORMED
        return failed(failure, f"no result in {sitting.silent_turns} replies", heard.said)
    reminder = UNSEEN_NUDGE if outcome else NUDGES[sitting.role]
    sitting.context.say(LIMIT_NUDGE if heard.hit_limit else reminder)
    await _watch(sitting, Step.message(sitting.brief.agent, heard.said))
    return None


async def _step(sitting: Sitting, call: ToolCall, used: Used) -> Step:
    """A finished call as the loop detector sees it, with what the touched files look like now."""
    before, tree = sitting.tree, ""
    if used.changed or not sitting.footprint.is_empty:
        sitting.tree = tree = await in_thread(sitting.footprint.after, used.changed)
    step = Step.action(call.name, call.arguments, used.text, is_error=used.is_error, tree=tree)
    if tree == before and not used.changed and is_edit(step):
        # A command that writes may have changed files that nobody looks at: whether it did is not known.
        return replace(step, tree="")
    return step


async def _watch(sitting: Sitting, step: Step) -> None:
    """Let the loop detector see a step; what it finds is a fact, and the engine decides what follows."""
    forgiven = sitting.desk.forgiven()
    sitting.trajectory.forgiven.update(forgiven)
    found = sitting.trajectory.feed(step)
    if found and not found.is_forgiven(forgiven):
        await sitting.desk.record(loop_found(sitting, found))
        # What is done about it is to show in new steps; how often it came to this stays in the log.
        sitting.trajectory.reset(keep_count=True)


def loggable(value: Any, depth: int = 0) -> Any:
    """A model's arguments as the log can hold them: clean, without keys, cut, of some depth, with numbers in range."""
    if depth > LOGGED_DEPTH:
        return "…"
    if isinstance(value, str):
        text = clean(value)
        # A little more than is kept is looked at, so that a key at the cut is seen whole.
        shown = without_secrets(text[: LOGGED_CHARS + 200])[:LOGGED_CHARS]
        return shown if len(text) <= LOGGED_CHARS else f"{shown}… ({len(text)} characters)"
    if isinstance(value, dict):
        return {clean_line(str(name), 100): loggable(one, depth + 1) for name, one in list(value.items())[:100]}
    if isinstance(value, list | tuple):
        return [loggable(one, depth + 1) for one in value[:100]]
    if isinstance(value, bool | float) or value is None:
        return value
    return value if isinstance(value, int) and -_INT64 <= value < _INT64 else str(value)[:LOGGED_CHARS]
