"""Sceptics: what a judgement weighs where claims are asked for, and what follows when two with evidence disagree. Pure.

Only what the engine found weighs (`engine.claims`). A rejection needs a finding that holds; an acceptance supports only
with evidence that the author did not bring; agreement weighs nothing, however many agree. A rejection of which nothing
can be found goes back to the reviewer once, then they abstain; so does an acceptance of what nothing else proves.

Author and sceptic, both with evidence, have so many rounds; then a third judges, on a model that neither used; then the
person. Where nobody is there the work has failed, as disputed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from engine.claims import Resolution, Resolved, Unresolved
from engine.flow import Node
from engine.graph import current_reviews
from engine.policy import Decision, first_rung
from engine.state import Run, Task
from engine.words import AgentCard, Claim, Failure, Finding, Reaction, Reference, Role, TaskSpec, TaskState, Verdict

ROUNDS = 2
"""How often author and sceptic may answer each other before a third is heard."""
MINOR = "minor"
_ASK = "Cite what can be looked up: path, line and quote, or a command as you ran it."
CRITIC = ".critic"


class Weight(StrEnum):
    """What a verdict brings to the question."""

    OBJECTS = "objects"
    SUPPORTS = "supports"
    NOTHING = "nothing"


class Standing(StrEnum):
    """Whether what was claimed may be built upon."""

    STANDS = "stands"
    UNFOUNDED = "unfounded"
    DISPUTED = "disputed"


class Opinion(NamedTuple):
    """How claims stand after all that was said, and why."""

    standing: Standing
    reason: str


class Tally(NamedTuple):
    """How one sceptical node stands to a result."""

    is_accepted: bool
    is_rejected: bool
    is_lost: bool


def stands(found: Sequence[Resolution], verdicts: Sequence[Verdict] = ()) -> Opinion:
    """How an author's claims stand.

    In:   what the engine found of each claim; verdicts whose findings were looked up (`weighed`).
    Out:  unfounded as long as one claim is not found, whoever agrees; disputed when an objection holds.
    """
    lost = [one for one in found if isinstance(one, Unresolved)]
    if not found or lost:
        said = "; ".join(f"“{one.claim.text}”: {one.reason}" for one in lost)
        return Opinion(Standing.UNFOUNDED, said or "nothing is claimed that could be looked up")
    claims = [one.claim for one in found if isinstance(one, Resolved)]
    against = [verdict for verdict in verdicts if weight(verdict, claims) is Weight.OBJECTS]
    if against:
        return Opinion(Standing.DISPUTED, "; ".join(verdict.summary for verdict in against))
    return Opinion(Standing.STANDS, f"{len(found)} of {len(found)} claims found")


def lost_claims(found: Sequence[Resolution]) -> tuple[str, str]:
    """Why claims do not hold: one line for the person, and each reason for the next attempt."""
    lost = [one for one in found if isinstance(one, Unresolved)]
    if not found:
        return "nothing is claimed that could be looked up", "Name what your answer rests on, as `claims`."
    reasons = "\n".join(f"- “{one.claim.text}”: {one.reason}" for one in lost)
    line = f"{len(found) - len(lost)} of {len(found)} claims found; “{lost[0].claim.text}”: {lost[0].reason}"
    words = "The engine looked up what you named and did not find it. Look again, then mend or drop these claims:"
    return line, f"{words}\n{reasons}"


def weight(verdict: Verdict, claims: Sequence[Claim]) -> Weight:
    """What a verdict weighs, given what its author's claims rest on."""
    if not verdict.accepts:
        return (
            Weight.OBJECTS
            if any(one.is_found and one.severity != MINOR for one in verdict.findings)
            else Weight.NOTHING
        )
    known = {_place(ref) for claim in claims for ref in claim.refs}
    new = (ref for one in verdict.findings if one.is_found for ref in one.refs if _place(ref) not in known)
    return Weight.SUPPORTS if any(new) else Weight.NOTHING


def _place(ref: Reference) -> tuple[str, ...]:
    """What two references share that point to the same: where, not how it is told."""
    if ref.command:
        return ("command", " ".join(ref.command.split()))
    return ("commit", ref.commit, ref.path) if ref.commit else ("file", ref.path, str(ref.line))


def weighed(verdict: Verdict, found: Sequence[tuple[Finding, str]]) -> Verdict:
    """A verdict in which whatever could not be found is a suspicion: said, and no reason to send anything back."""
    return replace(verdict, findings=tuple(_as_found(finding, why) for finding, why in found))


def _as_found(finding: Finding, why: str) -> Finding:
    return finding if finding.is_found else replace(finding, severity=MINOR, text=f"{finding.text} (not found: {why})")


def empty_verdict(verdict: Verdict, found: Sequence[tuple[Finding, str]], subject: Task) -> str:
    """What a reviewer is told whose verdict shows nothing where something must be shown; empty for any other.

    In: found, the verdict's findings with why they were not found; subject, what is judged.
    """
    if verdict.accepts:
        shows = is_grounded(subject) or any(one.is_found for one, _ in found)
        return "" if shows else f"Nothing proves this work but your word. {_ASK}{_reasons(found)}"
    if any(one.is_found and one.severity != MINOR for one, _ in found):
        return ""
    return f"The engine could not find what your findings rest on. {_ASK}{_reasons(found)}"


