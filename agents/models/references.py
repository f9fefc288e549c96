"""Read `provider/name` references, and say helpfully what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from engine.errors import UserFault
from engine.model import ModelRef

PROVIDERS = ("ollama", "openai", "anthropic", "embedded", "scripted")


def parse_ref(text: str, known: Iterable[ModelRef] = ()) -> ModelRef:
    """Read a reference such as `ollama/qwen3:4b` or `embedded//path/to/model.gguf`.

    In:     known, models that are there, for suggestions.
    Raises: UserFault with the nearest valid spelling.
    """
    provider, slash, name = text.strip().partition("/")
    if slash and name and provider in PROVIDERS:
        return ModelRef(provider, name)
    raise UserFault(f"{text.strip() or 'An empty text'} names no model.", remedy=_remedy(provider, name, known))


def _remedy(provider: str, name: str, known: Iterable[ModelRef]) -> str:
    if provider in PROVIDERS:
        return f"Add the model's name: {provider}/NAME. {nearest(ModelRef(provider, ''), known)}".strip()
    if not name:
        guess = next((str(ref) for ref in known if ref.name.startswith(provider)), f"ollama/{provider or 'NAME'}")
        return f"Put the provider first, e.g. {guess}; providers are {', '.join(PROVIDERS)}."
    close = get_close_matches(provider.lower(), PROVIDERS, n=1)
    if close:
        return f"Did you mean {close[0]}/{name}?"
    return f"Providers are {', '.join(PROVIDERS)}; a server that speaks OpenAI's protocol is openai/{provider}/{name}."


def nearest(ref: ModelRef, known: Iterable[ModelRef]) -> str:
    """A sentence with the models that look most like this one; empty when none does."""
    names = [str(one) for one in known if one.provider == ref.provider]
    close = get_close_matches(str(ref), names, n=3, cutoff=0.5) if ref.name else names[:3]
    return f"There are: {', '.join(close)}." if close else ""
