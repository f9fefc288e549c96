"""A model inside a process of our own: llama.cpp's server in a child, spoken to like any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import agents
from agents.models import smollm
from agents.models.address import Address, parse_address
from agents.models.http import ModelTimeouts
from agents.models.openai import OpenAIModel, openai_endpoint
from engine.clean import clean_line
from engine.errors import Refused, Unreachable, UserFault
from engine.model import Chunk, ModelProfile, ModelRef, ModelRequest, ProgressChunk, Tier

WINDOW_TOKENS = 4_096
"""Per slot: what the tiny model can use, and little memory."""
TINY_SLOTS = 2
"""Two replies stream at once; together they decode faster than one after the other."""
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 2.0
GGUF_MAGIC = b"GGUF"
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")

FindFile = Callable[[], Awaitable[Path]]


def is_installed() -> bool:
    """Whether the optional part is there."""
    return importlib.util.find_spec("xllamacpp") is not None


def check_gguf(path: Path) -> None:
    """Refuse a file that is not a model before a process is started for it.

    Raises: UserFault.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise UserFault(f"{path} cannot be read: {error.strerror}.", remedy="Check the path.") from error
    if start != GGUF_MAGIC:
        raise UserFault(f"{path} is not a GGUF model.", remedy="Give the path of a .gguf file.")


class EmbeddedServer:
    """The child process: started on first use, ended when closed or when this process ends in whatever way."""

    def __init__(self, find_file: FindFile, alias: str, *, window_tokens: int = WINDOW_TOKENS, slots: int = 1) -> None:
        self.alias = alias
        self._find_file = find_file
        self._window_tokens = window_tokens
        self._slots = slots
        self._api_key = secrets.token_urlsafe(24)
        self._process: asyncio.subprocess.Process | None = None
        self._address: Address | None = None
        self._starting = asyncio.Lock()

    @property
    def api_key(self) -> str:
        """Made for this process and known to nobody else."""
        return self._api_key

    @property
    def is_running(self) -> bool:
        """Whether the child is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process and self.is_running else None

    async def address(self) -> Address:
        """Where the server listens; starts it if it is not running.

        Raises: UserFault when it cannot be started.
        """
        async with self._starting:
            if self._address is None or not self.is_running:
                await self._end()
                self._address = await self._start()
            return self._address

    async def aclose(self) -> None:
        """End the child."""
        async with self._starting:
            await self._end()

    async def _start(self) -> Address:
        if not is_installed():
            raise UserFault("Embedded models are not installed.", remedy='pip install "orchestra-tui[embedded]"')
        path = await self._find_file()
        await asyncio.to_thread(check_gguf, path)
        self._process = await asyncio.create_subprocess_exec(
            *(_python(), "-P", "-m", "agents.models.embedded_child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                said = await self._configured(self._process, path)
        except BaseException:
            # Also when cancelled: no child without somebody who knows of it.
            await self._end()
            raise
        if "url" not in said:
            await self._end()
            reason = clean_line(str(said.get("error", "the process ended")), 200)
            raise UserFault(f"{path.name} cannot be loaded: {reason}.", remedy="Try another GGUF file.")
        return parse_address(str(said["url"]))

    async def _configured(self, process: asyncio.subprocess.Process, path: Path) -> dict[str, object]:
        assert process.stdin is not None
        assert process.stdout is not None
        wanted = {
            "model": str(path),
            "alias": self.alias,
            "api_key": self._api_key,
            "slots": self._slots,
            "window_tokens": self._window_tokens,
            "threads": max(1, _cores() - 1),
        }
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        line = await process.stdout.readline()
        said = json.loads(line) if line.strip() else {}
        return said if isinstance(said, dict) else {}

    async def _end(self) -> None:
        process, self._process, self._address = self._process, None, None
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _python() -> str:
    import sys

    return sys.executable


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment() -> dict[str, str]:
    """Little, and no key: the child needs our packages and its libraries."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(agents.__file__).resolve().parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}


def smollm2_server(folder: Path, on_progress: smollm.OnProgress = smollm.nothing) -> EmbeddedServer:
    """The tiny model's server; its file is fetched on first use."""
    return EmbeddedServer(lambda: smollm.ensure_smollm2(folder, on_progress), smollm.NAME, slots=TINY_SLOTS)


def file_server(path: Path, *, window_tokens: int = WINDOW_TOKENS, slots: int = 1) -> EmbeddedServer:
    """The server for any GGUF file."""

    async def given() -> Path:
        return path

    return EmbeddedServer(given, path.stem, window_tokens=window_tokens, slots=slots)


class EmbeddedModel:
    """The model of an embedded server."""

    def __init__(self, ref: ModelRef, server: EmbeddedServer, *, timeouts: ModelTimeouts | None = None) -> None:
        self.ref = ref
        self._server = server
        self._timeouts = timeouts
        self._inner: OpenAIModel | None = None
        self._address: Address | None = None

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the reply as it comes; the first call starts the process.

        Raises: ModelFault. Closing this generator stops decoding within a fraction of a second.
        """
        if not self._server.is_running:
            yield ProgressChunk("loading")
        model = await self._ready()
        async with aclosing(model.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def profile(self) -> ModelProfile:
        """What the server says of the model it holds; starts the process.

        Raises: ModelFault.
        """
        model = await self._ready()
        said = await model.profile()
        notes = ("tiny model",) if self._is_tiny else ()
        return replace(said, ref=self.ref, is_local=True, tier=Tier.QUICK, has_thinking=False, notes=notes)

    @property
    def _is_tiny(self) -> bool:
        return self._server.alias == smollm.NAME

    async def aclose(self) -> None:
        """End the process."""
        if self._inner:
            await self._inner.aclose()
        await self._server.aclose()

    async def _ready(self) -> OpenAIModel:
        try:
            address = await self._server.address()
        except UserFault as error:
            raise Refused(str(self.ref), "embedded", str(error)) from error
        except TimeoutError as error:
            raise Unreachable(str(self.ref), "embedded", "did not start in time") from error
        if self._inner is None or address != self._address:
            if self._inner:
                await self._inner.aclose()
            at_v1 = Address(address.origin, "/v1")
            endpoint = openai_endpoint(at_v1, self._server.api_key, timeouts=self._timeouts)
            ref = ModelRef("openai", self._server.alias)
            self._inner = OpenAIModel(ref, endpoint, is_llama_cpp=True, is_damped=self._is_tiny)
            self._address = address
        return self._inner
