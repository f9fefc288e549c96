"""Loops between agents: messages that add nothing to what the conversation already holds.

The measure is the share of a message's word pairs that nobody has said yet. Agents that only agree, or restate, or
prompt one another with the same sentence, bring that share down; honest work keeps it up, because findings, code and
results are new words.

    gain     (0.5 - share) / 0.5, in full from twelve words on, less for fewer: "Python." four times over is a decision
             words of agreement and restatement lower the share by three tenths: politeness is not news
             a short message that agrees gains up to 0.6 whatever its words: agents confirming a claim nobody checked
             a hop back to the agent that handed over, without a new result between: 0.85
             all of it less for each pair that is new, none from thirty on: a whole file that is posted again with
             two lines changed, or a form that is filled in anew, is news in a large wrapping
    relief   (share - 0.5) for a message, or its new pairs beyond thirty, up to 0.5; 1 for a new result of a tool or a
             word from outside
    verdict  at 2.4, when two agents or more are in it

Source: the share of unseen n-grams is the novelty of Maximal Marginal Relevance, Carbonell and Goldstein 1998.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from itertools import pairwise

from engine.loops.calls import CallMemory
from engine.loops.evidence import Evidence
from engine.loops.step import Step, StepKind
from engine.loops.verdict import LoopKind, Verdict, excerpt

THRESHOLD = 2.4
EVEN = 0.5
FULL_WORDS = 12
NEWS = 30
POLITENESS = 0.7
ASSENT = 0.6
ASSENT_WORDS = 40
HOP = 0.85
MEMORY_PAIRS = 20_000
MEMORY_HOPS = 8
MESSAGE_CHARACTERS = 6000

_WORD = re.compile(r"\w+")
_ASSENT_TEXT = (
    "agree agreed indeed already confirm confirmed confirms aligned consensus thanks apologise apologize "
    "misunderstanding"
)
_ASSENT_WORDS = frozenset(_ASSENT_TEXT.split())
_OPENINGS = frozenset(("yes", "exactly", "absolutely", "lgtm"))
_RIGHT = ("right", "correct", "welcome")
_PHRASES = (
    *(f" as {word} " for word in ("stated", "mentioned", "discussed", "established", "above")),
    *(f" you {be} {how}{word} " for be in ("re", "are") for how in ("", "absolutely ", "quite ") for word in _RIGHT),
    *(f" to {word} " for word in ("summarise", "summarize", "reiterate")),
    *(" thank you ", " sounds good ", " shared understanding ", " same page ", " once again "),
    *(" no further ", " no additional ", " great job ", " great work "),
)
_HANDOFF = re.compile(r"hand_?off|transfer|delegate|route_to|escalate", re.IGNORECASE)


class ConversationDetector:
    """Feed the steps of all agents of a run; get a verdict when they only repeat one another."""

    def __init__(
        self,
        forgiven: Iterable[str] = (),
        kind_of_restating: LoopKind = LoopKind.PING_PONG,
        threshold: float = THRESHOLD,
    ) -> None:
        """In: kind_of_restating, what it is called when the same is said again; threshold of the score."""
        self.count = 0
        self._threshold = threshold
        self._kind_of_restating = kind_of_restating
        self.forgiven = set(forgiven)
        """Kinds of loop that were called "not a loop"; keep them to teach the next detector."""
        self.index = -1
        self.evidence = Evidence()
        self._young: set[tuple[str, str]] = set()
        self._old: set[tuple[str, str]] = set()
        self._calls = CallMemory()
        self._speakers: deque[str] = deque(maxlen=MEMORY_HOPS)
        self._hops: deque[tuple[str, str]] = deque(maxlen=MEMORY_HOPS)

    @property
    def score(self) -> float:
        """How near a verdict is, from 0 to 1."""
        return min(1.0, self.evidence.score / self._threshold)

    def feed(self, step: Step) -> Verdict | None:
        """Take the next step of any agent of the run.

        Out: a verdict when this step completes a loop, and again on each that goes on with it until `reset`.
        """
        self.index += 1
        before = self.evidence.score
        if step.kind is StepKind.MESSAGE:
            self._hear(step)
        elif step.kind is StepKind.ACTION:
            self._see(step)
        elif step.kind is StepKind.USER:
            self._novelty(_words(step.text))
            self.evidence.relieve(1.0)
        self.evidence.note()
        if self.evidence.score <= before or self.evidence.score < self._threshold:
            return None
        return self._verdict(step)

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention; what was said stays said, and the count stays by default."""
        self.evidence.clear()
        self._hops.clear()
        if not keep_count:
            self.count = 0

    def forgive(self, subject: str) -> None:
        """ "Not a loop": this kind weighs a quarter from now on."""
        self.forgiven.add(subject)
        self.evidence.clear()

    def _hear(self, step: Step) -> None:
        said = _words(step.text)
        share, new = self._novelty(said)
        self._speakers.append(step.actor)
        polite = _is_polite(said)
        if polite:
            share *= POLITENESS
        gain = (EVEN - share) / EVEN * min(1.0, len(said) / FULL_WORDS)
        if polite:
            gain = max(gain, ASSENT * (1.0 - len(said) / ASSENT_WORDS))
        gain *= max(0.0, 1.0 - new / NEWS)
        if gain > 0.0:
            self._gain(LoopKind.AGREEMENT if polite else self._kind_of_restating, gain)
        else:
            self.evidence.relieve(max(share - EVEN, min(EVEN, new / NEWS - 1.0)))

    def _see(self, step: Step) -> None:
        """A handoff may be a hop back; any other call matters by whether its result is new."""
        if _HANDOFF.search(step.tool):
            self._hop(step)
            return
        if self._calls.meet(step, self.index, is_edit=False).times:
            return
        self._hops.clear()
        self.evidence.relieve(1.0)

    def _hop(self, step: Step) -> None:
        target = next((value for _, value in step.arguments), step.tool)
        hop = (step.actor, target)
        if hop in self._hops:
            self._gain(LoopKind.PING_PONG, HOP)
        self._speakers.append(step.actor)
        self._hops.append(hop)

    def _gain(self, kind: LoopKind, gain: float) -> None:
        self.evidence.add(kind, gain * (0.25 if kind.value in self.forgiven else 1.0), self.index)

    def _novelty(self, words: list[str]) -> tuple[float, int]:
        """Share of word pairs not said before, and their number; the pairs are remembered."""
        pairs = set(pairwise(words))
        if not pairs:
            return EVEN, 0
        new = pairs - self._young - self._old
        self._young |= new
        if len(self._young) > MEMORY_PAIRS:
            self._old, self._young = self._young, set()
        return len(new) / len(pairs), len(new)

    def _verdict(self, step: Step) -> Verdict | None:
        agents = sorted(set(self._speakers))
        if len(agents) < 2:
            return None
        self.count += 1
        confidence = min(0.98, 0.5 + 0.36 * self.evidence.score / self._threshold)
        evidence = excerpt(step.text or f"{step.actor} → {step.tool}")
        return Verdict(
            self.evidence.kind,
            self.evidence.began,
            self.index,
            "step",
            evidence,
            confidence,
            self.count,
            " ⇄ ".join(agents),
        )


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:MESSAGE_CHARACTERS].lower())


def _is_polite(words: list[str]) -> bool:
    """Whether a message agrees, thanks or restates; looked up and not matched, for every message pays for it."""
    if not _ASSENT_WORDS.isdisjoint(words) or not _OPENINGS.isdisjoint(words[:1]):
        return True
    line = f" {' '.join(words)} "
    return any(phrase in line for phrase in _PHRASES)
