"""What a command behind the walls can and cannot reach."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.sandbox import CommandSpec
from tests.engine.sandbox.conftest import POINTER


async def output_of(walls: Bubblewrap, worktree: Path, command: str, network: bool = False) -> str:
    return (await walls.run(CommandSpec(command, worktree, timeout_s=30, network=network))).output


async def python(walls: Bubblewrap, worktree: Path, program: str, network: bool = False) -> str:
    return (await walls.run(CommandSpec((sys.executable, "-c", program), worktree, network=network))).output


async def test_a_file_beside_the_worktree_does_not_exist(walls: Bubblewrap, worktree: Path) -> None:
    secret = worktree.parent / "secret"
    secret.write_text("canary")
    output = await output_of(
        walls, worktree, f"cat {secret}; cat ../secret; ls {worktree.parent}; ln -s {secret} l; cat l"
    )
    assert "canary" not in output
    assert output.count("No such file") == 3


async def test_nothing_outside_the_worktree_can_be_written(walls: Bubblewrap, worktree: Path) -> None:
    outside = worktree.parent / "outside"
    output = await output_of(
        walls, worktree, f"touch {outside} ../outside /usr/x /etc/x /root/x /x /dev/x /proc/x 2>&1"
    )
    assert not outside.exists()
    assert len([line for line in output.splitlines() if "Read-only file system" in line or "No such file" in line]) == 6


async def test_only_temporary_places_of_its_own_are_writable_beside_the_worktree(
    walls: Bubblewrap, worktree: Path
) -> None:
    places = "/ /home /root /run /var /usr /etc /dev /proc /sys /tmp /dev/shm $HOME ."
    script = f"for p in {places}; do touch $p/t 2>/dev/null && echo $p; done"
    assert (await output_of(walls, worktree, script)).split() == ["/tmp", "/dev/shm", "/sandbox/home", "."]


async def test_the_home_folder_is_not_there(
    walls: Bubblewrap, worktree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "person"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id_ed25519").write_text("canary")
    (home / ".cargo/bin").mkdir(parents=True)
    (home / ".cargo/credentials.toml").write_text("canary")
    (home / ".local/bin").mkdir(parents=True)
    (home / ".local/share").mkdir()
    (home / ".local/share/keyring").write_text("canary")
    monkeypatch.setenv("PATH", f"{home}/.cargo/bin:{home}/.local/bin:{home}:/usr/bin:/bin")
    sandbox = Bubblewrap(walls._program, walls.tier, home=home)
    output = await output_of(sandbox, worktree, f"echo $HOME $PATH; find {home}; grep -r canary {home} /home")
    assert "canary" not in output
    assert {str(home / ".cargo/bin"), str(home / ".local/bin")} < set(output.split())
    assert not {str(home / ".ssh"), str(home / ".local/share"), str(home / ".cargo/credentials.toml")} & set(
        output.split()
    )
    assert output.splitlines()[0] == f"/sandbox/home {home}/.cargo/bin:{home}/.local/bin:/usr/bin:/bin"


async def test_the_git_pointer_can_neither_be_read_nor_changed(walls: Bubblewrap, worktree: Path) -> None:
    script = "cat .git; echo x > .git; rm -f .git; mv .git g; echo y > n; mv n .git; ln -sf /x .git; ln .git h"
    output = await output_of(walls, worktree, script)
    assert "gitdir" not in output
    assert (worktree / ".git").read_text() == POINTER
    assert not (worktree / "g").exists()
    assert not (worktree / "h").exists()


async def test_a_git_folder_is_masked_too(walls: Bubblewrap, tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/.git/config").write_text("canary")
    output = await output_of(walls, tmp_path / "repo", "ls -A .git; cat .git/config; touch .git/x; mkdir .git/hooks")
    assert "canary" not in output
    assert os.listdir(tmp_path / "repo/.git") == ["config"]


async def test_a_git_link_is_refused(walls: Bubblewrap, worktree: Path) -> None:
    (worktree / ".git").unlink()
    (worktree / ".git").symlink_to("/etc")
    result = await walls.run(CommandSpec("true", worktree))
    assert result.exit_code == 126
    assert "symbolic link" in result.output


async def test_the_home_folder_is_never_given_as_a_worktree(walls: Bubblewrap) -> None:
    for place in ("~", "/"):
        result = await walls.run(CommandSpec("true", Path(os.path.expanduser(place))))  # noqa: ASYNC240  # no file is touched
        assert result.exit_code == 126


CONNECT = """
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), 2); print("reached")
except OSError as error:
    print("held", error)
