"""`build` on a repository of over 500 files against a model server on loopback, over all three protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from engine.words import TaskState
from tests.e2e import scenes, shop
from tests.e2e.serving import serving
from tests.e2e.world import World, entry, script, task, until
from tests.stubs.model_server import Mischief, ModelServer

KEY = "sk-test-4f1c9ab27d3e"


def by_ollama(server: ModelServer) -> dict[str, str]:
    return {"OLLAMA_HOST": server.url, "OLLAMA_NUM_PARALLEL": "4"}


def by_openai(server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": KEY, "OLLAMA_HOST": "127.0.0.1:9"}


def by_anthropic(server: ModelServer) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": f"{server.url}/v1", "ANTHROPIC_API_KEY": KEY, "OLLAMA_HOST": "127.0.0.1:9"}


PROTOCOLS: Mapping[str, tuple[Callable[[ModelServer], dict[str, str]], str]] = {
    "ollama": (by_ollama, "/api/chat"),
    "openai": (by_openai, "/v1/chat/completions"),
    "anthropic": (by_anthropic, "/v1/messages"),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_build_goes_from_a_goal_to_a_proven_branch(world: World, protocol: str) -> None:
    surroundings, path = PROTOCOLS[protocol]
    world.make_repository(shop.files())
    assert len(world.git("ls-files").splitlines()) > 500
    with serving(shop.the_script(), api_key="" if protocol == "ollama" else KEY) as server:
        world.extra.update(surroundings(server))
        wish = world.wish(
            "make all cases hold", "--flow", "build", "--check", shop.CHECK, "--metric", r"(\d+) failed",
            "--model", f"{protocol}/small",
        )  # fmt: skip
        world.engine()
        world.send("start", wish)

        answers = play(world, {"plan": "accept", "command": "allow"})

        run = world.state()
        assert (run.outcome, run.reason) == ("proven", f"`{shop.CHECK}` exit 1 (4) → green (0)")
        assert answers == ["plan", "command"]
        assert {request.path for request in server.requests if request.path == path}
        assert_retried_with_the_raw_error(world, server)
    assert_four_lanes_merged(world)
    assert_key_is_nowhere(world)


def play(world: World, answers: Mapping[str, str]) -> list[str]:
    """Answer every question until the run is over; the forms of the questions in their order."""
    asked: list[str] = []

    def look() -> bool:
        run = world.state() if world.last_kind() else None
        for question in run.open_approvals() if run else ():
            if question.form not in asked:
                asked.append(question.form)
                world.send("answer", {"approval": question.approval, "answer": answers[question.form]}, "r1")
        return bool(run and run.is_over)

    until(look)
    return asked


def assert_retried_with_the_raw_error(world: World, server: ModelServer) -> None:
    """The output of the failing check stands in what the model was sent for its second attempt, not before."""
    run = world.state()
    assert {name: task(run, name).attempt for name in shop.FUNCTIONS} == dict.fromkeys(shop.FUNCTIONS, 1) | {
        "discount": 2
    }
    first = [body for body in server.chats() if "Task: discount" in str(body) and "Attempt: 1" in str(body)]
    second = [body for body in server.chats() if "Task: discount" in str(body) and "Attempt: 2" in str(body)]
    assert shop.RAW_ERROR not in str(first[0])
    assert shop.RAW_ERROR in str(second[0])


def assert_four_lanes_merged(world: World) -> None:
    assert len(world.git("log", "--merges", "--format=%H", "main..orchestra/r1").split()) == 4
    changed = world.git("diff", "--name-only", "main", "orchestra/r1").splitlines()
    assert changed == sorted(f"shop/pricing/{name}.py" for name in shop.FUNCTIONS)
    for name, (_, right) in shop.FUNCTIONS.items():
        assert world.git("show", f"orchestra/r1:shop/pricing/{name}.py") + "\n" == right


def assert_key_is_nowhere(world: World) -> None:
    """Not in the log, not in the engine's words, not in a worktree, not in git."""
    world.stop_engine()
    places = [world.home / "state", world.home / "cache", world.root]
    held = [
        path for place in places for path in place.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
    ]
    assert held == []
    assert KEY not in world.run("log", "r1", "--json").out


def test_a_cloud_model_is_refused_and_nothing_is_sent_until_it_is_allowed(world: World) -> None:
    world.make_repository(scenes.FILES)
    said = script([entry("architect", {"text": "x", "tool": {"name": "finish", "arguments": {"summary": "thought"}}})],
                  huge={"cloud": True, "large": True})  # fmt: skip
    with serving(said) as server:
        world.extra.update(by_ollama(server))
        words = ("run", "think about it", "--flow", "deep", "--model", "ollama/huge", "--yes")

        refused = world.run(*words)
        sent = len(server.chats())
        allowed = world.run(*words, "--allow-cloud")

        assert (refused.code, sent) == (2, 0)
        assert "cloud models are not allowed for this repository. Nothing was sent." in refused.err
        assert "--allow-cloud" in refused.err
        assert allowed.code == 0, allowed.out + allowed.err
        assert len(server.chats()) == 1


GOOD = ("good1", "good2", "good3")
BAD = {
    "busy": Mischief(refusals=[(503, "busy", None), (503, "busy", "0.05")]),
    "cut": Mischief(cut_after=1),
    "hang": Mischief(silent_after=1),
    "garbage": Mischief(garbage_after=1),
    "reset": Mischief(reset_after=1),
    "mute": Mischief(first_byte_delay_s=30.0),
    "broke": Mischief(refusals=[(402, "pay first", None)] * 40),
}
REASONS = {
    "cut": "ended without done:true",
    "hang": "silent for too long",
    "garbage": "not the JSON we expected",
    "reset": "the connection broke",
    "mute": "silent for too long",
    "broke": "pay first",
}


def test_a_server_that_misbehaves_towards_some_lanes_leaves_the_others_alone(world: World) -> None:
    names = (*GOOD, *BAD)
    words = scenes.set_up(world, names)
    said = script([
        # Without an agent: whoever takes over says the same.
        *({"task": name, "turns": [scenes.writes(name), scenes.finishes(name)]} for name in (*GOOD, "busy")),
        *({"task": name, "turns": [scenes.writes(name)]} for name in REASONS),
        entry("reviewer", scenes.ACCEPTS),
        entry("summariser", {"text": "Some parts are written."}),
    ])  # fmt: skip
    with serving(said, BAD, parallel=16) as server:
        world.extra.update(by_ollama(server) | {"OLLAMA_NUM_PARALLEL": "16"})
        world.engine("tests.stubs.impatient_engine")

        done = world.run("run", *without(words, "--script"), "--model", "ollama/small", "--lanes", "16", "--yes")

    run = world.state()
    assert done.code == 1, done.out + done.err
    assert run.outcome == "failed"
    for name in (*GOOD, "busy"):
        assert task(run, name).state is TaskState.DONE, done.out
        assert task(run, name).attempt == 1
    for name, word in REASONS.items():
        assert task(run, name).state is TaskState.FAILED, (name, done.out)
        assert word in task(run, name).reason, (name, task(run, name).reason)
        assert f"small at {server.url}" in task(run, name).reason
    files = world.git("ls-tree", "-r", "--name-only", "orchestra/r1", "parts/").splitlines()
    assert files == sorted(f"parts/{name}" for name in (*GOOD, "busy", "start"))


def without(words: tuple[str, ...], option: str) -> tuple[str, ...]:
    """The words of a command line without one option and its value."""
    place = words.index(option)
    return words[:place] + words[place + 2 :]
