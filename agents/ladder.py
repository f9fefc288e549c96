"""From the words of a definition (`quick`, `cloud`, `ollama/qwen3:4b`) to rungs: models that are really there.

A rung that is missing is passed over. When none of a ladder is there, the nearest available model stands in, and
its rung says so: that is a fallback for an unavailable model, not an escalation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from agents.definition import AgentDefinition
from engine.model import ModelProfile, Tier
from engine.words import AgentCard, Role, Rung

NO_TOOLS = "no tools"
TINY = "tiny model"
_NEAREST: dict[str, tuple[Tier, ...]] = {
    "quick": (Tier.QUICK, Tier.LARGE, Tier.CLOUD),
    "large": (Tier.LARGE, Tier.QUICK, Tier.CLOUD),
    "cloud": (Tier.CLOUD, Tier.LARGE, Tier.QUICK),
}


def cards(
    agents: Iterable[AgentDefinition],
    available: Sequence[ModelProfile],
    words: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, AgentCard]:
    """Make the cards that a run starts with.

    In:     available, profiles in the person's order of preference; words, what quick, large, cloud and inherit mean in
            the settings (model names, best first), each optional.
    Out:    a card for each agent; its ladder is empty only when no available model can do its work.
    """
    return {one.name: card(one, available, words or {}) for one in agents}


def card(agent: AgentDefinition, available: Sequence[ModelProfile], words: Mapping[str, Sequence[str]]) -> AgentCard:
    """Make one agent's card."""
    fit = [profile for profile in available if _can_do(profile, agent)]
    rungs = [rung_of(profile, agent.window) for word in agent.model for profile in _profiles(word, fit, words)]
    if not rungs:
        rungs = _stand_in(agent, fit)
    unique = tuple({rung.model: rung for rung in rungs}.values())
    return AgentCard(agent.name, agent.description, unique, agent.skills, agent.max_turns, agent.role)


def rung_of(profile: ModelProfile, window_tokens: int = 0) -> Rung:
    """A model as a step of a ladder.

    In: window_tokens, what the agent wants at most; 0 takes all that is loaded.
    """
    effective = profile.effective_window_tokens
    notes = profile.notes if profile.has_tools else (*profile.notes, NO_TOOLS)
    return Rung(
        model=str(profile.ref),
        tier=profile.tier.value,
        is_local=profile.is_local,
        # Only a window that nothing is loaded for may be narrowed: another num_ctx reloads a local model.
        window_tokens=min(effective, window_tokens) if window_tokens and not profile.is_local else effective,
        host=profile.host,
        slots=profile.slots,
        notes=tuple(dict.fromkeys(notes)),
    )


def _can_do(profile: ModelProfile, agent: AgentDefinition) -> bool:
    """A tiny model only writes text: it cannot edit, plan or judge."""
    return agent.role is Role.TEXT or TINY not in profile.notes


def _profiles(word: str, fit: Sequence[ModelProfile], words: Mapping[str, Sequence[str]]) -> list[ModelProfile]:
    if word in words:
        return [profile for name in words[word] for profile in fit if str(profile.ref) == name]
    if word == "inherit":
        return [found for tier in Tier if (found := _first_of(tier, fit))]
    if word in _NEAREST:
        found = _first_of(Tier(word), fit)
        return [found] if found else []
    return [profile for profile in fit if str(profile.ref) == word]


def _first_of(tier: Tier, fit: Sequence[ModelProfile]) -> ModelProfile | None:
    return next((profile for profile in fit if profile.tier is tier), None)


def _stand_in(agent: AgentDefinition, fit: Sequence[ModelProfile]) -> list[Rung]:
    order = _NEAREST.get(agent.model[0], _NEAREST["quick"])
    found = next((profile for tier in order if (profile := _first_of(tier, fit))), None)
    if found is None:
        return []
    rung = rung_of(found, agent.window)
    note = f"stands in for {agent.model[0]}"
    return [Rung(rung.model, rung.tier, rung.is_local, rung.window_tokens, rung.host, rung.slots, (*rung.notes, note))]
