"""The crew: makes attempts for the engine. It keeps nothing between two of them but what it was built with.

An attempt is put together here (definition, prompt, tools, context, model) and driven by `agents.loop`. How it ends is
read by `agents.ending` from the role of the task: work and conflicts → Produced, text → Produced with the text, plan →
Planned, review → Judged; whatever goes wrong → Failed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from agents.belt import ToolBelt
from agents.context import Context, Window
from agents.definition import AgentDefinition
from agents.ending import ending_tool, failed
from agents.ladder import NO_TOOLS, TINY
from agents.loop import work
from agents.memory import LIMIT_TOKENS, Memory
from agents.models.estimate import tokens_in, tokens_in_messages
from agents.models.prices import Prices
from agents.prompt import CHARS_PER_TOKEN, brief_sections, role_of, system_sections
from agents.retries import Retries, failure_of
from agents.rules import read_rules, rules_text
from agents.sitting import Sitting
from agents.tiny import opening
from agents.tools.declared import DeclaredCommand
from agents.tools.following import FinishWithFollowUps
from agents.tools.handing import HandOff
from agents.tools.registry import by_name
from agents.tools.tool import Limits, Tool, ToolContext
from engine.errors import ModelFault, UserFault
from engine.model import ModelProfile, ModelRef, Tier
from engine.ports import Brief, Desk, Model, Outcome
from engine.sandbox.scope import WriteScope
from engine.threads import in_thread
from engine.words import Failure, Role, Rung

UNKNOWN_WINDOW_TOKENS = 16_384
"""Assumed when nobody says what a model can hold."""
BACKGROUND_SHARE = 0.12
"""How much of the window rules may fill, and notes as well."""
RESULT_SHARE = 0.25
"""How much of the window one tool result may fill."""
SMALLEST_RESULT_CHARS = 1_000
WRITING = ("edit_file", "write_file")
"""Tools that only work is given: who judges, plans or reports changes nothing."""
_DEEDS = {Role.WORK: "edit", Role.PLAN: "plan", Role.REVIEW: "judge", Role.TEXT: "write"}


@dataclass(frozen=True, slots=True)
class Crew:
    """All specialists; implements `engine.ports.Agent`."""

    agents: Mapping[str, AgentDefinition]
    models: Callable[[ModelRef], Model]
    profiles: Mapping[str, ModelProfile] = field(default_factory=dict)
    """Profiles that were asked for already, by `provider/name`; others are asked once an attempt."""
    memory: Memory | None = None
    retries: Retries = field(default_factory=Retries)
    prices: Prices = field(default_factory=Prices)
    limits: Limits = field(default_factory=Limits)

    async def attempt(self, brief: Brief, desk: Desk) -> Outcome:
        """Work on one task until there is an outcome.

        Raises:  nothing but cancellation for what models and tools do wrong: that is a Failed.
        """
        agent = self.agents.get(brief.agent)
        if agent is None:
            return failed(Failure.CRASHED, f"there is no specialist called {brief.agent}")
        try:
            model = self.models(ref_of(brief.rung.model))
        except UserFault as fault:
            return failed(Failure.UNKNOWN_MODEL, str(fault))
        except ModelFault as fault:
            return failed(failure_of(fault), str(fault))
        profile = await self._profile(model, brief.rung)
        if brief.rung.is_local and not profile.is_local:
            return failed(Failure.UNKNOWN_MODEL, f"{brief.rung.model} is not local any more; nothing was sent")
        if refusal := _cannot(brief, profile):
            return failed(Failure.MALFORMED, refusal)
        if not profile.is_local:
            # The table of prices takes a while to load: not on the loop that all lanes share.
            await in_thread(self.prices.of, profile, 1)
        sit_down = self._sit_down_small if _is_tiny(brief, profile) else self._sit_down
        return await work(await sit_down(brief, desk, agent, model, profile))

    async def _profile(self, model: Model, rung: Rung) -> ModelProfile:
        known = self.profiles.get(rung.model)
        if known:
            return known
        try:
            return await model.profile()
        except ModelFault:
            # The first request will meet the same fault where it is logged and retried.
            return _profile_of(rung)

    async def _sit_down(
        self, brief: Brief, desk: Desk, agent: AgentDefinition, model: Model, profile: ModelProfile
    ) -> Sitting:
        role, window = role_of(brief), window_of(brief.rung, profile)
        belt = self._belt(brief, desk, agent, window, tools_for(agent, brief))
        has_tools = bool(belt.specs) or role in (Role.PLAN, Role.REVIEW) or bool(brief.task.answers) or brief.claims
        rules, recalled = await in_thread(self._background, brief, agent, window)
        brief = self._told(brief)
        ending = ending_tool(role, brief)
        offered = (*belt.specs, ending) if ending and has_tools else belt.specs
        system = system_sections(brief, agent, rules, recalled, has_tools)
        taken = tokens_in_messages((), offered) + sum(tokens_in(section.text) for section in system)
        context = Context(system, brief_sections(brief, window, taken), window, offered)
        draw = random.Random(f"{brief.run} {brief.task.task} {brief.attempt}")
        return Sitting(brief, desk, agent, role, model, profile, context, belt, self.retries, draw, prices=self.prices)

    async def _sit_down_small(
        self, brief: Brief, desk: Desk, agent: AgentDefinition, model: Model, profile: ModelProfile
    ) -> Sitting:
        """For a tiny model: no tools, no rules, no notes, a prompt of its own."""
        told, window = opening(brief), window_of(brief.rung, profile)
        belt = self._belt(brief, desk, agent, window, {})
        context = Context(told.system, told.brief, window, examples=told.examples)
        draw = random.Random(f"{brief.run} {brief.task.task} {brief.attempt}")
        role = role_of(brief)
        return Sitting(
            brief,
            desk,
            agent,
            role,
            model,
            profile,
            context,
            belt,
            self.retries,
            draw,
            is_tiny=True,
            prices=self.prices,
        )

    def _background(self, brief: Brief, agent: AgentDefinition, window: Window) -> tuple[str, str]:
        """Rules of the repository and notes of the agent, as far as the window has room for them."""
        share = int(window.effective_tokens * BACKGROUND_SHARE)
        # Without a worktree of its own, the root is no place whose rules mean anything.
        names = agent.rules if brief.task.reads else ()
        rules = read_rules(brief.root, brief.task.scope, names, share * CHARS_PER_TOKEN)
        recalled = self.memory.recall(agent.name, min(share, LIMIT_TOKENS)) if self.memory and agent.memory else ""
        return rules_text(rules, brief.rules), recalled

    def _told(self, brief: Brief) -> Brief:
        """The brief with only those specialists to name who can be given a piece of work."""
        able = {one.name for one in self.agents.values() if one.role is Role.WORK}
        return replace(brief, specialists=tuple(one for one in brief.specialists if one[0] in able))

    def _belt(
        self, brief: Brief, desk: Desk, agent: AgentDefinition, window: Window, tools: Mapping[str, Tool]
    ) -> ToolBelt:
        result_chars = min(self.limits.result_chars, int(window.effective_tokens * RESULT_SHARE * CHARS_PER_TOKEN))
        limits = replace(self.limits, result_chars=max(result_chars, SMALLEST_RESULT_CHARS))
        scope = WriteScope(brief.task.scope or agent.scope)

        def context_for(turn: int) -> ToolContext:
            def show(text: str) -> None:
                desk.write(turn, "tool", text)

            return ToolContext(brief.root, desk.sandbox, desk.ask, scope, limits, show)

        day = datetime.fromtimestamp(desk.clock.now(), UTC).date().isoformat()
        origin = f"{brief.run} {brief.task.task} {day}"
        return ToolBelt(tools, context_for, self.memory, agent.name, origin)


def tools_for(agent: AgentDefinition, brief: Brief) -> dict[str, Tool]:
    """The tools of an attempt by name: none where a text needs no worktree, `finish` always where work must end."""
    role, offered = role_of(brief), list[Tool](map(DeclaredCommand, brief.commands))
    if brief.hand_to:
        offered.append(HandOff(brief.hand_to))
    if role is Role.TEXT and not brief.task.reads:
        return {tool.spec.name: tool for tool in offered}
    names = [name for name in agent.tools if name != "finish"]
    if role is not Role.WORK:
        names = [name for name in names if name not in WRITING]
    known = by_name([*names, *(["finish"] if role is Role.WORK and not brief.may_propose else [])])
    if role is Role.WORK and brief.may_propose:
        offered.append(FinishWithFollowUps(brief.may_propose))
    return {tool.spec.name: tool for tool in (*known, *offered)}


def window_of(rung: Rung, profile: ModelProfile) -> Window:
    """What the model can hold: what is really loaded, not what its card says."""
    effective = rung.window_tokens or profile.effective_window_tokens or UNKNOWN_WINDOW_TOKENS
    return Window(effective, max(profile.max_window_tokens, effective))


def ref_of(model: str) -> ModelRef:
    """`provider/name` as a reference; the name may hold slashes and colons."""
    provider, _, name = model.partition("/")
    return ModelRef(provider, name)


def _profile_of(rung: Rung) -> ModelProfile:
    """What a rung alone says of its model."""
    return ModelProfile(
        ref=ref_of(rung.model),
        host=rung.host,
        is_local=rung.is_local,
        tier=Tier(rung.tier) if rung.tier in set(Tier) else Tier.QUICK,
        max_window_tokens=rung.window_tokens,
        effective_window_tokens=rung.window_tokens,
        has_tools=NO_TOOLS not in rung.notes,
        has_thinking=False,
        slots=rung.slots,
        notes=rung.notes,
    )


def _is_tiny(brief: Brief, profile: ModelProfile) -> bool:
    return TINY in (*profile.notes, *brief.rung.notes)


def _cannot(brief: Brief, profile: ModelProfile) -> str:
    """Why this model cannot do this task at all; empty when it can."""
    if _is_tiny(brief, profile) and (brief.task.answers or brief.claims):
        what = "name what it rests on" if brief.claims else "answer in fields"
        return f"{brief.rung.model} is a tiny model: it summarises, it cannot {what}"
    if _is_tiny(brief, profile) and role_of(brief) is not Role.TEXT:
        return f"{brief.rung.model} is a tiny model: it summarises, it cannot {_DEEDS[role_of(brief)]}"
    return ""
