"""The loopback model server in a thread of its own, so that a test can look at what it was asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agents.models.script import place_of
from tests.stubs.model_server import Mischief, ModelServer, Recorded, _spoken


class PickyServer(ModelServer):
    """Misbehaves towards some tasks only."""

    def __init__(self, script: Any, mischiefs: Mapping[str, Mischief], **more: Any) -> None:
        super().__init__(script, **more)
        self._mischiefs = mischiefs

    async def _chat(self, request: Recorded, writer: asyncio.StreamWriter, frames: Any, kind: str) -> None:
        task = place_of(_spoken(request.body)).task
        self.mischief = self._mischiefs.get(task, Mischief())
        await super()._chat(request, writer, frames, kind)


@contextmanager
def serving(
    script: str, mischiefs: Mapping[str, Mischief] | None = None, *, api_key: str = "", parallel: int = 8
) -> Iterator[ModelServer]:
    """A server that plays a script until the block ends."""
    server = PickyServer(json.loads(script), mischiefs or {}, api_key=api_key, parallel=parallel)
    loop = asyncio.new_event_loop()
    is_up, is_over = threading.Event(), asyncio.Event()

    async def live() -> None:
        async with server:
            is_up.set()
            await is_over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()), name="model-server")
    thread.start()
    try:
        assert is_up.wait(10)
        yield server
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(20)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        assert not thread.is_alive()
