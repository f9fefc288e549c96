"""Small runs: lanes side by side that write a file each, as slow as a test needs them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.e2e.world import World, call, entry, script

FILES = {"README": "a repository\n", "check.sh": "ls parts >/dev/null\n", "parts/start": "fine\n"}
ACCEPTS = call("give_verdict", accepts=True, summary="does what it says", findings=[])


def writes(name: str, text: str = "", **timing: Any) -> dict[str, Any]:
    """A turn that writes a lane's file."""
    return call("write_file", f"I write {name}.", path=f"parts/{name}", content=text or f"{name} is done\n") | timing


def finishes(name: str) -> dict[str, Any]:
    """The turn that ends a lane."""
    return call("finish", summary=f"{name} is written")


def talks(count: int, words: int = 60, delay_s: float = 0.01) -> list[dict[str, Any]]:
    """Turns that talk for a while, never twice the same, and each look at another file."""
    return [_talk(number, words, delay_s) for number in range(count)]


def _talk(number: int, words: int, delay_s: float) -> dict[str, Any]:
    digests = (hashlib.sha256(f"{number} {word}".encode()).hexdigest() for word in range(words))
    text = " ".join("".join(chr(ord("a") + int(digit, 16)) for digit in digest[:6]) for digest in digests)
    return call("read_file", text, path=list(FILES)[number % len(FILES)]) | {"delay_s": delay_s}


def plan_of(names: Sequence[str], **more: Mapping[str, Any]) -> str:
    """A plan of independent tasks."""
    tasks = [{"id": name, "goal": f"write parts/{name}", "scope": [f"parts/{name}"]} for name in names]
    return json.dumps({"tasks": [task | dict(more.get(str(task["id"]), {})) for task in tasks]})


def set_up(
    world: World,
    names: Sequence[str] = ("one", "two"),
    said: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    *,
    files: Mapping[str, str] = FILES,
    extra: Sequence[Mapping[str, Any]] = (),
    check: str = "sh check.sh",
) -> tuple[str, ...]:
    """Make the repository, a plan and a script; the words of `run` that play them.

    In: said, the turns of a task before it writes its file; extra, more entries of the script.
    """
    if not world.root.exists():
        world.make_repository(files)
    world.home.joinpath("plan.yaml").write_text(plan_of(names))
    lanes = [entry("coder", *(said or {}).get(name, ()), writes(name), finishes(name), task=name) for name in names]
    others = [entry("reviewer", ACCEPTS), entry("summariser", {"text": "All parts are written."})]
    world.home.joinpath("script.yaml").write_text(script([*extra, *lanes, *others]))
    words = ("--plan", str(world.home / "plan.yaml"), "--script", str(world.home / "script.yaml"), "--flow", "build")
    return (*words, "--check", check) if check else words
