"""Every pattern and every flow that ships, from a goal to its end over real HTTP, in the three protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from engine.clock import SystemClock
from tests.e2e.flows.patterns import FOLDER, PATTERNS
from tests.e2e.flows.shipped import BRANCHES, SCENES
from tests.e2e.flows.stage import Scene, assert_ended_as_told, stage
from tests.e2e.flows.timing import RestlessClock
from tests.stubs.model_server import ModelServer

KEY = "sk-test-8d20c51f"
PROTOCOLS: Mapping[str, tuple[Callable[[str], dict[str, str]], str]] = {
    "ollama": (lambda url: {"OLLAMA_HOST": url, "OLLAMA_NUM_PARALLEL": "8"}, "/api/chat"),
    "openai": (lambda url: {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": KEY}, "/v1/chat/completions"),
    "anthropic": (lambda url: {"ANTHROPIC_BASE_URL": f"{url}/v1", "ANTHROPIC_API_KEY": KEY}, "/v1/messages"),
}
FLOWS = {**SCENES, **BRANCHES}


def cases(names: Iterable[str]) -> list[object]:
    """Each scene over one protocol in turn; over the other two only with `-m slow`."""
    words = list(PROTOCOLS)
    return [
        pytest.param(name, word, id=f"{name}-{word}", marks=() if words[at % 3] == word else pytest.mark.slow)
        for at, name in enumerate(names)
        for word in words
    ]


def test_every_pattern_of_the_documents_has_a_run() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
async def test_a_pattern_runs_to_its_end_under_the_fake_clock(tmp_path: Path, name: str) -> None:
    clock = RestlessClock()
    async with stage(tmp_path, PATTERNS[name], clock) as here:
        await clock.drive(here.play())
        assert_ended_as_told(here)
        assert not here.remnants()


@pytest.mark.parametrize(("name", "protocol"), cases(PATTERNS))
async def test_a_pattern_runs_to_its_end_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: str
) -> None:
    await play_over_http(tmp_path, monkeypatch, PATTERNS[name], protocol)


@pytest.mark.parametrize(("name", "protocol"), cases(FLOWS))
async def test_a_flow_that_ships_runs_to_its_end_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: str
) -> None:
    await play_over_http(tmp_path, monkeypatch, FLOWS[name], protocol)


async def play_over_http(folder: Path, monkeypatch: pytest.MonkeyPatch, scene: Scene, protocol: str) -> None:
    """Play a scene with its script behind a server, and look at how it ended."""
    surroundings, path = PROTOCOLS[protocol]
    key = "" if protocol == "ollama" else KEY
    async with ModelServer(scene.script(), api_key=key, parallel=8) as server:
        for name, value in {"OLLAMA_HOST": "127.0.0.1:9", **surroundings(server.url)}.items():
            monkeypatch.setenv(name, value)
        names = [f"{protocol}/{model}" for model in scene.models]
        async with stage(folder, scene, SystemClock(), models=names) as here:
            await here.play()
            assert_ended_as_told(here)
        assert {request.path for request in server.requests if request.body and "messages" in request.body} == {path}
