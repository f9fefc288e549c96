"""The fake server is tested as well: by hand's command, its queue, its refusals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.stubs.model_server import ModelServer

ROOT = Path(__file__).parents[3]


def test_it_runs_by_hand_and_prints_its_url(tmp_path: Path) -> None:
    script = tmp_path / "s.yaml"
    script.write_text("- turns:\n    - text: hello\n", encoding="utf-8")
    command = [sys.executable, "-m", "tests.stubs.model_server", "--script", str(script)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = httpx.get(f"{url}/api/version", trust_env=False)
        process.kill()

    assert answer.json() == {"version": "0.33.0"}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/generate", {"model": "m", "response": "", "done": True, "done_reason": "load"}),
        ("/nowhere", {"error": "404 page not found"}),
    ],
)
async def test_it_answers_small_questions(path: str, answer: dict[str, object]) -> None:
    async with ModelServer([]) as server, httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(server.url + path, json={"model": "m"})

    assert response.json() == answer


async def test_an_unscripted_conversation_is_refused_by_name() -> None:
    async with ModelServer([{"agent": "a", "turns": []}]) as server, httpx.AsyncClient(trust_env=False) as client:
        body = {"model": "m", "messages": [{"role": "user", "content": "Task: t"}]}
        response = await client.post(server.url + "/v1/chat/completions", json=body)

    assert response.status_code == 400
    assert "task t" in response.text
