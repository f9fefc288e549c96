"""The score before the run: how likely a task is beyond a small local model.

It tells kinds of work apart. It does not tell which bug a small model can fix: on recorded outcomes of coding tasks no
rule on the prompt alone beats chance. For those, decide after the run (`engine.routing.after`).
"""

from __future__ import annotations

from engine.experience.counters import Counters, levels
from engine.experience.signals import number
from engine.routing.features import NAMES, features_of
from engine.routing.kinds import Kind, Reading, kind_read, named, read
from engine.routing.learning import combined, offset
from engine.routing.score import Part, Score, probability, weightiest
from engine.routing.weights import BEFORE

HAND = tuple(BEFORE.values())
EMPTY = Counters()
YOUR_OUTCOMES = "your outcomes"
"""The name of what the counts add to a score."""


def score_before(
    text: object,
    context_tokens: float | None = 0,
    kind: str | None = None,
    counters: Counters | None = None,
    model: str = "",
) -> Score:
    """How likely a task is beyond a small local model.

    In:   text, what is asked; context_tokens, what else goes into the prompt; kind, a name from `Kind`, read from the
          text when it is None or unknown; counters and model, what was learned and of which local model, both optional.
    Out:  a score from 0 (surely not) to 1 with one line of reason.
    """
    known = counters or EMPTY
    reading = read(text)
    sort = named(kind) or kind_read(reading)
    shares = shares_before(reading, sort, number(context_tokens) or 0.0, known)
    learned = offset(known, levels(sort, model), is_after=False) if known.seen else 0.0
    parts = weightiest((*NAMES[1:], YOUR_OUTCOMES), (*shares[1:], learned))
    return Score(probability(sum(shares) + learned), _reason(sort, parts), sort.value, parts)


def shares_before(reading: Reading, kind: Kind, context_tokens: float, counters: Counters) -> list[float]:
    """What each feature adds, in log-odds, without the counts."""
    weights = combined(HAND, counters.before)
    return [a * b for a, b in zip(weights, features_of(reading, kind, context_tokens), strict=True)]


def _reason(kind: Kind, parts: tuple[Part, ...]) -> str:
    """`root cause; also files, stack trace` — what raises it, or what lowers it."""
    others = [f"{part.name} {part.weight:+.1f}" for part in parts if part.name != "kind" and abs(part.weight) >= 0.15][
        :3
    ]
    own = next((f" {part.weight:+.1f}" for part in parts if part.name == "kind"), "")
    return "; ".join([f"{kind.value}{own}", *others])