"""


async def test_a_loopback_server_is_reached_only_with_the_network(walls: Bubblewrap, worktree: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = CONNECT.format(port=server.getsockname()[1])
        assert (await python(walls, worktree, program)).startswith("held")
        assert (await python(walls, worktree, program, network=True)).startswith("reached")


async def test_a_server_of_its_own_is_allowed(walls: Bubblewrap, worktree: Path) -> None:
    program = (
        "from socket import *; s = create_server(('127.0.0.1', 0)); create_connection(s.getsockname()); print('ok')"
    )
    assert await python(walls, worktree, program) == "ok\n"


async def test_only_its_own_processes_are_visible(walls: Bubblewrap, worktree: Path) -> None:
    output = await output_of(walls, worktree, "ls -d /proc/[0-9]* | wc -l; cat /proc/*/cmdline | tr '\\0' ' '")
    assert int(output.splitlines()[0]) <= 6
    assert "pytest" not in output


SYSCALLS = """
import ctypes, errno, fcntl, os, socket
libc = ctypes.CDLL(None, use_errno=True)

def tried(name, *arguments):
    ctypes.set_errno(0)
    libc.syscall(NUMBERS[name], *arguments)
    print(name, errno.errorcode.get(ctypes.get_errno(), "0"))

NUMBERS = {numbers}
tried("unshare", 0x10000000)
tried("mount", b"none", b"/tmp", b"tmpfs", 0, 0)
tried("keyctl", 0, 0)
tried("bpf", 0, 0, 0)
tried("perf_event_open", 0, 0, -1, -1, 0)
tried("userfaultfd", 0)
tried("clone3", 0, 0)
tried("io_uring_setup", 1, 0)
for name, family in (("packet", 17), ("vsock", 40), ("alg", 38)):
    try:
        socket.socket(family, socket.SOCK_DGRAM); print(name, "made")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
master, slave = os.openpty()
for name, request in (("TIOCSTI", 0x5412), ("TIOCSTI-high", 0x5412 | 1 << 32), ("TIOCLINUX", 0x541C)):
    ctypes.set_errno(0)
    libc.ioctl(slave, ctypes.c_ulong(request), b"x"); print(name, errno.errorcode.get(ctypes.get_errno(), "0"))
print("TCGETS", len(fcntl.ioctl(slave, 0x5401, bytes(60))))
print("fork", os.waitstatus_to_exitcode(os.system("true")))
"""


async def test_the_filter_answers_in_the_kernel_as_its_table_says(walls: Bubblewrap, worktree: Path) -> None:
    from engine.sandbox import seccomp

    column = 0 if os.uname().machine == "x86_64" else 1
    numbers = {name: pair[column] for name, pair in (seccomp.DENIED | seccomp.ABSENT).items()}
    output = await python(walls, worktree, SYSCALLS.replace("{numbers}", repr(numbers)))
    said = dict(line.split() for line in output.splitlines())
    for name in ("unshare", "mount", "keyctl", "bpf", "perf_event_open", "userfaultfd", "TIOCSTI", "TIOCSTI-high"):
        assert said[name] == "EPERM", output
    assert said["TIOCLINUX"] == "EPERM"
    assert (said["clone3"], said["io_uring_setup"]) == ("ENOSYS", "ENOSYS")
    assert {said[name] for name in ("packet", "vsock", "alg")} == {"EAFNOSUPPORT"}
    assert (said["TCGETS"], said["fork"]) == ("60", "0")


async def test_no_capability_and_no_descriptor_of_ours_gets_in(walls: Bubblewrap, worktree: Path) -> None:
    keep = os.open(worktree.parent, os.O_RDONLY)
    os.set_inheritable(keep, True)
    try:
        output = await output_of(
            walls, worktree, "grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status; ls /proc/$$/fd"
        )
    finally:
        os.close(keep)
    fields = dict(line.split(":\t") for line in output.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert [line for line in output.splitlines() if line.isdigit()] == ["0", "1", "2"]


async def test_the_toolchain_that_runs_us_runs_inside(walls: Bubblewrap, worktree: Path) -> None:
    assert (
        await python(walls, worktree, "import pydantic, ssl, multiprocessing; multiprocessing.Lock(); print('ok')")
        == "ok\n"
    )


async def test_temporary_files_do_not_reach_the_next_command(walls: Bubblewrap, worktree: Path) -> None:
    await output_of(walls, worktree, "touch /tmp/left /dev/shm/left ~/left")
    assert await output_of(walls, worktree, "ls /tmp /dev/shm ~ | grep left") == ""


async def test_the_environment_of_a_command_is_not_in_the_process_list(walls: Bubblewrap, worktree: Path) -> None:
    spec = CommandSpec("cat /proc/1/cmdline", worktree, env={"PLAIN": "visible-to-nobody"})
    assert "visible-to-nobody" not in (await walls.run(spec)).output
