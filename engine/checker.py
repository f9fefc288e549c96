"""The engine's own checks: a command on a clean tree, its result as evidence bound to that tree."""

from __future__ import annotations

from engine.clean import clean
from engine.metric import measure
from engine.sandbox.sandbox import CommandSpec, Sandbox
from engine.threads import in_thread
from engine.words import CheckResult, CheckSpec
from engine.workspace import CheckLanes

OUTPUT_CHARS = 6_000
"""How much of a check's output is kept as evidence and given back to agents; the end tells most."""


class Checker:
    """Runs checks in the sandbox, in lanes of their own."""

    def __init__(self, lanes: CheckLanes, sandbox: Sandbox) -> None:
        self._lanes = lanes
        self._sandbox = sandbox

    async def run(self, check: CheckSpec, commit: str, tree: str) -> CheckResult:
        """Run one check on one commit.

        Out: the result, also when the command could not be started; exit codes are the sandbox's.
        """
        lane, path = await self._lanes.take(commit)
        try:
            spec = CommandSpec(check.run, path, check.timeout_s)
            done = await self._sandbox.run(spec)
        finally:
            await self._lanes.give(lane)
        output = clean(done.output)
        number, remark = await _number(check, output)
        return CheckResult(
            check.run,
            tree,
            done.exit_code,
            number,
            _tail(output + remark),
            done.digest,
            round(done.duration_s, 3),
            self._sandbox.tier.letter,
            check.metric,
        )


async def _number(check: CheckSpec, output: str) -> tuple[float | None, str]:
    """What the check's metric finds; with why not, when it could not be looked for."""
    if not check.metric:
        return None, ""
    try:
        return await in_thread(measure, check.metric, output), ""
    except ValueError as error:
        return None, clean(f"\n… {error} …\n")


def _tail(output: str) -> str:
    if len(output) <= OUTPUT_CHARS:
        return output
    return f"… {len(output) - OUTPUT_CHARS} characters before this\n{output[-OUTPUT_CHARS:]}"
