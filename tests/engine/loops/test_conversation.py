"""The conversation detector hears when agents only repeat one another."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loops import ConversationDetector, LoopKind, Step, Verdict
from engine.loops.conversation import MEMORY_PAIRS
from tests.engine.loops.honest import WORDS

DECISION = "Given the task, a command line application is the most suitable choice, because it is easy to install."


def first(detector: ConversationDetector, steps: list[Step]) -> Verdict | None:
    return next((verdict for step in steps if (verdict := detector.feed(step))), None)


def talk(*texts: str) -> list[Step]:
    return [Step.message(("coder", "critic")[i % 2], text) for i, text in enumerate(texts)]


def fresh(rng: random.Random, count: int) -> list[str]:
    return [" ".join(f"{rng.choice(WORDS)}{rng.randrange(999)}" for _ in range(20)) for _ in range(count)]


def test_agents_that_restate_a_decision_are_heard_within_four_messages() -> None:
    restated = [f"I agree. {DECISION}"] * 10

    verdict = first(ConversationDetector(), talk(DECISION, *restated))

    assert verdict is not None
    assert verdict.kind is LoopKind.AGREEMENT
    assert verdict.at <= 5
    assert verdict.subject == "coder ⇄ critic"


def test_a_proxy_that_prompts_with_the_same_sentence_is_a_ping_pong() -> None:
    rng = random.Random(2)
    answers = [f"{text} {DECISION}" for text in fresh(rng, 10)]
    steps = talk(
        *(text for answer in answers for text in (answer[-140:], "Continue. Keep solving until you need to ask."))
    )

    verdict = first(ConversationDetector(), steps)

    assert verdict is not None
    assert verdict.kind is LoopKind.PING_PONG


def test_two_agents_that_confirm_an_unchecked_claim_are_heard() -> None:
    verdict = first(
        ConversationDetector(),
        talk(
            "The endpoint supports batch removal with a list of ids.",
            "I agree, batch removal takes a list of ids.",
            "Confirmed, the endpoint does batch removal.",
            "As established, we both see batch removal there.",
            "Yes, aligned on removal by a list.",
            "Agreed, our shared understanding is batch removal.",
            "Exactly, confirmed by both of us.",
        ),
    )

    assert verdict is not None
    assert verdict.kind is LoopKind.AGREEMENT


def test_the_same_claim_checked_by_a_tool_is_not_a_loop() -> None:
    steps = talk(
        "The endpoint supports batch removal with a list of ids.", "I agree, batch removal takes a list of ids."
    )
    for i in range(6):
        steps.append(Step.action("curl", {"url": f"/items?ids={i}"}, f"204 removed {i}", actor="critic"))
        steps.append(Step.message("coder", "Confirmed, the endpoint does batch removal."))

    assert first(ConversationDetector(), steps) is None


def test_a_conversation_full_of_news_gets_no_verdict() -> None:
    assert first(ConversationDetector(), talk(*fresh(random.Random(1), 60))) is None


def test_a_critic_and_a_coder_who_converge_get_no_verdict() -> None:
    steps: list[Step] = []
    for i, text in enumerate(fresh(random.Random(3), 8)):
        steps.append(Step.message("critic", f"Please handle {text}."))
        steps.append(Step.action("edit", {"path": "a.py", "new": text}, "ok", actor="coder"))
        steps.append(Step.action("bash", {"command": "pytest -q"}, f"{12 + i} passed", actor="coder"))
        steps.append(Step.message("coder", "Fixed, tests pass."))

    assert first(ConversationDetector(), steps) is None


def test_a_critic_and_a_coder_who_never_converge_are_heard() -> None:
    steps = talk(
        *(["The function still lacks a docstring for its second argument.", "Done, I added the docstring."] * 8)
    )

    assert first(ConversationDetector(), steps) is not None


def test_one_word_said_a_few_times_is_a_decision() -> None:
    assert first(ConversationDetector(), talk("Python", "Python", "Python", "Python", "<INFO> Python")) is None


def test_a_handoff_that_goes_back_and_forth_without_a_result_is_a_ping_pong() -> None:
    steps: list[Step] = []
    for _ in range(6):
        steps.append(Step.action("handoff", {"to": "billing"}, "handed over", actor="triage"))
        steps.append(Step.action("handoff", {"to": "triage"}, "handed over", actor="billing"))

    verdict = first(ConversationDetector(), steps)

    assert verdict is not None
    assert verdict.kind is LoopKind.PING_PONG
    assert verdict.at <= 6


def test_a_handoff_down_a_chain_is_not_a_loop() -> None:
    agents = ["triage", "billing", "shipping", "returns", "support", "legal"]
    steps = [Step.action("handoff", {"to": after}, "handed over", actor=before) for before, after in pairwise(agents)]

    assert first(ConversationDetector(), steps) is None


def test_results_between_handoffs_make_them_work() -> None:
    steps: list[Step] = []
    for i in range(8):
        steps.append(Step.action("handoff", {"to": ("a", "b")[i % 2]}, "ok", actor=("b", "a")[i % 2]))
        steps.append(Step.action("bash", {"command": f"run {i}"}, f"result {i}", actor=("a", "b")[i % 2]))

    assert first(ConversationDetector(), steps) is None


def test_an_agent_alone_has_no_conversation() -> None:
    assert first(ConversationDetector(), [Step.message("coder", DECISION)] * 20) is None


def test_a_word_from_a_person_lowers_the_score() -> None:
    detector = ConversationDetector()
    first(detector, talk(DECISION, DECISION, DECISION))
    before = detector.score

    detector.feed(Step.user("Stop. Use a library instead."))

    assert detector.score < before


def test_after_an_intervention_evidence_is_gone_and_the_count_stays() -> None:
    detector = ConversationDetector()
    assert first(detector, talk(*[DECISION] * 8)) is not None

    detector.reset()

    assert detector.score == 0.0
    assert detector.count == 1


@pytest.mark.parametrize("kind", [LoopKind.AGREEMENT, LoopKind.PING_PONG])
def test_a_forgiven_kind_weighs_a_quarter(kind: LoopKind) -> None:
    text = f"I agree. {DECISION}" if kind is LoopKind.AGREEMENT else DECISION
    detector = ConversationDetector()
    detector.forgive(kind)

    assert first(detector, talk(*[text] * 8)) is None
    assert first(detector, talk(*[text] * 20)) is not None


@given(st.lists(st.integers(min_value=0), min_size=1, max_size=40, unique=True))
def test_messages_of_new_words_never_get_a_verdict(numbers: list[int]) -> None:
    texts = [f"w{n} x{n} y{n} z{n} finds v{n} in u{n}" for n in numbers]

    assert first(ConversationDetector(), talk(*texts)) is None


def test_memory_stays_bounded_however_long_they_talk() -> None:
    detector, rng = ConversationDetector(), random.Random(0)

    for step in talk(*fresh(rng, 3000)):
        detector.feed(step)

    assert len(detector._young) + len(detector._old) <= 2 * MEMORY_PAIRS + 100
