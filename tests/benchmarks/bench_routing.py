"""What a decision costs, as a multiple of one pass over the words it reads; `main` prints p50 and p95 in microseconds.

Floor: finding the words of the same sample with one regular expression, the least that a rule about words must do.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from functools import partial

import pytest

from engine.routing import Counters, Outcome, Permissions, Signals, decide, learn, score_after
from engine.routing.kinds import SAMPLE_HEAD, SAMPLE_TAIL
from engine.words import Rung
from tests.benchmarks.floor import compare, percentile, timed
from tests.engine.routing.corpus import CORPUS, PARTS

LADDER = (
    Rung("ollama/qwen3:4b", "quick", True, 16_384),
    Rung("ollama/qwen3-coder:30b", "large", True, 32_768),
    Rung("anthropic/claude-sonnet-4-5", "cloud", False, 200_000),
)
GOAL_US = 300.0
WORDS = re.compile(r"[a-z][a-z+'-]*|\d+(?:[.,]\d+)*")
TEXTS = [prompt.text for prompt in CORPUS]
PROSE = [text + "\n" + "".join(PARTS.values()) * 14 for text in TEXTS]
"""The same tasks with 20,000 characters of letters, reports and logs behind them."""
CLUES = [text + "\n" + " ".join(TEXTS) for text in TEXTS]
"""The worst case: every prompt followed by all others, so that nearly every clue of the table is found."""
TASKS = {"short": TEXTS, "20 kB": PROSE, "all clues": CLUES}


def history(outcomes: int = 300) -> Counters:
    """Counters of a user who has worked here for a while."""
    dice, counters = random.Random(1), Counters()
    for _ in range(outcomes):
        turns = dice.randint(2, 60)
        signals = Signals(turns=turns, cost=turns * 0.01, seconds=turns * 9.0)
        model = LADDER[dice.randrange(2)].model
        counters = learn(counters, Outcome(dice.random() < 0.6, dice.choice(TEXTS), model=model, signals=signals))
    return counters


def floor(texts: list[str]) -> None:
    for text in texts:
        WORDS.findall(f"{text[:SAMPLE_HEAD]}\n{text[-SAMPLE_TAIL:]}".lower())


def decisions(texts: list[str], counters: Counters) -> None:
    for text in texts:
        decide(text, 4_000, LADDER, counters, Permissions(True))


def after(texts: list[str], counters: Counters) -> None:
    for index, text in enumerate(texts):
        score_after("done", Signals(turns=index, cost=0.1, failed_checks=1), counters, LADDER[0].model, task=text)


pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("texts", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("work", [decisions, after])
def test_a_decision_costs_a_bounded_multiple_of_reading_the_words(
    work: Callable[[list[str], Counters], None], texts: list[str]
) -> None:
    counters = history()
    found = compare(timed(lambda: work(texts, counters)), timed(lambda: floor(texts)))
    print(found.line(work.__name__, len(texts), "tasks"))
    assert found.ratio < 25


def each_us(work: Callable[[list[str], Counters], None], texts: list[str], counters: Counters) -> list[float]:
    """Microseconds of each single call, all texts ten times over, in time of this thread: not of its neighbours."""
    taken = []
    for text in texts * 10:
        started = time.thread_time_ns()
        work([text], counters)
        taken.append((time.thread_time_ns() - started) / 1e3)
    return taken


def main() -> None:
    """Print what a decision before and one after a run take."""
    counters = history()
    for name, texts in TASKS.items():
        for work in (decisions, after):
            work(texts, counters)
            taken = each_us(work, texts, counters)
            found = compare(timed(partial(work, texts, counters)), timed(partial(floor, texts)))
            p50, p95 = percentile(taken, 0.5), percentile(taken, 0.95)
            print(
                f"{f'router, {work.__name__}, {name} texts':<44}  p50 {p50:5.0f} µs  p95 {p95:5.0f} µs"
                f"  (goal {GOAL_US:.0f})  ratio to finding the words {found.ratio:5.1f}"
            )
    started = time.perf_counter()
    history(300)
    print(f"{'router, learn':<44}  mean {(time.perf_counter() - started) / 300 * 1e6:5.0f} µs an outcome")


if __name__ == "__main__":
    main()
