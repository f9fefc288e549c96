"""What the terminal loads of the router: the values that the state holds, and nothing that decides."""

from __future__ import annotations

import subprocess
import sys

import pytest

import engine.routing

VALUES = ["engine.routing", "engine.routing.counters", "engine.routing.histogram", "engine.routing.signals"]


def test_folding_a_log_loads_the_routers_values_alone() -> None:
    program = "import sys, engine.evolve; print(*sorted(one for one in sys.modules if 'routing' in one))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.split() == VALUES


@pytest.mark.parametrize("name", engine.routing.__all__)
def test_every_public_name_is_found_when_it_is_asked_for(name: str) -> None:
    assert getattr(engine.routing, name).__name__ == name


def test_a_name_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="no attribute 'guess'"):
        _ = engine.routing.guess  # type: ignore[attr-defined]  # that it is missing is the point
