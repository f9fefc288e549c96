"""Eight tasks in three waves, with everything that can happen to a task on its way.

    wave 1   alpha, beta, gamma, delta     gamma and delta both add a line to NOTES: one conflict, resolved
    wave 2   epsilon (alpha, beta), zeta (gamma), eta (delta)
    wave 3   theta (all of wave 2)

beta is sent back by its review once, epsilon fails its check once and is told the raw error, zeta runs a command.
"""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.world import World, call, entry, script

TASKS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
NOTERS = ("gamma", "delta")
NEEDS = {
    "epsilon": ["alpha", "beta"],
    "zeta": ["gamma"],
    "eta": ["delta"],
    "theta": ["epsilon", "zeta", "eta"],
}
CHECK = "sh check.sh"
FILES = {
    "NOTES": "notes\n",
    "README": "a repository\n",
    # No `grep -r` magic: a part is broken when its file says so.
    "check.sh": 'bad=$(cat parts/* | grep -c BROKEN)\necho "$bad failed"\n[ "$bad" = 0 ]\n',
    "parts/start": "fine\n",
}
FINAL = {
    "NOTES": "notes\ndelta was here\ngamma was here\n",
    **{f"parts/{name}": f"{name} is done\n" for name in TASKS},
    "parts/beta": "beta is done, as the review asked\n",
    **{name: text for name, text in FILES.items() if name != "NOTES"},
}


def plan() -> str:
    """The plan file."""
    return json.dumps({"tasks": [_task(name) for name in TASKS]})


def _task(name: str) -> dict[str, Any]:
    scope = {} if name in NOTERS else {"scope": [f"parts/{name}"]}
    return {"id": name, "agent": "coder", "goal": f"write parts/{name}", "needs": NEEDS.get(name, []), **scope}


def _writes(name: str, text: str = "") -> dict[str, Any]:
    return call("write_file", f"I write {name}.", path=f"parts/{name}", content=text or f"{name} is done\n")


def _finish(name: str) -> dict[str, Any]:
    return call("finish", summary=f"{name} is written")


def the_script() -> str:
    """What the models say."""
    plain = [entry("coder", _writes(name), _finish(name), task=name) for name in ("alpha", "eta", "theta")]
    noting = [
        entry(
            "coder",
            _writes(name),
            call("edit_file", path="NOTES", search="notes\n", replace=f"notes\n{name} was here\n"),
            _finish(name),
            task=name,
        )
        for name in NOTERS
    ]
    special = [
        entry("coder", _writes("beta"), _finish("beta"), task="beta", attempt=1),
        entry("coder", _writes("beta", FINAL["parts/beta"]), _finish("beta"), task="beta", attempt=2),
        entry("reviewer", verdict(False, "say that the review was heard"), task="beta.review1"),
        entry("coder", _writes("epsilon", "BROKEN\n"), _finish("epsilon"), task="epsilon", attempt=1),
        entry("coder", _writes("epsilon"), _finish("epsilon"), task="epsilon", attempt=2),
        entry("coder", _writes("zeta"), call("run_command", command=CHECK), _finish("zeta"), task="zeta"),
        entry("integrator", call("write_file", path="NOTES", content=FINAL["NOTES"]), _finish("NOTES")),
        entry("reviewer", verdict(True, "does what it says")),
        entry("summariser", {"text": "All eight parts are written."}),
    ]
    return script([*plain, *noting, *special])


def verdict(accepts: bool, summary: str) -> dict[str, Any]:
    """A review that ends in one turn."""
    finding = {"path": "parts/beta", "line": 1, "severity": "major", "text": summary, "evidence": "parts/beta:1"}
    return call("give_verdict", accepts=accepts, summary=summary, findings=[] if accepts else [finding])


def set_up(world: World) -> tuple[str, ...]:
    """Make the repository, plan and script; the words of `run` that play them."""
    world.make_repository(FILES)
    plan_file, script_file = world.home / "plan.yaml", world.home / "script.yaml"
    plan_file.write_text(plan())
    script_file.write_text(the_script())
    return ("--plan", str(plan_file), "--script", str(script_file), "--check", CHECK, "--yes", "--flow", "build")
