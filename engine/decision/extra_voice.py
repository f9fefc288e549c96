"""One more voice, on a larger model, where local ones do not agree in a vote: before the person is asked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from engine.flow import Node
from engine.policy import next_rung
from engine.state import Run, Task
from engine.turn_cost import is_too_dear
from engine.words import Rung, TaskSpec, TaskState


def is_extra(node: Node, voice: Task) -> bool:
    """Whether a voice was called in because the others did not agree: the seats of a vote have no tier of their own."""
    return bool(node.vote and node.vote.n and voice.spec.node == node.name and voice.spec.tier)


def extra_voice(run: Run, node: Node, heard: Sequence[Task], most: int, quorum: int) -> TaskSpec | None:
    """The seat that may settle a vote which local models could not.

    In:   all voices, each of them settled; how many the strongest answer has.
    Out:  None when one voice more would not do, when there was one already, when somebody failed or was not local,
          or when no larger model is allowed and can be paid.
    """
    if not (node.vote and node.vote.n) or node.vote.of or len(heard) < 2 or most + 1 < quorum:
        return None
    rungs = [_rung_of(run, voice) for voice in heard]
    if any(rung is None or not rung.is_local for rung in rungs) or any(is_extra(node, voice) for voice in heard):
        return None
    if any(voice.state is not TaskState.DONE for voice in heard):
        return None
    tiers = {rung.tier for rung in rungs if rung}
    for voice in heard:
        if tier := _above(run, voice, tiers):
            name = f"{node.name}-{len(heard) + 1}"
            return replace(voice.spec, task=name, title=f"{name}: the voices before it do not agree", tier=tier)
    return None


def _above(run: Run, voice: Task, tiers: set[str]) -> str:
    """The next tier that a voice's own ladder offers above all that were heard; empty when it offers none."""
    index = next_rung(run, voice)
    card = run.roster.get(voice.agent)
    if card is None or index < 0:
        return ""
    rung = card.ladder[index]
    return "" if rung.tier in tiers or is_too_dear(run, voice, rung) else rung.tier


def _rung_of(run: Run, voice: Task) -> Rung | None:
    card = run.roster.get(voice.agent)
    return card.ladder[voice.rung] if card and 0 <= voice.rung < len(card.ladder) else None
