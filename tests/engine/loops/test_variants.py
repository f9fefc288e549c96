"""The rules hold for texts and lanes that are drawn from a seed: another shape, length and wording each time."""

from __future__ import annotations

import random

import pytest

from engine.loops import LoopDetector, StreamDetector, Verdict
from tests.engine.loops.honest import prose
from tests.engine.loops.lane_variants import (
    HONEST_LANE_VARIANTS,
    HONEST_TALK_VARIANTS,
    LOOPING_LANE_VARIANTS,
    LOOPING_TALK_VARIANTS,
    MakeLane,
    lead,
)
from tests.engine.loops.lanes import Steps
from tests.engine.loops.variants import HONEST_VARIANTS, LOOPING_VARIANTS, Make

SEEDS = range(100, 104)
HONEST_LANES = {**HONEST_LANE_VARIANTS, **HONEST_TALK_VARIANTS}
LOOPING_LANES = {**LOOPING_LANE_VARIANTS, **LOOPING_TALK_VARIANTS}


def first(steps: Steps) -> Verdict | None:
    detector = LoopDetector()
    return next((verdict for step in steps if (verdict := detector.feed(step))), None)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", HONEST_VARIANTS.values(), ids=HONEST_VARIANTS)
def test_an_honest_text_gets_no_verdict(make: Make, seed: int) -> None:
    assert StreamDetector().feed(make(random.Random(seed))) is None


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", LOOPING_VARIANTS.values(), ids=LOOPING_VARIANTS)
def test_a_text_that_loops_is_cut_after_its_honest_part(make: Make, seed: int) -> None:
    rng = random.Random(seed)
    honest = prose(rng)[: rng.randrange(100, 2500)]

    verdict = StreamDetector().feed(honest + make(rng))

    assert verdict is not None
    assert len(honest) < verdict.at < len(honest) + 2200


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", HONEST_LANES.values(), ids=HONEST_LANES)
def test_honest_steps_get_no_verdict(make: MakeLane, seed: int) -> None:
    assert first(make(random.Random(seed))) is None


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", LOOPING_LANES.values(), ids=LOOPING_LANES)
def test_steps_that_loop_are_found_after_their_honest_part(make: MakeLane, seed: int) -> None:
    rng = random.Random(seed)
    before = lead(rng)

    verdict = first([*before, *make(rng)])

    assert verdict is not None
    assert len(before) < verdict.at <= len(before) + 12
