"""Windows and prices of well-known cloud models, as data with a date: servers do not tell their prices."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_EDITION = re.compile(r"(?:[-@:](?:\d{4}-\d\d-\d\d|\d{6,8}|\d{4}|latest|preview[\w.-]*|exp[\w.-]*|v\d[\w:.]*))*")
"""What may follow a model's name without making it another model: dates, `latest`, `preview`."""


@dataclass(frozen=True, slots=True)
class CataloguedModel:
    """What the table says of a model."""

    window_tokens: int
    price_in: float
    """US dollars per million prompt tokens."""
    price_out: float
    """US dollars per million output tokens."""


def look_up(name: str) -> CataloguedModel | None:
    """Find a model by name; a vendor's prefix (`openai/gpt-5`) and a date at the end do not matter."""
    bare = name.lower().rsplit("/", 1)[-1]
    models = _table()["models"]
    for known in sorted(models, key=len, reverse=True):
        if bare.startswith(known) and _EDITION.fullmatch(bare[len(known) :]):
            return CataloguedModel(*models[known])
    return None


def as_of() -> str:
    """The date of the prices."""
    return str(_table()["as_of"])


@cache
def _table() -> Any:
    return json.loads(resources.files("agents.models").joinpath("catalogue.json").read_text(encoding="utf-8"))
