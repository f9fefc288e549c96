"""What every sandbox promises, whatever its tier."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import uuid
from pathlib import Path

import pytest

from engine.sandbox.sandbox import MEBIBYTE, CommandSpec, Sandbox
from tests.engine.sandbox.conftest import gone, processes_with


async def test_a_command_runs_in_its_worktree_with_its_exit_code(sandbox: Sandbox, worktree: Path) -> None:
    result = await sandbox.run(CommandSpec("pwd; echo to-stderr >&2; exit 7", worktree))
    assert result.exit_code == 7
    assert result.output.splitlines() == [str(worktree), "to-stderr"]
    assert (result.timed_out, result.killed, result.was_cut) == (False, False, False)


async def test_an_argument_tuple_is_never_read_by_a_shell(sandbox: Sandbox, worktree: Path) -> None:
    result = await sandbox.run(CommandSpec(("echo", "$HOME; echo two", "*"), worktree))
    assert result.output == "$HOME; echo two *\n"


async def test_files_written_in_the_worktree_stay(sandbox: Sandbox, worktree: Path) -> None:
    await sandbox.run(CommandSpec("mkdir -p a/b && echo new > a/b/c", worktree))
    assert (worktree / "a/b/c").read_text() == "new\n"


async def test_no_variable_of_ours_reaches_a_command(
    sandbox: Sandbox, worktree: Path, secret_in_environment: str
) -> None:
    result = await sandbox.run(CommandSpec("env; cat /proc/self/environ", worktree, env={"GOOD": "1", "MY_TOKEN": "x"}))
    assert secret_in_environment not in result.output
    assert "GOOD=1" in result.output
    assert "MY_TOKEN" not in result.output
    assert f"HOME={os.environ['HOME']}\n" not in result.output


async def test_output_comes_in_pieces_while_the_command_runs(sandbox: Sandbox, worktree: Path) -> None:
    pieces: list[str] = []
    seen = asyncio.Event()

    def take(text: str) -> None:
        pieces.append(text)
        seen.set()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            sandbox.run(CommandSpec("echo first; while [ ! -e go ]; do sleep 0.01; done; echo last", worktree), take)
        )
        async with asyncio.timeout(10):
            await seen.wait()
        assert not running.done()
        (worktree / "go").touch()
    assert "".join(pieces) == running.result().output == "first\nlast\n"


async def test_long_output_keeps_head_and_tail_and_a_digest_of_everything(sandbox: Sandbox, worktree: Path) -> None:
    spec = CommandSpec("echo HEAD; yes | head -c 500000; echo TAIL", worktree, output_limit_bytes=1_000)
    result = await sandbox.run(spec)
    whole = b"HEAD\n" + b"y\n" * 250_000 + b"TAIL\n"
    assert result.was_cut
    assert result.output.startswith("HEAD\n")
    assert result.output.endswith("TAIL\n")
    assert f"{len(whole) - 1_000:,} bytes left out" in result.output
    assert len(result.output) < 1_100
    assert (result.digest, result.output_bytes) == (hashlib.sha256(whole).hexdigest(), len(whole))


async def test_an_endless_producer_is_stopped_without_filling_memory(sandbox: Sandbox, worktree: Path) -> None:
    streamed: list[int] = []
    result = await sandbox.run(CommandSpec("yes", worktree, timeout_s=60), lambda text: streamed.append(len(text)))
    assert result.killed
    assert not result.timed_out
    assert "stopped because it printed more than" in result.output
    assert sum(streamed) < 3 * MEBIBYTE


async def test_a_command_that_runs_too_long_is_killed_and_keeps_its_output(sandbox: Sandbox, worktree: Path) -> None:
    result = await sandbox.run(CommandSpec("echo before; sleep 60", worktree, timeout_s=0.5))
    assert (result.exit_code, result.timed_out, result.killed) == (124, True, True)
    assert result.output.startswith("before\n")
    assert result.duration_s < 10


async def test_a_signal_that_ends_a_command_shows_in_its_exit_code(sandbox: Sandbox, worktree: Path) -> None:
    result = await sandbox.run(CommandSpec("kill -SEGV $$", worktree))
    assert result.exit_code == 139
    assert result.killed


async def test_a_command_that_cannot_start_is_a_result_too(sandbox: Sandbox, worktree: Path) -> None:
    absent = await sandbox.run(CommandSpec(("/no/such/program",), worktree))
    elsewhere = await sandbox.run(CommandSpec("true", worktree / "absent"))
    assert absent.exit_code in (126, 127)
    assert absent.output
    assert elsewhere.exit_code == 126
    assert "no such folder" in elsewhere.output


async def test_stdin_is_closed_so_that_a_prompt_cannot_hang(sandbox: Sandbox, worktree: Path) -> None:
    result = await sandbox.run(CommandSpec("read answer || echo nobody", worktree, timeout_s=10))
    assert result.output == "nobody\n"


DAEMON = """
import os, sys, time
form, ending = sys.argv[1:3]

