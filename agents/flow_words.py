"""A flow in sentences: what each node does, what is checked, where it waits for the person, what it costs at worst.

The worst case counts attempts of models, not calls: everything fails in the most expensive way that the policy allows
without asking the person. It is a bound, not a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.flow_graph import form_of, levels
from agents.going_over import MAX_ITEMS
from engine.clean import clean_line
from engine.flow import Flow, Node
from engine.growth import MAX_EACH
from engine.ladders import ALWAYS, Policy, Step, built_in
from engine.plan import MAX_TASKS
from engine.words import Failure, Reaction

MOST_ATTEMPTS = Policy().attempts
MODEL_TIERS = 2
"""Climbs of one task at most: one to large, one to cloud."""
GOAL_CHARS = 160
LAST_RESORT = "any task: when what the policy does about a failure is used up (orchestra-tui policy)."
_COSTLY = (Reaction.RETRY, Reaction.REASSIGN, Reaction.RESOLVE, Reaction.LOCAL)
"""Reactions that make a new attempt, each as often as its step says; a climb is counted once a tier."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How many attempts of models a flow takes."""

    usual: int
    """When nothing goes wrong and every list has one entry."""
    worst: int
    """When everything does, with lists and plans of their greatest length."""
    grows_with: tuple[str, ...] = ()
    """What decides between the two besides failures."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A flow, told."""

    nodes: tuple[tuple[str, tuple[str, ...]], ...]
    """Each node's name with its sentences."""
    waves: tuple[tuple[str, ...], ...]
    waits: tuple[str, ...]
    """Where it may wait for the person."""
    effort: Effort


def explain(flow: Flow, ladders: Mapping[str, tuple[Step, ...]] | None = None) -> Explanation:
    """Tell what a flow does.

    In: ladders, the policy by failure; what is missing is the built-in one.
    """
    nodes = tuple((node.name, tuple(_sentences(flow, node))) for node in flow.nodes)
    waits = (*(sentence for node in flow.nodes for sentence in _waits(node)), LAST_RESORT)
    return Explanation(nodes, levels(flow), waits, effort_of(flow, ladders or {}))


def told(flow: Flow, explanation: Explanation) -> list[str]:
    """An explanation as lines of text."""
    lines = [f"{flow.name}: {clean_line(flow.description)}", ""]
    for name, sentences in explanation.nodes:
        lines.append(f"{name}: {' '.join(sentences)}")
    lines += ["", "Levels, for the eye (nothing waits for a whole level):"]
    lines += [f"  {number}  {', '.join(names)}" for number, names in enumerate(explanation.waves, 1)]
    lines += ["", "It waits for you:"]
    lines += [f"  - {sentence}" for sentence in explanation.waits]
    lines += ["", effort_words(explanation.effort)]
    return lines


def effort_words(effort: Effort) -> str:
    """What a flow costs in attempts, in a sentence."""
    grows = f"; there may be {' and '.join(effort.grows_with)}" if effort.grows_with else ""
    well = "all goes well and each list or plan has one entry" if grows else "all goes well"
    return (
        f"Attempts of models: {effort.usual} when {well}{grows}. No task is tried more than {MOST_ATTEMPTS} times "
        "before it asks you or gives up (orchestra-tui policy), and a budget ends it earlier: --budget."
    )


def effort_of(flow: Flow, ladders: Mapping[str, tuple[Step, ...]]) -> Effort:
    """How many attempts of models a flow takes, at best and at worst."""
    usual = worst = 0
    for node in flow.nodes:
        if not node.agent or node.watch:
            continue
        usual += (node.vote.n if node.vote else 0) or len(node.each_of) or 1
        attempts = _attempts(node, ladders)
        worst += _tasks(flow, node) * attempts
        reviewers = [other for other in flow.nodes if other.watch == node.name]
        seats = [(other, (other.vote.n if other.vote else 0) or 1) for other in reviewers]
        critics = [(node, 1)] if node.until else []
        for reviewer, number in (*seats, *critics):
            usual += number
            once = _attempts(reviewer if reviewer is not node else Node(node.name), ladders)
            worst += _tasks(flow, node) * attempts * number * once
    return Effort(usual, worst, tuple(_growing(flow)))


def _tasks(flow: Flow, node: Node) -> int:
    """The most tasks of a node."""
    if any(other.grafts == node.name for other in flow.nodes):
        return MAX_TASKS
    if "." in node.each:
        return MAX_EACH
    return (MAX_ITEMS if node.each else 0) or len(node.each_of) or (node.vote.n if node.vote else 0) or 1


def _growing(flow: Flow) -> list[str]:
    found = [f"{MAX_TASKS} planned tasks" for node in flow.nodes if node.grafts]
    found += [f"{MAX_EACH} entries of {node.each}" for node in flow.nodes if "." in node.each]
    found += [f"{MAX_ITEMS} items" for node in flow.nodes if node.each and "." not in node.each]
    return list(dict.fromkeys(found))


def _attempts(node: Node, ladders: Mapping[str, tuple[Step, ...]]) -> int:
    """The most attempts at one task before the person is asked or it fails."""
    again = sum(_again(steps, failure, node) for failure, steps in _policy(node, ladders).items())
    return min(1 + again + MODEL_TIERS + (node.handoff.max if node.handoff else 0), MOST_ATTEMPTS)


def _policy(node: Node, ladders: Mapping[str, tuple[Step, ...]]) -> dict[Failure, Sequence[tuple[str, int]]]:
    found: dict[Failure, Sequence[tuple[str, int]]] = {}
    for failure in Failure:
        steps = ladders.get(failure) or built_in(failure)
        found[failure] = node.policy.get(failure) or [(step.reaction, step.times) for step in steps]
    return found