def _reasons(found: Sequence[tuple[Finding, str]]) -> str:
    return "".join(f"\n- “{one.text}”: {why}" for one, why in found if why)


def is_grounded(task: Task) -> bool:
    """Whether a result stands by itself while nothing objects: claims that the engine found, or a check that holds."""
    return bool(task.claims) or task.is_proven


def is_sceptical(run: Run, node: Node) -> bool:
    """Whether judgements of a watching node must show what they rest on; a critic does as their author does."""
    own = run.flow.node(node.name.removesuffix(CRITIC)) if node.name.endswith(CRITIC) else node
    return bool(own and own.claims)


def asks_claims(run: Run, task: Task) -> bool:
    """Whether the result of a task must name what it rests on."""
    if task.spec.role is not Role.REVIEW:
        return task.spec.claims and (task.spec.role is Role.TEXT or bool(task.spec.writes))
    return is_sceptical(run, run.flow.node(task.spec.node) or Node(task.spec.node))


def tally(task: Task, reviews: Sequence[Task], quorum: int) -> Tally:
    """How a sceptical node stands: what supports against what objects, once a third was heard what they say.

    Where nothing objects, what is grounded stands by itself; anything else has then simply not been judged.
    """
    panel, third = _panel(reviews)
    if third:
        is_cleared = _weight_of(task, third) is Weight.SUPPORTS
        return Tally(is_cleared, third.is_settled and not is_cleared, False)
    weights = [_weight_of(task, review) for review in panel]
    supports, still_open = weights.count(Weight.SUPPORTS), sum(not review.is_settled for review in panel)
    if supports >= quorum:
        return Tally(True, False, False)
    if Weight.OBJECTS in weights:
        return Tally(False, supports + still_open < quorum, False)
    return Tally(not still_open and is_grounded(task), False, not still_open and not is_grounded(task))


def _panel(reviews: Sequence[Task]) -> tuple[list[Task], Task | None]:
    """Who judged first, and who was heard as a third: a later round of the same attempt."""
    rounds = sorted({review.spec.round for review in reviews})
    panel = [review for review in reviews if review.spec.round == rounds[0]]
    return panel, next((review for review in reviews if review.spec.round != rounds[0]), None)


def _weight_of(task: Task, review: Task) -> Weight:
    is_said = review.state is TaskState.DONE and review.verdict is not None
    return weight(review.verdict, task.claims) if is_said and review.verdict else Weight.NOTHING


def is_disputed(run: Run, task: Task, node: Node) -> bool:
    """Whether author and sceptic have had their rounds."""
    own = run.node_of(task)
    rounds = own.until.max if own and own.until else ROUNDS
    return is_sceptical(run, node) and task.review_round >= rounds


def third_review(run: Run, task: Task, node: Node) -> TaskSpec | None:
    """The review by a third judge; None when they were heard already or there is nobody."""
    reviews = current_reviews(run, task, node)
    judge = None if _panel(reviews)[1] else next(_judges(run, task, reviews), None)
    if judge is None:
        return None
    number = 1 + max(review.spec.round for review in reviews)
    name = f"{task.spec.task}.{node.name.rpartition('.')[2]}{number}"
    agent, tier = judge
    return replace(reviews[0].spec, task=name, agent=agent, tier=tier, round=number)


def _judges(run: Run, task: Task, reviews: Sequence[Task]) -> Iterator[tuple[str, str]]:
    """Who may judge between the two, with the tier: other specialists first, each on a model that neither used."""
    heard = {task.agent, *(review.agent for review in reviews)}
    models = {task.model, *(review.model for review in reviews)}
    able = [card for card in run.roster.values() if card.role is Role.REVIEW]
    for card in sorted(able, key=lambda card: card.name in heard):
        yield from ((card.name, tier) for tier in _tiers(run, card, models))


def _tiers(run: Run, card: AgentCard, models: set[str]) -> Iterator[str]:
    for tier in dict.fromkeys(rung.tier for rung in card.ladder):
        rung = first_rung(run, card.name, tier)
        if rung >= 0 and card.ladder[rung].tier == tier and card.ladder[rung].model not in models:
            yield tier


def dispute(run: Run, task: Task, nodes: Sequence[Node]) -> str:
    """What is to be decided, in one line."""
    reviews = [review for node in nodes for review in current_reviews(run, task, node)]
    against = [one.verdict for one in reviews if one.verdict and _weight_of(task, one) is Weight.OBJECTS]
    thirds = [third for node in nodes if (third := _panel(current_reviews(run, task, node))[1])]
    heard = (
        f"{thirds[0].agent} was heard and did not clear it" if thirds else "there is no third judge on another model"
    )
    points = "; ".join(dict.fromkeys(verdict.summary for verdict in against))
    return f"disputed: {task.agent} and {reviews[0].agent} both show evidence, {heard}: {points}"


def on_empty_verdict(task: Task, failure: Failure, reason: str) -> Decision | None:
    """A reviewer who showed nothing looks once more, then abstains; None for any other failure."""
    if failure is not Failure.CLAIM or task.spec.role is not Role.REVIEW:
        return None
    if task.reactions.get(f"{Failure.CLAIM}:{Reaction.RETRY}", 0):
        return Decision(Reaction.FAIL, "claim: abstains", f"abstains: {reason}", task.agent, task.rung)
    return Decision(Reaction.RETRY, "claim: back to the reviewer once", reason, task.agent, task.rung)
