"""Tier D: no walls. The person says yes to every command; process tree, environment and limits still hold."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from engine.clock import Clock, SystemClock
from engine.sandbox import memory, reaper
from engine.sandbox.environment import clean_environment
from engine.sandbox.process import Launch, not_started, run_group
from engine.sandbox.sandbox import GIBIBYTE, CommandResult, CommandSpec, OnOutput, SandboxTier

FILE_LIMIT_BYTES = 4 * GIBIBYTE


class Unconfined:
    """Runs commands as plain process groups, with a private empty HOME."""

    needs_approval = True

    def __init__(self, tier: SandboxTier, clock: Clock | None = None) -> None:
        self._tier = tier
        self._clock = clock or SystemClock()

    @property
    def tier(self) -> SandboxTier:
        """Why there are no walls."""
        return self._tier

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        """Run a command that the person allowed; see `Sandbox.run`."""
        if not spec.cwd.is_dir():
            return not_started(f"no such folder: {spec.cwd}")
        with tempfile.TemporaryDirectory(prefix="orchestra-home-", ignore_cleanup_errors=True) as home:
            launch = Launch(
                argv=self._argv(spec),
                cwd=spec.cwd,
                env=clean_environment(home, os.environ.get("PATH", "").split(":"), spec.env),
                timeout_s=spec.timeout_s,
                output_limit_bytes=spec.output_limit_bytes,
                cleans_up=True,
                excess=memory.over(spec.memory_bytes),
            )
            return await run_group(launch, on_output, self._clock)

    @staticmethod
    def _argv(spec: CommandSpec) -> tuple[str, ...]:
        script = str(Path(reaper.__file__))
        limits = (str(spec.memory_bytes), str(FILE_LIMIT_BYTES))
        return (sys.executable, "-I", "-S", script, *limits, *spec.argv)
