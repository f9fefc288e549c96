"""Run one process group to its end and leave nothing behind: streaming, limits, cancellation.

Every way out (end, timeout, flood, cancellation) passes `_end`, which kills first and waits second, so that a second
cancellation cannot skip the kill. The output pipe is ours, not the transport's: a stray descendant that holds its other
end cannot keep us reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.clock import Clock
from engine.sandbox.output import OutputCollector
from engine.sandbox.sandbox import CANNOT_RUN_CODE, TIMED_OUT_CODE, CommandResult, OnOutput

PIECE_BYTES = 64 * 1024
FLOOD_BYTES = 64 << 20
"""A command that prints more than this is stopped: nobody reads it, and hashing it starves the other lanes."""
DRAIN_S = 1.0
"""How long output may still come after the command itself has ended."""
REAP_S = 5.0
WATCH_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one process group."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout_s: float
    output_limit_bytes: int
    pass_fds: tuple[int, ...] = ()
    cleans_up: bool = False
    """Whether the first process kills its own descendants when it gets SIGTERM."""
    excess: Callable[[int], str] | None = None
    """Asked now and then with the first process's id; a text is the reason to kill it."""


async def run_group(launch: Launch, on_output: OnOutput | None, clock: Clock) -> CommandResult:
    """Run a command; see `Sandbox.run` for the promise."""
    collector = OutputCollector(launch.output_limit_bytes, on_output)
    started = clock.monotonic()
    read_fd, write_fd = os.pipe()
    try:
        process = await _spawn(launch, write_fd)
    except BaseException as error:
        os.close(read_fd)
        if isinstance(error, OSError | ValueError):
            return not_started(f"cannot start {launch.argv[0]}: {error}")
        raise
    finally:
        os.close(write_fd)
    reason = await _supervise(process, read_fd, collector, launch)
    collector.close()
    return _result(process.returncode, reason, collector, clock.monotonic() - started)


async def _spawn(launch: Launch, write_fd: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *launch.argv,
        cwd=launch.cwd,
        env=dict(launch.env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=write_fd,
        stderr=write_fd,
        pass_fds=launch.pass_fds,
        start_new_session=True,
    )


async def _supervise(
    process: asyncio.subprocess.Process, read_fd: int, collector: OutputCollector, launch: Launch
) -> str:
    """Pump and watch until the command has ended; returns why we ended it, empty when it ended by itself."""
    reasons: list[str] = []

    def strike(reason: str) -> None:
        reasons.append(reason)
        _strike(process, launch.cleans_up)

    transport, reader = await _connect(read_fd)
    try:
        async with asyncio.timeout(launch.timeout_s), asyncio.TaskGroup() as group:
            pump = group.create_task(_pump(reader, collector, strike))
            watch = group.create_task(_watch(process.pid, launch.excess, strike))
            await process.wait()
            watch.cancel()
            await asyncio.wait({pump}, timeout=DRAIN_S)
            pump.cancel()
    except TimeoutError:
        reasons.append(f"stopped after its time limit of {launch.timeout_s:g} s")
    finally:
        try:
            await _end(process, launch.cleans_up)
        finally:
            transport.close()
    return reasons[0] if reasons else ""


async def _connect(read_fd: int) -> tuple[asyncio.ReadTransport, asyncio.StreamReader]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=PIECE_BYTES, loop=loop)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader, loop=loop), os.fdopen(read_fd, "rb", buffering=0)
    )
    return transport, reader


async def _pump(reader: asyncio.StreamReader, collector: OutputCollector, strike: Callable[[str], None]) -> None:
    while piece := await reader.read(PIECE_BYTES):
        collector.feed(piece)
        if collector.size_bytes > FLOOD_BYTES:
            strike(f"stopped because it printed more than {FLOOD_BYTES >> 20} MiB")
            return


async def _watch(pid: int, excess: Callable[[int], str] | None, strike: Callable[[str], None]) -> None:
    while excess is not None:
        await asyncio.sleep(WATCH_EVERY_S)
        if reason := excess(pid):
            strike(reason)
            return


def _strike(process: asyncio.subprocess.Process, cleans_up: bool) -> None:
    """Begin the end, without waiting. A group leader that we have not reaped cannot have lent its id to anyone else."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if cleans_up:
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process, cleans_up: bool) -> None:
    """Make sure that the group is dead and reaped. Cancelled meanwhile, the blow has already been struck."""
    for is_gentle in (True, False) if cleans_up else (False,):
        if process.returncode is not None:
            return
        _strike(process, is_gentle)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REAP_S):
                await process.wait()


def _result(status: int | None, reason: str, collector: OutputCollector, duration_s: float) -> CommandResult:
    timed_out = "time limit" in reason
    code = -signal.SIGKILL if status is None else status
    code = 128 - code if code < 0 else code
    text = collector.text()
    return CommandResult(
        exit_code=TIMED_OUT_CODE if timed_out else code,
        output=f"{text}\n… {reason} …\n" if reason else text,
        was_cut=collector.was_cut,
        duration_s=duration_s,
        timed_out=timed_out,
        killed=bool(reason) or code > 128,
        digest=collector.digest,
        output_bytes=collector.size_bytes,
    )


def not_started(reason: str) -> CommandResult:
    """The result of a command that could not be started."""
    collector = OutputCollector(len(reason.encode()) + 1)
    collector.feed(reason.encode("utf-8", "replace"))
    return replace(_result(0, "", collector, 0.0), exit_code=CANNOT_RUN_CODE)
