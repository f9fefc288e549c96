"""Which flow a run gets, and whether it can be played: who is needed, what it would run, what it goes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.document import nearest
from agents.flow_folder import Flows, commands_of, typed_flow
from agents.flow_rules import ITEMS
from agents.ladder import NO_TOOLS, TINY
from agents.routing import Route, route, wants_text
from engine.decision.flow_question import needs_word
from engine.errors import UserFault
from engine.flow import Flow, agents_of
from engine.model import ModelProfile
from engine.words import AgentCard


@dataclass(frozen=True, slots=True)
class Choice:
    """A flow and one line that says why it was chosen."""

    flow: Flow
    reason: str


def choose_flow(
    wish: Mapping[str, Any],
    items: Sequence[str],
    profiles: Sequence[ModelProfile],
    known: Flows,
    agents: Sequence[str] = (),
) -> Choice:
    """The flow that a wish means.

    In:     the wish: `flow` (auto), `flow_file` ({name, path, text} of a file that the person named by hand), `goal`,
            `plan`; agents, whom nodes may name.
    Raises: UserFault when there is none of that name, with why when a file of that name is not used.
    """
    typed = wish.get("flow_file")
    if isinstance(typed, Mapping) and typed.get("name") == wish.get("flow"):
        flow = typed_flow(str(typed.get("text") or ""), Path(str(typed.get("path") or "")), agents)
        return Choice(flow, f"{flow.name}: you named the file {typed.get('path')}")
    chosen = _wanted(wish, items, profiles)
    if chosen.flow not in known.flows:
        raise _missing(chosen.flow, known)
    return Choice(known.flows[chosen.flow], f"{chosen.flow}: {chosen.reason}")


def _wanted(wish: Mapping[str, Any], items: Sequence[str], profiles: Sequence[ModelProfile]) -> Route:
    name, goal = str(wish.get("flow") or "auto"), str(wish.get("goal") or "")
    if name != "auto":
        return Route(name, str(wish.get("flow_why") or "you chose it"))
    if wish.get("plan"):
        return Route("build", "you brought a plan")
    chosen = route(goal, items, profiles)
    if chosen.flow == "digest" and not (items or wants_text(goal)):
        from agents.available import only_tiny_fault

        raise only_tiny_fault()
    return chosen


def _missing(name: str, known: Flows) -> UserFault:
    unused = next((one for one in known.files if one.name == name and one.reason), None)
    if unused:
        return UserFault(f"The flow {name} cannot be used: {unused.reason}", safe="")
    advice = nearest(name, known.flows) or f"Flows: auto, {', '.join(sorted(known.flows))}."
    return UserFault(f"There is no flow called {name!r}.", remedy=f"{advice} See them: orchestra-tui flows")


def refuse_unplayable(flow: Flow, roster: Mapping[str, AgentCard], profiles: Sequence[ModelProfile]) -> None:
    """Raises: UserFault when a flow names somebody who is not there, or whom no model here can be.

    Commands, gates and counts of votes need nobody.
    """
    needed = dict.fromkeys(name for node in flow.nodes for name in agents_of(node))
    if needed and not profiles:
        from agents.available import no_model_fault

        raise no_model_fault()
    for name in needed:
        card = roster.get(name)
        if card is None:
            raise UserFault(
                f"The flow {flow.name} names {name!r}, whom nobody defined.", remedy="See them: orchestra-tui agents"
            )
        if not card.ladder:
            raise UserFault(
                f"No reachable model can do the work of {name}, which the flow {flow.name} needs.",
                remedy="A tiny model only summarises: use --flow digest, or pull a larger model.",
            )


def refuse_unasked_commands(flow: Flow, sandbox: str, wish: Mapping[str, Any]) -> None:
    """Raises: UserFault when a repository's flow would run commands that nothing holds and nobody is there to ask.

    In: sandbox, the letter of the tier.
    """
    if not needs_word(flow, sandbox) or not (wish.get("unattended") or wish.get("plan")):
        return
    commands = ", ".join(f"`{command}`" for command in commands_of(flow))
    raise UserFault(
        f"The repository's flow {flow.name} runs {commands}, and nothing holds commands on this machine.",
        remedy=f"Name its file yourself: --flow .orchestra/flows/{flow.name}.yaml. Or start it where you can be asked.",
    )


def goes_over_items(flow: Flow) -> bool:
    """Whether a flow has a node for each item that the person names."""
    return any(node.each == ITEMS for node in flow.nodes)


def proves_work(flow: Flow) -> bool:
    """Whether a flow makes changes that the run's check could prove."""
    return any(node.check and node.edits for node in flow.nodes)


def without_tools(flow: Flow, roster: Mapping[str, AgentCard]) -> tuple[str, ...]:
    """A sentence for each model that will have to act by forced replies."""
    cards = (roster.get(name) for node in flow.nodes for name in agents_of(node))
    firsts = [card.ladder[0] for card in cards if card and card.ladder]
    models = dict.fromkeys(rung.model for rung in firsts if NO_TOOLS in rung.notes and TINY not in rung.notes)
    return tuple(f"{model} calls no tools: it acts by forced replies, slower and less surely." for model in models)
