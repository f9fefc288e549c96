"""What models cost: the person's own word, then genai-prices (a table inside the package), then the server's or ours.

Nothing is fetched: the table of prices is as old as the installed package. A price here is never less than the bill:
a prompt counts as if all of it were written to the provider's cache where that costs more, tiers by context length
are those of the prompt at hand, and fractions are rounded up. Local models cost nothing.

Source: https://github.com/pydantic/genai-prices (MIT).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.budget import Price
from engine.model import ModelProfile, ModelRef

if TYPE_CHECKING:
    from genai_prices import Usage

PROVIDERS = {"anthropic": "anthropic", "openai": "openai"}
"""Our word for a provider to that of the table; servers that only speak their protocol are known by address."""
STEP_TOKENS = 1_000
"""Prompts are priced in steps of this size, rounded up: the table is asked once for each."""
_PROBE_TOKENS = 1_000_000
LOCAL = Price(source="local")


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one run."""

    own: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By `provider/name`: US dollars per million prompt and output tokens, as the person said."""

    def of(self, profile: ModelProfile, prompt_tokens: int) -> Price | None:
        """What a call costs a token.

        In:   prompt_tokens, at least 0: models may cost more beyond a length.
        Out:  the price; None for a cloud model whose price nobody knows.
        """
        if given := self.own.get(str(profile.ref)):
            return _flat(*given, "settings")
        if profile.is_local and not profile.price_in and not profile.price_out:
            return LOCAL
        steps = -(-max(prompt_tokens, 1) // STEP_TOKENS)
        known = None if profile.is_local else _from_table(profile.ref, profile.host, steps * STEP_TOKENS)
        if known is None and (profile.price_in or profile.price_out):
            return _flat(profile.price_in, profile.price_out, "catalogue")
        return known


def _flat(usd_in: float, usd_out: float, source: str) -> Price:
    """A price from dollars per million tokens: a billionth of a dollar each is a thousandth of that."""
    prompt, output = (_up(Fraction(str(usd)) * 1000) for usd in (usd_in, usd_out))
    return Price(prompt, prompt, output, source)


def _up(amount: Fraction) -> int:
    return -(-amount.numerator // amount.denominator)


@lru_cache(maxsize=1024)
def _from_table(ref: ModelRef, host: str, prompt_tokens: int) -> Price | None:
    # Imported late: it costs a fifth of a second, and a run on local models never needs it.
    from genai_prices import Usage

    try:
        plain = _usd(Usage(input_tokens=prompt_tokens), ref, host)
        written = _usd(Usage(input_tokens=prompt_tokens, cache_write_tokens=prompt_tokens), ref, host)
        read = _usd(Usage(input_tokens=prompt_tokens, cache_read_tokens=prompt_tokens), ref, host)
        spoken = _usd(Usage(input_tokens=prompt_tokens, output_tokens=_PROBE_TOKENS), ref, host) - plain
    except LookupError:
        return None
    each = Fraction(10**9, prompt_tokens)
    prompt = _up(max(plain, written) * each)
    return Price(prompt, min(prompt, _up(read * each)), _up(spoken * Fraction(10**9, _PROBE_TOKENS)), "genai-prices")


def _usd(usage: Usage, ref: ModelRef, host: str) -> Fraction:
    """What the table says by the address that is called, else by the provider's name.

    Raises: LookupError when it knows neither.
    """
    from genai_prices import calc_price

    try:
        return Fraction(calc_price(usage, model_ref=ref.name, provider_api_url=host).total_price)
    except LookupError:
        if ref.provider not in PROVIDERS:
            raise
        return Fraction(calc_price(usage, model_ref=ref.name, provider_id=PROVIDERS[ref.provider]).total_price)