def _again(steps: Sequence[tuple[str, int]], failure: Failure, node: Node) -> int:
    """How often one failure leads to another attempt; what stands behind a step without end is never reached."""
    rounds = node.until.max if node.until and failure is Failure.REVIEW else 0
    again = 0
    for reaction, times in steps:
        if reaction in (Reaction.ASK, Reaction.FAIL):
            break
        again += times if reaction in _COSTLY else 0
        if times >= ALWAYS:
            break
    return max(again, rounds)


def _sentences(flow: Flow, node: Node) -> list[str]:
    form = form_of(node)
    start = _start(flow, node)
    if form == "command":
        found = [f"{start}the engine runs {_command(node)} on the run's branch; no model decides what it says."]
    elif form == "gate":
        goal = f" ({clean_line(node.goal, GOAL_CHARS)})" if node.goal not in ("", "{goal}") else ""
        found = [f"{start}you decide whether it goes on{goal}."]
    elif form == "count":
        found = [f"{start}the voices of {_and(node.vote.of if node.vote else ())} are counted; {_needed(node)}."]
    elif form == "review":
        found = [f"As soon as a result of {node.watch} is there, {_who(node)} judges it, whatever the others do."]
    else:
        found = [f"{start}{_who(node)} {_deed(node)}."]
    return [*found, *_conditions(node), *_proof(flow, node)]


def _start(flow: Flow, node: Node) -> str:
    planner = next((other.name for other in flow.nodes if other.grafts == node.name), "")
    if planner:
        return f"For each task that {planner} plans, "
    waits = [f"{_and(node.needs)} {'is' if len(node.needs) == 1 else 'are'} done"] if node.needs else []
    if node.after:
        waits.append(f"{_and(node.after)} ended, well or badly")
    said = _and(tuple(f"{name} is {' or '.join(wanted)}" for name, wanted in node.when.items()))
    if waits:
        return f"Once {', and '.join(waits)}, {f'and only if {said}, ' if said else ''}"
    return f"If {said}, " if said else "At once, "


def _who(node: Node) -> str:
    vote = node.vote
    if vote is None or not vote.n:
        return node.agent
    people = f" ({', '.join(vote.agents)})" if vote.agents else f" ({node.agent})"
    return f"a jury of {vote.n}{people}, none told of another,"


def _deed(node: Node) -> str:
    over = ""
    if node.each_of:
        over = f", once for each of {_and(node.each_of)}"
    elif node.each:
        over = f", once for each {'item you name' if '.' not in node.each else f'entry of {node.each}'}, side by side"
    if node.expand:
        return f"plans up to {MAX_TASKS} tasks for {node.grafts}"
    if node.edits:
        return f"changes files in a worktree of its own{over}"
    if node.writes:
        return f"writes {node.writes}{over}"
    fields = f" and says {_and(tuple(node.answers))}" if node.answers else ""
    return f"writes a text{fields}{over}"


def _conditions(node: Node) -> list[str]:
    found = []
    if node.vote and node.vote.n:
        found.append(f"{_needed(node)[:1].upper()}{_needed(node)[1:]}.")
    if node.until:
        found.append(f"{node.until.critic} looks at each result and sends it back, {node.until.max} rounds at most.")
    if node.handoff:
        found.append(f"It may be passed on to {_or(node.handoff.to)}, {node.handoff.max} times at most.")
    if node.tools:
        found.append(
            f"It may call {_and(node.tools)}: commands of this flow, with arguments that match their patterns."
        )
    if node.claims:
        found.append("What it says must point to lines, commands or commits that the engine finds.")
    return found


def _proof(flow: Flow, node: Node) -> list[str]:
    is_work = node.edits or any(other.grafts == node.name for other in flow.nodes)
    if node.proof:
        return [f"The engine checks it with `{clean_line(node.proof.run, GOAL_CHARS)}`, then it lands."]
    if is_work and node.check:
        return ["The engine checks it with the run's check, then it lands; without a check it is only claimed."]
    if is_work or node.writes:
        return ["No check applies: it lands as a claim."]
    return []


def _waits(node: Node) -> list[str]:
    form = form_of(node)
    found = []
    if node.expand and node.human:
        found.append(f"{node.name}: the plan needs your word, unless the run accepts plans (--yes).")
    if form == "gate":
        found.append(f"{node.name}: nothing behind it starts before your word; unattended it ends there.")
    if form == "count" or (node.vote and not node.watch):
        found.append(f"{node.name}: when no answer gets its quorum; unattended the vote fails.")
    if node.until:
        found.append(f"{node.name}: when {node.until.critic} does not agree after {node.until.max} rounds.")
    if node.edits:
        found.append(f"{node.name}: when it changes files that act later (rules, CI, hooks).")
    return found


def _command(node: Node) -> str:
    first = clean_line(node.run.run.strip().splitlines()[0], 80) if node.run else ""
    more = " …" if node.run and len(node.run.run.strip().splitlines()) > 1 else ""
    want = f" and wants `{node.run.want}`" if node.run and node.run.want not in ("pass", "any") else ""
    return f"`{first}{more}`{want}"


def _needed(node: Node) -> str:
    vote = node.vote
    seats = (vote.n or len(vote.of)) if vote else 0
    quorum = (vote.quorum if vote else 0) or seats // 2 + 1
    early = "everybody is heard" if vote and vote.hears_all else "it ends as soon as the answer is certain"
    return f"{quorum} of {seats} must agree, and {early}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _or(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
