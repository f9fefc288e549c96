"""How well a score ranks: the area under the ROC curve, and the share of a gap that is recovered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """How likely a positive is ranked above a negative; ties count half."""
    hits = sorted(score for score, label in zip(scores, labels, strict=True) if label)
    others = sorted(score for score, label in zip(scores, labels, strict=True) if not label)
    won = sum((one > other) + 0.5 * (one == other) for one in hits for other in others)
    return won / (len(hits) * len(others))


def apgr(scores: Sequence[float], small: Sequence[bool], large: Sequence[bool]) -> float:
    """Average share of the gap between two models that is recovered when the highest scores go to the large one."""
    ranked = sorted(range(len(scores)), key=lambda index: -scores[index])
    right, gap = 0.0, sum(large) - sum(small)
    recovered = [0.0]
    for index in ranked:
        right += large[index] - small[index]
        recovered.append(right / gap)
    return sum((one + other) / 2 for one, other in pairwise(recovered)) / len(scores)
