"""The engine's process: `python -P -m agents --repository PATH`. Started by the terminal, never by hand."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import SystemClock
from engine.errors import OrchestraError, StoreFault
from engine.host import Host
from engine.places import Places, places_for
from engine.store.lease import acquire

if TYPE_CHECKING:
    from agents.compose import Composition

SWITCH_S = 0.0005


def main(arguments: list[str] | None = None) -> int:
    """Run the engine until it is told to stop or has been idle for long.

    Out: 0 after a good end, 1 when something the person can mend stood in the way, 3 when the log was lost.
    """
    parser = argparse.ArgumentParser(prog="python -m agents", description=__doc__)
    parser.add_argument("--repository", type=Path, required=True)
    options = parser.parse_args(arguments)
    # The log's thread must take the interpreter from the event loop: beside busy lanes, with the usual 5 ms its slowest
    # commits took five to seven times as long (p99, two pairs measured).
    sys.setswitchinterval(SWITCH_S)
    try:
        return asyncio.run(serve(options.repository))
    except OrchestraError as error:
        return _failed(error)
    except BaseExceptionGroup as group:
        ours = group.subgroup(OrchestraError)
        if ours is None:
            raise
        return _failed(_first(ours))


def _failed(error: BaseException) -> int:
    if isinstance(error, StoreFault):
        _say(f"the log cannot be written, the engine stops: {error}")
        return 3
    _say(str(error))
    return 1


def _first(group: BaseExceptionGroup[OrchestraError]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def serve(repository: Path) -> int:
    """Compose the engine on one repository and let it serve."""
    from engine.git.repository import inspect, open_repository

    facts = inspect(repository)
    git = open_repository(repository)
    places = places_for(facts.root, facts.common_dir)
    clock = SystemClock()
    composition: Composition | None = None
    try:
        with acquire(places.store, clock) as lease:
            from agents import compose
            from engine.git.adoption import heal
            from engine.sandbox.probe import open_sandbox
            from engine.store.log import EventLog

            heal(git, places.landing_intent)
            sandbox = await open_sandbox(_scratch(places), clock=clock)
            composition = compose.Composition(places, git, sandbox, clock)
            with EventLog.open(places.store, lease.epoch) as log:
                host = Host(places, git, log, lease.epoch, composition, sandbox, clock)
                _stop_on_signals(host)
                await host.serve()
    finally:
        # After the lease: a wish that comes while models are let go finds a successor instead of nobody.
        if composition is not None:
            await composition.aclose()
    return 0


def _stop_on_signals(host: Host) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, host.stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)


def _scratch(places: Places) -> Path:
    scratch = places.home / "scratch"
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    return scratch


def _say(words: str) -> None:
    print(words, file=sys.stderr)  # the engine's log file


if __name__ == "__main__":
    sys.exit(main())
