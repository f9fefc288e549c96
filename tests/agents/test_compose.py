"""The composition: a run gets the models it started with, or none at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from agents.compose import Composition
from agents.crew import Crew
from engine.clock import SystemClock
from engine.errors import UserFault
from engine.model import ModelRef
from engine.places import Places
from engine.state import Repository
from engine.words import Rung
from tests.stubs.runs import Played, roster

LOCAL = Rung("openai/qwen", "quick", host="http://127.0.0.1:8000")
REF = ModelRef("openai", "qwen")


def crew(folder: Path, **run: Any) -> Crew:
    """The crew of a run that started with a local model."""
    composition = Composition(Places(folder, folder), cast(Any, None), cast(Any, None), SystemClock())
    agent = composition.agent(Played(roster=roster(ladder=(LOCAL,)), **run).run, Repository())
    assert isinstance(agent, Crew)
    return agent


def test_a_resumed_run_sends_nothing_to_the_cloud_because_the_environment_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL.host)
    assert crew(tmp_path).models(REF).ref == REF

    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000000000")
    with pytest.raises(UserFault, match="Nothing was sent"):
        crew(tmp_path).models(REF)
    assert crew(tmp_path, cloud_allowed=True).models(REF).ref == REF
