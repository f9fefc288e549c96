"""The router asked by a run: on which rung a task starts, and what speaks for a climb. Pure, from the state alone.

The counters are those of the run's start: they stand in its first fact, so the log alone replays every decision.
"""

from __future__ import annotations

from functools import reduce

from msgspec.structs import replace

from engine.experience.signals import number
from engine.material import context_tokens, needs_tools
from engine.routing import Counters, Kind, Permissions, RouteDecision, Signals, decide, kind_of, learn
from engine.routing.cascade import DISAGREE, why_of
from engine.state import Repository, Run, Task
from engine.turn_cost import least_usd, money_left, turn_words
from engine.words import Failure, Role, Rung, TaskSpec

KIND_OF_ROLE = {Role.PLAN: Kind.PLAN, Role.REVIEW: Kind.REVIEW}
"""What kind of work a task is whatever its words: those of a review are about the work under review."""
COUNTS_FAILURES = ("fail", "error")
"""A check's number counts failing tests where its expression looks for one of these words."""


def start_of(run: Run, task: Task, item_chars: int = 0) -> RouteDecision:
    """Where a task's first attempt is made, by which rule, and why.

    In: item_chars, the length of the text behind the task's item where somebody has read it.
    """
    card = run.roster.get(task.agent)
    ladder = card.ladder if card else ()
    turn_usd = {rung.model: least_usd(run, task, rung, item_chars) for rung in ladder if not rung.is_local}
    found = decide(
        text_of(task.spec),
        context_tokens(run, task, item_chars),
        ladder,
        run.counters,
        Permissions(run.cloud_allowed, budget_usd=money_left(run, task.task), turn_usd=turn_usd),
        task.spec.tier,
        KIND_OF_ROLE.get(task.spec.role),
        needs_tools(task),
    )
    if task.spec.tier == found.tier and _is_called_in(run, task):
        return replace(found, rule="disagreement", reason=f"{found.tier}: {DISAGREE}")
    return found


def _is_called_in(run: Run, task: Task) -> bool:
    """Whether it is the voice on a larger model that `engine.decision.extra_voice` adds to a vote."""
    node = run.node_of(task)
    return node is not None and node.vote is not None and node.vote.n > 0


def kind_of_task(task: Task) -> str:
    """The kind of work under which a task's outcomes are counted."""
    return KIND_OF_ROLE.get(task.spec.role) or kind_of(text_of(task.spec))


def climb_words(run: Run, task: Task, failure: Failure, why: str) -> str:
    """Why a task climbs, in the router's sentence, with what the failure itself said unless that is in it."""
    said = why_of(signals_of_attempt(run, task, failure), run.counters, kind_of_task(task), task.model)
    return "; ".join(part for part in (said, "" if why in said else why) if part)


def climb_label(run: Run, task: Task, above: Rung) -> str:
    """Where a task climbs to, and what a turn costs there: `cloud, ≈ $0.12 a turn`."""
    cost = turn_words(run, task, above)
    return f"{above.tier}, {cost}" if cost else above.tier


def signals_of_attempt(run: Run, task: Task, failure: Failure) -> Signals:
    """What an attempt that failed left behind, as far as the state knows it."""
    card, lane = run.roster.get(task.agent), run.lanes.get(task.task)
    turns = lane.turn if lane else 0
    return Signals(
        turns=float(turns),
        failed_checks=failing_tests(run, task),
        # Fewer turns than the agent may take: its time was over, not its limit.
        timeout=failure is Failure.TURNS and (card is None or turns >= card.max_turns),
        stalled=failure is Failure.STUCK,
        empty=failure is Failure.EMPTY,
        accepted=False if failure is Failure.REVIEW else None,
        overflow=failure is Failure.OVERFLOW,
    )


def failing_tests(run: Run, task: Task) -> float | None:
    """How many tests failed when the task's work was last checked; None where its check does not count them."""
    check, lane = task.spec.check or run.check, run.lanes.get(task.task)
    if lane is None or check is None or not any(word in check.metric.lower() for word in COUNTS_FAILURES):
        return None
    last = next((said.outcome for said in reversed(lane.said) if said.speaker == "check"), "")
    return number(last.partition(" ")[2])


def counters_of(repository: Repository) -> Counters:
    """What the router learned from a repository's outcomes, in their order."""
    return reduce(learn, repository.outcomes, Counters())


def text_of(spec: TaskSpec) -> str:
    """What a task asks for, in the words of its spec."""
    return spec.goal if not spec.title or spec.title in spec.goal else f"{spec.title}\n{spec.goal}"
