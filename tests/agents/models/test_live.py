"""Against a real Ollama, when one answers at OLLAMA_HOST: `python -m pytest -m live`."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from agents.models.directory import Directory
from engine.errors import ModelFault
from engine.model import EndChunk, Message, ModelRef, ModelRequest, TextChunk, ThinkingChunk

pytestmark = pytest.mark.live


async def first_local_model(directory: Directory) -> ModelRef:
    """The smallest model that the server has; without a server there is nothing to hold it against."""
    try:
        installed = [model for model in await directory.ollama_server().installed() if model.is_local]
    except ModelFault as fault:
        pytest.skip(f"no Ollama answers: {fault}")
    if not installed:
        pytest.skip("this Ollama has no model")
    return ModelRef("ollama", min(installed, key=lambda model: model.size_bytes).name)


async def test_a_real_model_answers_with_text_usage_and_an_end() -> None:
    directory = Directory()
    try:
        model = directory.model(await first_local_model(directory))
        profile = await model.profile()
        request = ModelRequest((Message("user", "Say hello in one word."),), max_output_tokens=64, temperature=0.0)
        async with aclosing(model.stream(request)) as stream:  # type: ignore[type-var]  # an async generator
            chunks = [chunk async for chunk in stream]
    finally:
        await directory.aclose()
    end = chunks[-1]
    assert isinstance(end, EndChunk)
    assert end.usage.prompt_tokens > 0
    assert any(isinstance(chunk, TextChunk | ThinkingChunk) for chunk in chunks)
    assert 0 < profile.effective_window_tokens <= profile.max_window_tokens
