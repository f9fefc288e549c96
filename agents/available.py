"""Which models a run may use: what the person named, else what answers here, else the embedded one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.models import smollm
from agents.models.directory import Directory
from agents.models.findings import SUGGESTED_PULL, FoundModel
from agents.models.references import parse_ref
from engine.errors import ModelFault, UnknownModel, UserFault
from engine.model import ModelProfile, ModelRef, Tier

MAX_ASKED = 12
"""Models of one server that are asked for their profile; more would delay the start."""
CLOUD_DEFAULTS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-5"}
"""What `cloud` means when a key is set, cloud is allowed and nobody named a model."""
_TIERS = {Tier.QUICK: 0, Tier.LARGE: 1, Tier.CLOUD: 2}


async def available(directory: Directory, named: Sequence[str], cloud_allowed: bool) -> list[ModelProfile]:
    """Profiles of the models a run may use, in order of preference: local before cloud, with tools before without.

    In:      named, `provider/name` as the person wrote them; cloud_allowed, for this repository or run.
    Raises:  UserFault when a named model cannot be used, with the command that brings it.
    """
    found = [await _named(directory, parse_ref(name), cloud_allowed) for name in dict.fromkeys(named)]
    if not any(profile.is_local for profile in found):
        found += await _discovered(directory)
    if cloud_allowed and not any(profile.tier is Tier.CLOUD for profile in found):
        found += await _from_cloud(directory)
    return sorted(found, key=_preference)


def _preference(profile: ModelProfile) -> tuple[bool, int, bool]:
    return (not profile.is_local, _TIERS[profile.tier], not profile.has_tools)


async def _named(directory: Directory, ref: ModelRef, cloud_allowed: bool) -> ModelProfile:
    try:
        profile = await directory.model(ref).profile()
    except UnknownModel as fault:
        pull = f"ollama pull {ref.name}" if ref.provider == "ollama" else "orchestra-tui models lists what is here."
        raise UserFault(f"There is no model {ref}: {fault.reason}.", remedy=pull) from fault
    except ModelFault as fault:
        raise UserFault(f"{ref} cannot be used: {fault.reason}.", remedy="orchestra-tui doctor says more.") from fault
    if not profile.is_local and not cloud_allowed:
        raise UserFault(
            f"{ref} runs in the cloud, and cloud models are not allowed for this repository.",
            "Nothing was sent.",
            "Allow it for this run: --allow-cloud. For the repository: orchestra-tui models --allow-cloud",
        )
    return profile


async def _discovered(directory: Directory) -> list[ModelProfile]:
    """Local models that answer; the embedded one only when there is no other, and only once it was fetched."""
    findings = await directory.findings()
    candidates = [
        model
        for finding in findings
        if finding.is_ready and finding.provider != "embedded"
        for model in sorted(finding.models, key=lambda model: -model.size_bytes)[:MAX_ASKED]
        if model.is_local
    ]
    found = await _profiles(directory, candidates)
    can_embed = any(finding.provider == "embedded" and finding.is_ready for finding in findings)
    if not found and can_embed and smollm.is_fetched(directory.models_folder):
        found = await _profiles(directory, [FoundModel(ModelRef("embedded", smollm.NAME), True)])
    return found


async def _profiles(directory: Directory, models: Iterable[FoundModel]) -> list[ModelProfile]:
    """Profiles of those that answer; one broken model hides no other."""
    found = []
    for model in models:
        try:
            found.append(await directory.model(model.ref).profile())
        except (ModelFault, UserFault):
            continue
    return found


async def _from_cloud(directory: Directory) -> list[ModelProfile]:
    settings = directory.settings
    keys = {"anthropic": settings.anthropic_api_key, "openai": settings.openai_api_key}
    wanted = [ModelRef(provider, CLOUD_DEFAULTS[provider]) for provider, key in keys.items() if key]
    found = await _profiles(directory, [FoundModel(ref, False) for ref in wanted])
    return [profile for profile in found if not profile.is_local]


def no_model_fault() -> UserFault:
    """What to say when nothing answers."""
    return UserFault(
        "No model can be reached.",
        remedy=(
            f"Any of these will do: ollama serve, then ollama pull {SUGGESTED_PULL}; a key in ANTHROPIC_API_KEY or "
            "OPENAI_API_KEY with --allow-cloud; or the embedded tiny model: orchestra-tui models --fetch. "
            "To see it play without any: orchestra-tui demo"
        ),
    )


def only_tiny_fault() -> UserFault:
    """What to say when a goal wants edits and only a tiny model is here."""
    return UserFault(
        "Only a tiny model is here: it summarises, it cannot edit.",
        remedy=(
            f'Ask it to "summarise the last 20 commits", or get a larger one: ollama pull {SUGGESTED_PULL}, or a key '
            "and --allow-cloud."
        ),
    )
