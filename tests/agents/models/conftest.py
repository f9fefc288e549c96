"""The four adapters behind one door: each test of the contract runs against all of them, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import pytest

from agents.models.anthropic import AnthropicModel, anthropic_address, anthropic_endpoint
from agents.models.http import ModelTimeouts
from agents.models.ollama import OllamaModel
from agents.models.ollama_server import OllamaServer, ollama_address
from agents.models.openai import OpenAIModel, openai_address, openai_endpoint
from agents.models.script import ModelCard
from engine.model import Chunk, Message, ModelRef, ModelRequest, TextChunk, ThinkingChunk
from engine.ports import Model
from tests.stubs.model_server import ModelServer

KEY = "sk-test-Zx81kkLq0secret"
QUICK = ModelTimeouts(connect_s=2.0, first_byte_s=5.0, silence_s=0.3, answer_s=2.0, drain_s=0.2)
PROTOCOLS = ("ollama", "openai", "anthropic")

Opening: TypeAlias = Callable[[ModelServer], Model]


def request(*said: str, **fields: Any) -> ModelRequest:
    """A conversation in which the model has already said these things."""
    opening = (Message("system", "Agent: coder"), Message("user", "Task: fix\nAttempt: 1\n\nPlease."))
    turns = [part for text in said for part in (Message("assistant", text), Message("user", "Go on."))]
    return ModelRequest((*opening, *turns), **fields)


def opened(protocol: str, server: ModelServer, name: str = "m", timeouts: ModelTimeouts = QUICK) -> Model:
    """An adapter for a protocol, looking at this server."""
    if protocol == "ollama":
        host = OllamaServer(ollama_address(server.url), timeouts=timeouts)
        return OllamaModel(ModelRef("ollama", name), host)
    if protocol == "openai":
        return OpenAIModel(
            ModelRef("openai", name), openai_endpoint(openai_address(server.url), KEY, timeouts=timeouts)
        )
    return AnthropicModel(
        ModelRef("anthropic", name), anthropic_endpoint(anthropic_address(server.url), KEY, timeouts=timeouts)
    )


async def collected(model: Model, asked: ModelRequest | None = None) -> list[Chunk]:
    """The whole reply."""
    return [chunk async for chunk in model.stream(asked or request())]


def text_of(chunks: list[Chunk]) -> str:
    """The visible text of a reply."""
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def thinking_of(chunks: list[Chunk]) -> str:
    """The reasoning of a reply."""
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, ThinkingChunk))


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """A server that says a line of prose; tests replace its script."""
    async with ModelServer([{"turns": [{"text": "Hello from the other side."}]}]) as running:
        running.script.models["m"] = ModelCard(thinking=True)
        yield running


@pytest.fixture
async def model(protocol: str, server: ModelServer) -> AsyncIterator[Model]:
    """One adapter, closed after the test."""
    one = opened(protocol, server)
    yield one
    await one.aclose()
