"""Regular expressions from outside, run in a child process: a pattern without end can be killed there, not here.

    python -I -S metric.py < {"metric": …, "output": …}

A metric may come from a model's plan, and the output is what an agent's code prints; the pattern of an argument is a
flow's, and the value is what a model says. One `(a+)+$` would hold the event loop, and with it every lane, for ever.
Only the standard library: it starts in milliseconds, imports nothing of ours.
"""

from __future__ import annotations

import json
import math
import re
import resource
import subprocess
import sys

LIMIT_S = 2
"""Seconds of a core that the search may take."""
PATIENCE_S = 60.0
"""How long a machine that is busy with other things may take over it."""


def number_in(metric: str, output: str) -> float | None:
    """The last number in the output that a metric finds; None without one."""
    found = None
    for match in re.finditer(metric, output):
        found = match
    if found is None:
        return None
    try:
        number = float(found.group(1) if found.groups() else found.group(0))
    except (TypeError, ValueError):  # a group that took no part in the match, or no number
        return None
    return number if math.isfinite(number) else None


def measure(metric: str, output: str) -> float | None:
    """`number_in` in a child process; blocking, so in a thread.

    Raises: ValueError when the metric is no regular expression or did not come to an end.
    """
    number = _asked("metric", metric, output)
    return None if number is None else float(number)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of a value is what a pattern says, found out in a child process; blocking, so in a thread.

    Raises: ValueError when the pattern is no regular expression or did not come to an end.
    """
    return bool(_asked("pattern", pattern, value))


def _asked(kind: str, pattern: str, text: str) -> float | bool | None:
    request = json.dumps({kind: pattern, "output": text}).encode()
    words = [sys.executable, "-I", "-S", __file__]
    try:
        done = subprocess.run(words, input=request, capture_output=True, env={}, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(words, 1)
    if done.returncode:
        raise ValueError(f"the {kind} {pattern!r} found no end in {LIMIT_S} s")
    answer = json.loads(done.stdout)
    if "fault" in answer:
        raise ValueError(f"the {kind} {pattern!r} is no regular expression: {answer['fault']}")
    found: float | bool | None = answer["found"]
    return found


def main() -> None:
    """Answer one request on standard input."""
    # Its own limit, so that it ends also when whoever asked is gone.
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    request = json.load(sys.stdin)
    answer: dict[str, object]
    try:
        if "pattern" in request:
            answer = {"found": re.fullmatch(request["pattern"], request["output"]) is not None}
        else:
            answer = {"found": number_in(request["metric"], request["output"])}
    except re.error as error:
        answer = {"fault": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