def live():
    open("up", "w").close()
    time.sleep(60)

if form == "setsid":
    if os.fork() == 0:
        os.setsid()
        live()
elif form == "daemon":
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            live()
        os._exit(0)
elif form == "ignoring":
    if os.fork() == 0:
        import signal
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        live()
while ending != "end" or not os.path.exists("up"):
    time.sleep(0.02)
"""


@pytest.mark.parametrize("form", ["setsid", "daemon", "ignoring"])
@pytest.mark.parametrize("ending", ["timeout", "cancel", "end"])
async def test_no_descendant_survives(sandbox: Sandbox, worktree: Path, form: str, ending: str) -> None:
    marker, up = f"marker-{uuid.uuid4().hex}", worktree / "up"
    (worktree / "daemon.py").write_text(DAEMON)
    command = (sys.executable, "daemon.py", form, ending, marker)
    async with asyncio.TaskGroup() as group:
        spec = CommandSpec(command, worktree, timeout_s=1.5 if ending == "timeout" else 30)
        running = group.create_task(sandbox.run(spec))
        while not up.exists() and not running.done():
            await asyncio.sleep(0.02)
        if ending == "cancel":
            assert processes_with(marker)
            running.cancel()
    assert up.exists()
    assert gone(marker)
    assert running.cancelled() == (ending == "cancel")


async def test_a_command_dies_with_the_engine(sandbox: Sandbox, worktree: Path) -> None:
    marker, up = f"marker-{uuid.uuid4().hex}", worktree / "up"
    (worktree / "daemon.py").write_text(DAEMON)
    kind = "walls" if sandbox.tier.letter == "A" else "open_air"
    environment = os.environ | {"TMPDIR": str(worktree.parent)}  # a killed engine leaves its command's HOME behind
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ENGINE, kind, str(worktree), marker, env=environment
    )
    try:
        while not up.exists() and engine.returncode is None:
            await asyncio.sleep(0.02)
        assert processes_with(marker)
    finally:
        engine.kill()
        await engine.wait()
    assert gone(marker)


ENGINE = """
import asyncio, shutil, sys
from pathlib import Path
from engine.sandbox.bubblewrap import Bubblewrap, find_program
from engine.sandbox.sandbox import CommandSpec, SandboxTier
from engine.sandbox.unconfined import Unconfined
kind, root, marker = sys.argv[1:]
if kind == "walls":
    sandbox = Bubblewrap(find_program(shutil.which("bwrap")), SandboxTier("A", "", ""))
else:
    sandbox = Unconfined(SandboxTier("D", "", ""))
asyncio.run(sandbox.run(CommandSpec((sys.executable, "daemon.py", "daemon", "never", marker), Path(root))))
"""


async def test_cancelling_twice_still_kills(sandbox: Sandbox, worktree: Path) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    command = f"trap '' TERM; sh -c 'touch up; sleep 60; : {marker}'"
    async with asyncio.TaskGroup() as group:
        running = group.create_task(sandbox.run(CommandSpec(command, worktree)))
        while not (worktree / "up").exists():
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.sleep(0)
        running.cancel()
    assert gone(marker)


async def test_memory_of_one_process_is_limited(sandbox: Sandbox, worktree: Path) -> None:
    hungry = "import sys\ntry: bytearray(600 << 20)\nexcept MemoryError: sys.exit(42)"
    spec = CommandSpec((sys.executable, "-c", hungry), worktree, memory_bytes=300 * MEBIBYTE)
    assert (await sandbox.run(spec)).exit_code == 42


async def test_memory_of_all_processes_together_is_limited(sandbox: Sandbox, worktree: Path) -> None:
    eater = f"{sys.executable} -c 'import time; b = bytearray(b\"x\") * (80 << 20); time.sleep(30)'"
    spec = CommandSpec(" & ".join([eater] * 4) + "; wait", worktree, timeout_s=30, memory_bytes=160 * MEBIBYTE)
    result = await sandbox.run(spec)
    assert result.killed
    assert "together held more than 160 MiB" in result.output
    assert not result.timed_out


async def test_many_commands_at_once_leave_no_descriptor_open(sandbox: Sandbox, worktree: Path) -> None:
    await sandbox.run(CommandSpec("true", worktree))
    before = len(os.listdir("/proc/self/fd"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(sandbox.run(CommandSpec(f"echo {n}", worktree))) for n in range(16)]
    assert [task.result().output for task in tasks] == [f"{n}\n" for n in range(16)]
    assert len(os.listdir("/proc/self/fd")) == before
