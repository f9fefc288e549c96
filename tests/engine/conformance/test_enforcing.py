"""What an author is told of a broken rule, and that the log alone knows the rules a run was held against."""

from __future__ import annotations

from engine.codec import decode, encode
from engine.conformance.enforcing import MOST_SHOWN, told
from engine.conformance.rule import BrokenRule, Demand, Rule
from engine.events import RunStarted
from engine.evolve import evolve
from engine.flow import Flow
from engine.state import Run
from engine.words import RunId

RULE = Rule("http", Demand.IMPORTS, "HTTP goes through httpx", ("src/**",), ("requests",), origin="style.yaml:2")


def test_the_rules_of_a_run_are_in_its_log() -> None:
    started = RunStarted("go", Flow("quick", "", ()), {}, "c0", "t0", rules=(RULE,))

    again = decode("RunStarted", encode(started))

    assert again == started
    assert evolve(Run(RunId("r1")), started, 1.0).rules == (RULE,)


def test_an_author_is_told_each_place_and_what_to_do() -> None:
    broken = [BrokenRule(RULE, "src/a.py", line, "import requests\x1b[2J") for line in range(1, MOST_SHOWN + 3)]

    words = told(broken)

    assert "src/a.py:1: import requests" in words
    assert "HTTP goes through httpx (in src/**)" in words
    assert "and 2 more places" in words
    assert "\x1b" not in words


def test_every_demand_says_itself_when_its_author_says_nothing() -> None:
    said = {Rule("a", demand, words=("x",), pattern="y", subject="files", limit=3).sentence for demand in Demand}

    assert len(said) == len(Demand)
    assert all(said)
