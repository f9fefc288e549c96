"""Prices: whose word counts, tiers and caches on the dear side, nothing for local models, nothing guessed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.prices import Prices
from engine.budget import Price
from engine.model import ModelProfile, ModelRef, Tier

ANTHROPIC = "https://api.anthropic.com"
OPENAI = "https://api.openai.com"


def profile(name: str, host: str = OPENAI, *, is_local: bool = False, **prices: Any) -> ModelProfile:
    provider, _, model = name.partition("/")
    tier = Tier.QUICK if is_local else Tier.CLOUD
    return ModelProfile(ModelRef(provider, model), host, is_local, tier, 200_000, 200_000, True, False, **prices)


def test_the_table_is_asked_by_address_and_by_name() -> None:
    gpt = Prices().of(profile("openai/gpt-5"), 1_000)
    groq = Prices().of(profile("openai/llama-3.3-70b-versatile", "https://api.groq.com"), 1_000)
    behind_a_proxy = Prices().of(profile("openai/gpt-5", "https://proxy.example"), 1_000)

    assert gpt == behind_a_proxy
    assert gpt is not None
    assert (gpt.prompt, gpt.output, gpt.source) == (1_250, 10_000, "genai-prices")
    assert groq is not None
    assert groq.output < gpt.output


def test_a_prompt_counts_as_written_to_the_cache_where_that_costs_more() -> None:
    price = Prices().of(profile("anthropic/claude-sonnet-5-5", ANTHROPIC), 1_000)

    assert price is not None
    assert (price.prompt, price.cached, price.output) == (2_500, 100, 10_000)


def test_a_long_prompt_has_the_price_of_its_tier() -> None:
    short, long = (
        Prices().of(profile("anthropic/claude-sonnet-4-5", ANTHROPIC), tokens) for tokens in (9_000, 300_000)
    )

    assert short is not None
    assert long is not None
    assert long.prompt == 2 * short.prompt
    assert long.output > short.output


def test_the_person_s_own_price_comes_before_any_table() -> None:
    prices = Prices({"openai/gpt-5": (1.0, 4.0)})

    assert prices.of(profile("openai/gpt-5"), 1_000) == Price(1_000, 1_000, 4_000, "settings")


def test_a_model_that_no_table_knows_has_no_price_and_a_local_one_costs_nothing() -> None:
    assert Prices().of(profile("openai/brand-new"), 1_000) is None
    assert Prices().of(profile("ollama/kimi:cloud", "http://127.0.0.1:11434"), 1_000) is None
    local = Prices().of(profile("ollama/qwen3:4b", is_local=True), 1_000)
    assert local is not None
    assert local.micro_usd(10**6, 10**6) == 0


def test_where_the_table_is_silent_the_profile_s_price_holds() -> None:
    price = Prices().of(profile("openai/house-model", price_in=0.0391, price_out=2.0), 1_000)

    assert price == Price(40, 40, 2_000, "catalogue")


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_price_is_never_less_than_the_exact_sum_and_at_most_a_millionth_more(
    fresh: int, cached: int, output: int
) -> None:
    price = Price(1_251, 126, 10_000)

    exact = fresh * 1_251 + cached * 126 + output * 10_000
    charged = price.micro_usd(fresh + cached, output, cached) * 1_000

    assert exact <= charged < exact + 1_000


@pytest.mark.parametrize("is_local", [True, False])
def test_the_table_is_only_loaded_for_a_cloud_model_and_never_fetches(is_local: bool) -> None:
    program = (
        "import socket, sys\n"
        "def no(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = no\n"
        "from agents.models.prices import Prices\n"
        "from engine.model import ModelProfile, ModelRef, Tier\n"
        "ref = ModelRef('openai', 'gpt-5')\n"
        f"one = ModelProfile(ref, 'https://api.openai.com', {is_local}, Tier.QUICK, 1, 1, True, False)\n"
        "assert Prices().of(one, 10) is not None\n"
        "print('genai_prices' in sys.modules)\n"
    )
    root = Path(__file__).parents[2]

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True)

    assert shown.stdout.strip() == str(not is_local)
