"""What a turn that failed for good leads to: one repair, one compaction, or the end of the attempt with a remedy."""

from __future__ import annotations

from agents.ending import failed
from agents.gauge import Cut
from agents.retries import failure_of
from agents.sitting import Sitting
from agents.turn import Heard
from engine.clean import clean_line
from engine.errors import Busy, ContextOverflow, MalformedReply, ModelFault, OverBudget, Refused, UnknownModel
from engine.lane_events import ContextCompacted, ContextTruncated, TurnFailed
from engine.ports import Failed
from engine.words import Failure

REPAIR = (
    "Your last reply could not be used: {reason}. Answer again, with one short, complete reply"
    " and valid JSON in tool calls."
)


async def mend(sitting: Sitting, turn: int, heard: Heard, fault: ModelFault) -> Failed | None:
    """React to a fault after which the same request need not be sent again.

    Out: None when the conversation was changed so that another turn makes sense, else the end of the attempt.
    """
    if isinstance(fault, OverBudget):
        return failed(Failure.BUDGET, str(fault), sitting.context.recap())
    if isinstance(fault, MalformedReply) and sitting.repairs == 0:
        sitting.repairs += 1
        await _record(sitting, turn, heard, fault, 0.0)
        sitting.context.reply(heard.message())
        sitting.context.say(REPAIR.format(reason=clean_line(fault.reason, 200)))
        return None
    if isinstance(fault, ContextOverflow) and sitting.overflows == 0:
        sitting.overflows += 1
        await _record(sitting, turn, heard, fault, 0.0)
        return await compact(sitting, f"the server refused the prompt: {fault.reason}")
    await _record(sitting, turn, heard, fault, -1.0)
    return failed(failure_of(fault), f"{fault}. {remedy(fault)}".strip(), str(fault))


async def compact(sitting: Sitting, why: str) -> Failed | None:
    """Fold old turns into a digest; the end of the attempt when that does not help."""
    shrunk = sitting.context.compact()
    if shrunk is None:
        window = sitting.context.window.effective_tokens
        reason = f"the context does not fit into {window} tokens and cannot be made shorter; {why}"
        return failed(Failure.OVERFLOW, reason)
    before, after = shrunk
    await sitting.desk.record(ContextCompacted(sitting.task, before, after))
    return None


async def stop_truncated(sitting: Sitting, cut: Cut) -> Failed:
    """The server read less than we sent: nothing it answers can be trusted."""
    await sitting.desk.record(ContextTruncated(sitting.task, cut.sent_tokens, cut.read_tokens))
    reason = (
        f"{sitting.brief.rung.model} read {cut.read_tokens} of about {cut.sent_tokens} tokens: the server cut them. "
        "Load the model with a larger context (for Ollama num_ctx or OLLAMA_CONTEXT_LENGTH)."
    )
    return failed(Failure.TRUNCATED, reason)


def remedy(fault: ModelFault) -> str:
    """What a person can do about a fault that no retry mends."""
    provider, _, name = fault.model.partition("/")
    name = name or provider
    if isinstance(fault, UnknownModel):
        is_ollama = provider in (name, "ollama")
        pull = f"`ollama pull {name}`" if is_ollama else "the provider's list of models"
        return f"Get it with {pull}, or choose another model." if is_ollama else f"Compare the name with {pull}."
    if isinstance(fault, Refused):
        if fault.status in (401, 403):
            return "Check the API key in the environment."
        return "Pay or raise the limit at the provider." if fault.status == 402 else "Check the model's settings."
    if isinstance(fault, Busy):
        return "The server is overloaded; try later or choose another model."
    return ""


async def _record(sitting: Sitting, turn: int, heard: Heard, fault: ModelFault, retry_in_s: float) -> None:
    reason = clean_line(str(fault), 300)
    await sitting.desk.record(TurnFailed(sitting.task, turn, failure_of(fault), reason, retry_in_s, heard.charged))
