"""Bad input through the real command line: one sentence with a remedy, exit code 2, nothing changed or started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from engine.words import TaskState
from tests.e2e import scenes
from tests.e2e.serving import serving
from tests.e2e.test_untouched import snapshot
from tests.e2e.world import Done, World, entry, script, task, until


def empty(world: World) -> None:
    """A folder, and no repository."""
    (world.home / "home").mkdir(parents=True)
    world.root.mkdir(parents=True)


def bare(world: World) -> None:
    empty(world)
    world.git("init", "-q", "--bare")


def unborn(world: World) -> None:
    empty(world)
    world.git("init", "-q")


PLACES: tuple[tuple[Callable[[World], None], str, str], ...] = (
    (empty, "is not inside a git repository", "git init && git add -A && git commit -m start"),
    (bare, "is a bare repository", "git clone "),
    (unborn, "has no commit yet", 'commit -m "Start"'),
)


@pytest.mark.parametrize(("place", "what", "remedy"), PLACES, ids=lambda one: getattr(one, "__name__", ""))
@pytest.mark.parametrize("words", [("run", "do it", "--yes"), ()], ids=["run", "dashboard"])
def test_a_place_without_work_is_refused(
    world: World, place: Callable[[World], None], what: str, remedy: str, words: tuple[str, ...]
) -> None:
    place(world)
    before = snapshot(world.root)

    done = world.run(*words)

    if words or place is not unborn:
        assert_one_sentence(done, what, remedy)
    assert done.code == 2
    assert snapshot(world.root) == before
    assert not list(world.home.joinpath("state").glob("orchestra-tui/repositories/*/store.sqlite"))


SCRIPT = "SCRIPT"
COMMANDS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("run",), "A run needs a goal or a plan.", 'orchestra-tui run "fix the typo"'),
    (("run", "x", "--flow", "bild", "--script", SCRIPT), "no flow called 'bild'", "Did you mean `build`?"),
    (("run", "x", "--path", "/nowhere"), "There is no folder /nowhere.", "Give a folder"),
    (("run", "x", "--model", "olama/qwen3:4b"), "olama/qwen3:4b names no model.", "Did you mean ollama/qwen3:4b?"),
    (("run", "x", "--model", "ollama/qwen3:4b"), "ollama/qwen3:4b cannot be used", "orchestra-tui doctor"),
    (("run", "x"), "No model can be reached.", "orchestra-tui demo"),
    (("run", "x", "--check", "true", "--want", "good"), "want 'good' is neither", "run --help"),
    (("run", "x", "--flow", "digest", "--files", "*.zig", "--script", SCRIPT), "No file", "another glob"),
    (("run", "--plan", "/nowhere.yaml"), "/nowhere.yaml: The file cannot be read", "Check the path"),
    (("run", "x", "--script", "/nowhere.yaml"), "/nowhere.yaml: The script cannot be read", "Check the path"),
    (("resume",), "Nothing has run", "orchestra-tui"),
    (("resume", "r77"), "There is no run r77.", "orchestra-tui log --runs"),
    (("log",), "Nothing has run in this repository yet.", "orchestra-tui"),
    (("stop", "--cancel", "r77"), "There is no run r77.", "orchestra-tui log --runs"),
    (("watch", "--inbox", "/nowhere"), "There is no folder /nowhere.", "mkdir -p /nowhere"),
    (("watch", "--on-commit", "nobranch", "--goal", "x"), "There is no branch 'nobranch' here.", "git branch"),
    (("land",), "Nothing has run in this repository yet.", "orchestra-tui"),
    (("budget",), "Nothing has run in this repository yet.", "orchestra-tui"),
    (("agents", "nobody"), "Nobody is called 'nobody'.", "orchestra-tui agents"),
    (("frobnicate",), "there is no command and no folder 'frobnicate'", "commands are run, resume"),
    (("rum", "x"), "there is no command and no folder 'rum'", "did you mean 'run'?"),
    (("run", "x", "--frobnicate"), "Unrecognized arguments: --frobnicate.", "orchestra-tui run --help"),
    (("run", "x", "--lanes", "many"), "'many' is not a number from 1 up.", "orchestra-tui run --help"),
    (("log", "--jsn"), "Unrecognized arguments: --jsn.", "orchestra-tui log --help"),
    ((), "The dashboard needs a terminal", 'orchestra-tui run "goal" --yes'),
)


@pytest.mark.parametrize(
    ("words", "what", "remedy"), COMMANDS, ids=lambda one: "-".join(one) if isinstance(one, tuple) else ""
)
def test_a_command_that_cannot_be_carried_out_is_one_sentence(
    world: World, words: tuple[str, ...], what: str, remedy: str
) -> None:
    scenes.set_up(world)
    world.extra["OLLAMA_HOST"] = "127.0.0.1:9"
    before = snapshot(world.root)

    done = world.run(*(str(world.home / "script.yaml") if word == SCRIPT else word for word in words))

    assert_one_sentence(done, what, remedy)
    assert snapshot(world.root) == before
    assert not world.refs("refs/heads/orchestra", "refs/orchestra")


PLANS = {
    "not yaml": ("tasks: [", "plan.yaml:1: Not readable as YAML", "Correct that line."),
    "no tasks": ("tasks: []", "plan.yaml:1: tasks:", "Correct that field."),
    "a typo": ("tasks:\n  - id: a\n    gaol: x\n", "plan.yaml:3: tasks.0.gaol:", "Did you mean `goal`?"),
    "an unknown need": ("tasks:\n  - {id: a, goal: x, needs: [b]}\n", "No task here is called `b`.", "Ids here are a."),
    "a circle": (
        "tasks:\n  - {id: a, goal: x, needs: [b]}\n  - {id: b, goal: y, needs: [a]}\n",
        "the needs run in a circle: a → b → a",
        "Correct the plan",
    ),
    "a stranger": ("tasks:\n  - {id: a, goal: x, agent: codr}\n", "nobody is called 'codr'", "did you mean 'coder'?"),
    "an overlap": (
        "tasks:\n  - {id: a, goal: x, scope: ['src/**']}\n  - {id: b, goal: y, scope: [src/a.py]}\n",
        "a and b may write the same files",
        "order them by needs",
    ),
}


@pytest.mark.parametrize("kind", PLANS)
def test_a_plan_that_cannot_run_starts_nothing(world: World, kind: str) -> None:
    words = scenes.set_up(world)
    text, what, remedy = PLANS[kind]
    (world.home / "plan.yaml").write_text(text)

    done = world.run("run", *words, "--yes")

    assert_one_sentence(done, what, remedy)
    assert world.last_kind() == ""


def test_a_broken_script_is_named_with_its_field(world: World) -> None:
    words = scenes.set_up(world)
    (world.home / "script.yaml").write_text("entries: [{turns: 3}]")

    done = world.run("run", *words, "--yes")

    assert_one_sentence(done, "script.yaml: The script is malformed", "$.entries[0].turns")


def test_a_malformed_agent_file_is_named_with_line_field_and_suggestion_and_hides_nobody(world: World) -> None:
    words = scenes.set_up(world)
    folder = world.home / "config" / "orchestra-tui" / "agents"
    folder.mkdir(parents=True)
    (folder / "mine.md").write_text("---\nname: mine\ndescription: mine\noutput: wrok\n---\nYou work.\n")

    listed = world.run("agents")
    ran = world.run("run", *words, "--yes")

    assert listed.code == 2
    assert f"{folder}/mine.md:4: output:" in listed.out
    assert "work" in listed.out.split("mine.md:4:")[1]
    assert "reviewer" in listed.out
    assert ran.code == 0, ran.out + ran.err
    assert "mine.md:4: output:" in ran.out


def test_a_model_without_tools_works_by_forced_replies_and_the_run_says_so(world: World) -> None:
    scenes.set_up(world)
    actions = (
        {"tool": "write_file", "arguments": {"path": "parts/one", "content": "one is done\n"}},
        {"tool": "finish", "arguments": {"summary": "one is written"}},
    )
    said = [entry("quick-editor", *({"text": json.dumps(action)} for action in actions))]
    with serving(script(said, plain={"tools": False})) as server:
        world.extra["OLLAMA_HOST"] = server.url

        done = world.run(
            "run", "write one", "--flow", "quick", "--model", "ollama/plain", "--check", "sh check.sh", "--yes"
        )

        bodies = server.chats()
    assert done.code == 0, done.out + done.err
    assert "ollama/plain calls no tools: it acts by forced replies" in done.out
    assert all("tools" not in body and "anyOf" in json.dumps(body["format"]) for body in bodies)
    assert world.git("show", "orchestra/r1:parts/one") == "one is done"


def test_an_unknown_model_is_refused_with_the_command_that_brings_it(world: World) -> None:
    scenes.set_up(world)
    with serving(script([], small={})) as server:
        world.extra["OLLAMA_HOST"] = server.url

        done = world.run("run", "x", "--model", "ollama/qwen9", "--yes")

    assert_one_sentence(done, "There is no model ollama/qwen9", "ollama pull qwen9")


@pytest.mark.parametrize("kind", ["detached", "dirty", "submodule"])
def test_what_is_allowed_is_noted(world: World, kind: str) -> None:
    words = scenes.set_up(world)
    if kind == "detached":
        world.git("checkout", "-q", "--detach")
    if kind == "dirty":
        world.write({"README": "half a thought", "new": "untracked"})
    if kind == "submodule":
        world.git("update-index", "--add", "--cacheinfo", f"160000,{world.git('rev-parse', 'HEAD')},library")
        world.git("commit", "-qm", "a submodule")
    notes = {
        "detached": "HEAD is detached: the result is a branch you can merge where you like.",
        "dirty": "2 uncommitted paths are left out: lanes start from the last commit.",
        "submodule": "Submodules stay empty in lanes.",
    }

    done = world.run("run", *words, "--yes")

    assert done.code == 0, done.out + done.err
    assert notes[kind] in done.out


@pytest.mark.parametrize("place", ["/proc/nope", "a file"])
def test_a_state_folder_that_cannot_be_written_is_named(world: World, place: str) -> None:
    words = scenes.set_up(world)
    if place == "a file":
        place = str(world.home / "file")
        Path(place).write_text("")
    world.extra["XDG_STATE_HOME"] = place

    done = world.run("run", *words, "--yes")

    assert_one_sentence(done, f"The state folder {place}/orchestra-tui/", "export XDG_STATE_HOME=")


def test_a_full_disk_ends_the_engine_and_loses_nothing(world: World) -> None:
    words = scenes.set_up(world, said={"one": scenes.talks(3), "two": scenes.talks(3)})
    terminal = world.start("run", *words, "--yes")
    world.wait_for(lambda run: task(run, "two").state is TaskState.RUNNING)
    world.engine_process().rlimit(psutil.RLIMIT_FSIZE, (4096, 4096))
    out, err = terminal.communicate(timeout=60)
    until(lambda: not world.processes())
    resumed = world.run("resume")

    assert terminal.returncode == 3, out + err
    assert "orchestra-tui resume r1" in err
    assert "the log cannot be written, the engine stops" in world.places.engine_log.read_text()
    assert resumed.code == 0, resumed.out + resumed.err
    assert world.run("log", "--verify").code == 0


def test_without_git_it_says_so(world: World) -> None:
    words = scenes.set_up(world)
    world.extra["PATH"] = "/nonexistent"

    assert_one_sentence(world.run("run", *words, "--yes"), "git was not found.", "Install git")
    assert_one_sentence(world.run("demo", "--headless"), "git is not installed.", "Install it")


def test_a_bare_environment_is_enough(world: World) -> None:
    words = scenes.set_up(world)
    poor = {name: value for name, value in world.env.items() if name in ("PATH", "PYTHONPATH", "XDG_STATE_HOME")}

    for extra in ({"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        done = subprocess.run(
            [sys.executable, "-m", "tui", "run", *words, "--yes"],
            cwd=world.root,
            env=poor | extra,
            capture_output=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_fault(world: World) -> None:
    words = scenes.set_up(world)
    assert world.run("run", *words, "--yes").code == 0
    read_end, write_end = os.pipe()
    os.close(read_end)

    done = subprocess.run(
        [sys.executable, "-m", "tui", "log", "r1"], cwd=world.root, env=world.env, stdout=write_end,
        stderr=subprocess.PIPE, check=False, timeout=30,
    )  # fmt: skip
    os.close(write_end)

    assert b"Traceback" not in done.stderr


def assert_one_sentence(done: Done, what: str, remedy: str) -> None:
    """Exit code 2, nothing on stdout, one line on stderr that says what is wrong and what to do."""
    assert done.code == 2, done.out + done.err
    assert done.out == ""
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("orchestra-tui: ")
    assert what in done.err
    assert remedy in done.err
