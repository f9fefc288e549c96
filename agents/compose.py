"""The composition root of the engine's process: from a wish to a run with concrete specialists, models and a flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agents.crew import Crew
from agents.definition import AgentDefinition
from agents.flow_choice import (
    choose_flow,
    goes_over_items,
    proves_work,
    refuse_unasked_commands,
    refuse_unplayable,
    without_tools,
)
from agents.flow_folder import read_flows
from agents.going_over import MAX_ITEMS, subject_of
from agents.ladder import cards
from agents.memory import Memory
from agents.models.prices import Prices
from agents.models.script import Script, load_script
from agents.models.scripted import ScriptedModel, profile_of
from agents.policy_file import Effective, read_policy
from agents.retries import Retries
from agents.roster import read_roster
from agents.rule_file import effective_rules
from engine.budget import Budget, Price
from engine.budget_wish import opening_budget
from engine.check_finder import find_check
from engine.clean import clean_line
from engine.clock import Clock
from engine.errors import UserFault
from engine.events import RunStarted
from engine.flow import Flow
from engine.git.commits import tree_of
from engine.git.diffs import show_file
from engine.git.gateway import Git
from engine.git.repository import RepositoryFacts, inspect
from engine.items import files_matching, recent_commits
from engine.model import ModelProfile, ModelRef
from engine.places import Places
from engine.ports import Agent, Model
from engine.sandbox.sandbox import Sandbox
from engine.starting import counters_of
from engine.state import Repository, Run
from engine.threads import in_thread
from engine.words import AgentCard, CheckSpec

if TYPE_CHECKING:
    from agents.models.directory import Directory

DEFAULT_LANES = 4
MAX_LANES = 64
USUAL_PROMPT_TOKENS = 16_000
"""Models may cost more beyond a length: about so long a prompt is what a climb is priced by."""


class Composition:
    """Knows the concrete agents and models; implements `engine.ports.Composer`."""

    def __init__(self, places: Places, git: Git, sandbox: Sandbox, clock: Clock) -> None:
        self._places = places
        self._git = git
        self._sandbox = sandbox
        self._clock = clock
        self._directory_or_none: Directory | None = None
        self._agents: dict[str, AgentDefinition] = {}
        self._scripts: dict[str, Script] = {}
        self._unreadable: tuple[str, ...] = ()
        """What is wrong with definitions that the newest run goes without."""

    async def open(self, wish: Mapping[str, Any], repository: Repository) -> RunStarted:
        """Turn the wish to start a run into its first fact.

        In:      the wish: `goal`, `flow` (auto), `flow_file`, `check`, `commits` or `files` to go over, `lanes`,
                 `allow_cloud`, `root` (the checkout it was made in, when that is not the engine's own), `unattended`,
                 `accept_plan`, `plan`, `models` (word to names), `budget` (node to caps), `prices`, `script`, `speed`.
        Raises:  UserFault with what to do instead.
        """
        facts = await in_thread(self._look, wish)
        budget = _budget(wish)
        effective = await in_thread(read_policy, facts.root, repository.trusted)
        cloud = bool(wish.get("allow_cloud")) or repository.cloud_allowed
        profiles = await self._profiles(wish, cloud)
        items = await in_thread(self._items, facts, wish)
        roster = await self._roster(facts.root, repository, profiles, wish)
        known = await in_thread(read_flows, facts.root, repository.trusted, None, tuple(roster))
        chosen = choose_flow(wish, items, profiles, known, tuple(roster))
        flow, reason = chosen.flow, chosen.reason
        if not items and goes_over_items(flow):
            items, over = await in_thread(subject_of, self._git, facts.head, str(wish.get("goal") or ""))
            reason = f"{reason}; {over}"
        refuse_unplayable(flow, roster, profiles)
        refuse_unasked_commands(flow, self._sandbox.tier.letter, wish)
        return RunStarted(
            goal=_goal(wish, flow),
            flow=flow,
            roster=roster,
            base_commit=facts.head,
            base_tree=await in_thread(tree_of, self._git, facts.head),
            base_branch=facts.branch or "",
            check=_check(wish, repository),
            found_check=await in_thread(self._found_check, facts, wish, repository) if proves_work(flow) else None,
            items=items,
            route_reason=reason,
            max_lanes=_lanes(wish),
            is_unattended=bool(wish.get("unattended")),
            accepts_plan=bool(wish.get("accept_plan")),
            cloud_allowed=cloud,
            sandbox=self._sandbox.tier.letter,
            notes=(*facts.notes, *without_tools(flow, roster), *self._unreadable, *_unused(effective)),
            settings=_kept(wish),
            budget=budget,
            policy=effective.policy,
            rules=await in_thread(effective_rules, self._git, facts.head),
            counters=counters_of(repository),
            prices=await in_thread(_prices, roster, profiles, wish) if cloud else {},
        )

    def agent(self, run: Run, repository: Repository) -> Agent:
        """Who makes the attempts of a run: the specialists as they are defined now, with the run's models."""
        if not self._agents:
            root = Path(run.settings.get("root") or self._places.root)
            self._agents = read_roster(root, repository.trusted).agents
        retries = Retries(**msgspec.structs.asdict(run.policy.requests))
        memory, prices = Memory(self._places.memory), Prices(own_prices(run.settings))
        return Crew(self._agents, lambda ref: self._model(ref, run), memory=memory, retries=retries, prices=prices)

    async def aclose(self) -> None:
        """Let go of connections and child processes."""
        if self._directory_or_none is not None:
            await self._directory_or_none.aclose()

    @property
    def _directory(self) -> Directory:
        """Made when a real model is first asked for: a scripted run loads no HTTP."""
        if self._directory_or_none is None:
            from agents.models.directory import Directory

            self._directory_or_none = Directory()
        return self._directory_or_none

    def _model(self, ref: ModelRef, run: Run) -> Model:
        if ref.provider == "scripted":
            script = self._script(str(run.settings.get("script", "")))
            return ScriptedModel(ref, script, clock=self._clock, speed=float(run.settings.get("speed") or 1.0))
        if not run.cloud_allowed and _was_near(ref, run) and not self._directory.is_near(ref):
            # An engine that resumes a run may have been started with another address in its environment.
            raise UserFault(
                f"{ref} was a local model when {run.run} started, and its address is in the cloud now.",
                "Nothing was sent.",
                "Set the address again and restart the engine (orchestra-tui stop), or start a run with --allow-cloud.",
            )
        return self._directory.model(ref)

    def _script(self, path: str) -> Script:
        if path not in self._scripts:
            self._scripts[path] = load_script(Path(path))
        return self._scripts[path]

    async def _profiles(self, wish: Mapping[str, Any], cloud: bool) -> list[ModelProfile]:
        if path := str(wish.get("script") or ""):
            script = self._script(path)
            return [profile_of(ModelRef("scripted", name), card) for name, card in script.models.items()]
        wanted = [name for names in _words(wish).values() for name in names]
        from agents.available import available

        return await available(self._directory, wanted, cloud)

    def _items(self, facts: RepositoryFacts, wish: Mapping[str, Any]) -> tuple[str, ...]:
        if commits := int(wish.get("commits") or 0):
            return recent_commits(self._git, facts.head, min(commits, MAX_ITEMS))
        if globs := tuple(map(str, wish.get("files") or ())):
            found = files_matching(self._git, facts.head, globs)
            if not found:
                raise UserFault(f"No file of the last commit matches {', '.join(globs)}.", remedy="Try another glob.")
            return found[:MAX_ITEMS]
        return ()

    def _found_check(self, facts: RepositoryFacts, wish: Mapping[str, Any], repository: Repository) -> CheckSpec | None:
        """A check to ask about: only when none was named, none was ever decided and there is work to prove."""
        if _check(wish, repository) or repository.is_check_chosen or wish.get("plan") or wish.get("unattended"):
            return None

        def read(path: str) -> str | None:
            found = show_file(self._git, facts.head, path)
            return None if found is None else found.decode("utf-8", "replace")

        return find_check(read)

    def _look(self, wish: Mapping[str, Any]) -> RepositoryFacts:
        """The checkout that a wish is about: any worktree of this engine's repository."""
        facts = inspect(Path(str(wish.get("root") or self._places.root)))
        if facts.common_dir != self._git.common_dir:
            raise UserFault(f"{facts.root} belongs to another repository.", remedy="Start the run from inside it.")
        return facts

    async def _roster(
        self, root: Path, repository: Repository, profiles: Sequence[ModelProfile], wish: Mapping[str, Any]
    ) -> dict[str, AgentCard]:
        roster = await in_thread(read_roster, root, repository.trusted)
        self._agents = roster.agents
        self._unreadable = tuple(clean_line(one.reason, 300) for one in roster.files if one.definition is None)
        return cards(roster.agents.values(), profiles, _words(wish))


def _was_near(ref: ModelRef, run: Run) -> bool:
    rungs = (rung for card in run.roster.values() for rung in card.ladder)
    return any(rung.model == str(ref) and rung.is_local for rung in rungs)


def _goal(wish: Mapping[str, Any], flow: Flow) -> str:
    goal = str(wish.get("goal") or "").strip()
    if not goal and not wish.get("plan"):
        raise UserFault("A run needs a goal.", remedy='Say it in words: orchestra-tui run "add retry to the client".')
    return goal or f"carry out the plan ({flow.name})"


def _check(wish: Mapping[str, Any], repository: Repository) -> CheckSpec | None:
    given = wish.get("check")
    if isinstance(given, Mapping) and given.get("run"):
        return CheckSpec(str(given["run"]), str(given.get("metric") or ""), str(given.get("want") or "pass"))
    if isinstance(given, str) and given.strip():
        return CheckSpec(given.strip())
    return repository.check


def _budget(wish: Mapping[str, Any]) -> Budget:
    given = wish.get("budget")
    try:
        return opening_budget(given) if isinstance(given, Mapping) else Budget()
    except (TypeError, ValueError) as error:
        raise UserFault(f"That is no budget: {error}.", remedy="See orchestra-tui run --help.") from error


def own_prices(settings: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """The person's own prices of models, by `provider/name`, in dollars per million prompt and output tokens."""
    given = settings.get("prices")
    pairs = given.items() if isinstance(given, Mapping) else ()
    return {str(name): (float(both[0]), float(both[1])) for name, both in pairs}


def _prices(
    roster: Mapping[str, AgentCard], profiles: Sequence[ModelProfile], wish: Mapping[str, Any]
) -> dict[str, Price]:
    """What the cloud models of a roster cost with a prompt of usual length, where that is known."""
    named = {rung.model for card in roster.values() for rung in card.ladder if not rung.is_local}
    known = Prices(own_prices(wish))
    found = {str(one.ref): known.of(one, USUAL_PROMPT_TOKENS) for one in profiles if str(one.ref) in named}
    return {model: price for model, price in found.items() if price}


def _unused(effective: Effective) -> tuple[str, ...]:
    """A sentence for a policy of the repository that nobody trusts."""
    return tuple(file.reason for file in effective.files if file.reason)


def _lanes(wish: Mapping[str, Any]) -> int:
    return max(1, min(int(wish.get("lanes") or DEFAULT_LANES), MAX_LANES))


def _words(wish: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What quick, large and cloud mean for this run: model names by word."""
    given = wish.get("models")
    if not isinstance(given, Mapping):
        return {}
    return {str(word): tuple(map(str, names)) for word, names in given.items() if names}


def _kept(wish: Mapping[str, Any]) -> dict[str, Any]:
    """What a resumed run needs again."""
    return {name: wish[name] for name in ("root", "script", "speed", "prices") if wish.get(name)}
