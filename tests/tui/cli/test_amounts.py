"""Amounts as people write them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from tui.cli.amounts import seconds, speed, tokens, usd


@pytest.mark.parametrize(
    ("read", "text", "amount"),
    [
        (tokens, "500k", 500_000),
        (tokens, "1.5M", 1_500_000),
        (tokens, " 120000 ", 120_000),
        (tokens, "0", 0),
        (seconds, "90", 90),
        (seconds, "90s", 90),
        (seconds, "20m", 1_200),
        (seconds, "20min", 1_200),
        (seconds, "1h30m", 5_400),
        (seconds, "1h 30m".replace(" ", ""), 5_400),
        (usd, "2.50", 2.5),
        (usd, "$2", 2.0),
        (usd, "0", 0.0),
        (speed, "0.5", 0.5),
    ],
)
def test_an_amount_is_what_it_says(read: Callable[[str], float], text: str, amount: float) -> None:
    assert read(text) == amount


@pytest.mark.parametrize(
    ("read", "text"),
    [(tokens, "-1"), (tokens, "5kg"), (tokens, ""), (seconds, ""), (seconds, "soon"), (seconds, "1m1h"), (usd, "2,50"),
     (usd, "-1"), (usd, "nan"), (tokens, "1e9"), (speed, "0"), (speed, "fast")],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_an_example(read: Callable[[str], float], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write"):
        read(text)
