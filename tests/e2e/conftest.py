"""Worlds that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.world import World, has_ended, until


@pytest.fixture
def new_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds; at the end each engine is stopped and no process of theirs is left."""
    worlds: list[World] = []

    def make(name: str = "repo", **extra: str) -> World:
        worlds.append(World(tmp_path / f"w{len(worlds)}", name, extra))
        return worlds[-1]

    yield make
    for world in worlds:
        sweep(world)


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    """One world."""
    return new_world()


def sweep(world: World) -> None:
    """Stop what runs; what does not stop when it is told to was not ours to leave."""
    left = world.processes()
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    try:
        until(lambda: all(map(has_ended, left)), 15)
    finally:
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for engine in world.engines:
            engine.wait(15)
