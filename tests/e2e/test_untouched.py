"""Nothing of the user's changes by a run: checkout, index, stash, branches, configuration, hooks; not even a time."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.git.fingerprint import user_state
from engine.git.repository import open_repository
from tests.e2e import scenes
from tests.e2e.world import World

OURS = (
    ".git/objects/",
    ".git/worktrees/",
    ".git/refs/heads/orchestra/",
    ".git/refs/orchestra/",
    ".git/logs/refs/heads/orchestra/",
    ".git/logs/refs/orchestra/",
)
CANARY = "canary"


def snapshot(root: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time and digest of every file and link below a folder; objects only by name, ours left out."""
    found = {}
    for folder, _, names in os.walk(root):
        for path in (Path(folder, name) for name in names):
            name = os.fsencode(path.relative_to(root)).decode("utf-8", "replace")
            if not name.startswith(OURS):
                status = path.lstat()
                content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
                found[name] = (status.st_mode, status.st_mtime_ns, hashlib.sha256(content).hexdigest())
    return found


def objects(root: Path) -> set[str]:
    """The names of all objects and packs."""
    return {str(path.relative_to(root)) for path in (root / ".git" / "objects").rglob("*") if path.is_file()}


def dirty(world: World) -> None:
    """Staged, unstaged, untracked and ignored files, a deletion, a stash, branches, a tag, a hook, a worktree."""
    world.write({"kept": "kept\n", "gone": "gone\n", "staged": "old\n", ".gitignore": "*.log\n"})
    world.git("add", "-A")
    world.git("commit", "-qm", "more")
    world.git("branch", "other", "HEAD~1")
    world.git("tag", "-am", "a tag", "v1")
    world.write({"kept": "stashed\n"})
    world.git("stash", "-q")
    world.git("worktree", "add", "-q", "-b", "beside", str(world.home / "work" / "beside"))
    (world.home / "work" / "beside" / "README").write_text("changed beside\n")
    world.write({"kept": "half a th", "staged": "new\n", "untracked": "mine\n", "build.log": "ignored\n"})
    world.git("add", "staged")
    world.write({"staged": "newer than staged\n"})
    (world.root / "gone").unlink()
    hook = world.root / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {world.home / CANARY}-hook\n")
    hook.chmod(0o755)
    world.git("config", "core.pager", "less -R")


def detached(world: World) -> None:
    """HEAD on a commit between others."""
    world.write({"second": "second\n"})
    world.git("add", "-A")
    world.git("commit", "-qm", "second")
    world.git("checkout", "-q", "HEAD~1")


def submodule(world: World) -> None:
    """A submodule that was never initialised."""
    other = world.home / "work" / "library"
    other.mkdir()
    world.git("init", "-q", "-b", "main", folder=other)
    (other / "code").write_text("code\n")
    world.git("add", "-A", folder=other)
    world.git("commit", "-qm", "library", folder=other)
    world.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "library")
    world.git("commit", "-qm", "a submodule")
    world.git("submodule", "deinit", "-f", "library")


def line_ends(world: World) -> None:
    """CRLF in the checkout, LF in the commits, and one file that is CRLF in both."""
    world.git("config", "core.autocrlf", "true")
    (world.root / ".gitattributes").write_text("*.sh text eol=lf\n*.raw -text\n*.bat text eol=crlf\n")
    (world.root / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    (world.root / "b.raw").write_bytes(b"one\r\ntwo\r\n")
    (world.root / "c.bat").write_bytes(b"echo\r\n")
    world.git("add", "-A")
    world.git("commit", "-qm", "line ends")


def modes(world: World) -> None:
    """Executable files, links, a link to nowhere, an empty file, odd names."""
    world.write({"tool.sh": "#!/bin/sh\n", "empty": "", "a b/ü\tö": "odd\n", "-rf": "dash\n"})
    (world.root / "tool.sh").chmod(0o755)
    (world.root / "link").symlink_to("README")
    (world.root / "nowhere").symlink_to("/does/not/exist")
    (world.root / os.fsdecode(b"latin-\xe9")).write_bytes(b"latin\n")
    world.git("add", "-A")
    world.git("commit", "-qm", "modes")
    (world.root / "README").chmod(0o755)


def hostile(world: World) -> None:
    """Configuration that starts programs wherever git can be made to."""
    program = world.home / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {world.home / CANARY}\ncat\n')
    program.chmod(0o755)
    hooks = world.root / ".git" / "evil"
    hooks.mkdir()
    for name in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change", "post-commit"):
        (hooks / name).symlink_to(program)
    (world.root / ".gitattributes").write_text("* diff=evil filter=evil\nNOTES merge=evil\n")
    world.write({"NOTES": "notes\n"})
    world.git("add", "-A")
    world.git("commit", "-qm", "attributes")
    for name, value in {
        "core.fsmonitor": str(program),
        "core.hooksPath": str(hooks),
        "core.sshCommand": str(program),
        "core.pager": str(program),
        "core.editor": str(program),
        "diff.external": str(program),
        "diff.evil.command": str(program),
        "diff.evil.textconv": str(program),
        "filter.evil.clean": str(program),
        "filter.evil.smudge": str(program),
        "filter.evil.process": str(program),
        "merge.evil.driver": f"{program} %A",
        "gpg.program": str(program),
        "commit.gpgSign": "true",
        "credential.helper": f"!{program}",
        "gc.auto": "1",
    }.items():
        with open(world.root / ".git" / "config", "a") as config:
            section, _, key = name.rpartition(".")
            head, _, sub = section.partition(".")
            config.write(f'[{head} "{sub}"]\n' if sub else f"[{head}]\n")
            config.write(f'\t{key} = "{value}"\n')


KINDS: tuple[Callable[[World], None], ...] = (dirty, detached, submodule, line_ends, modes, hostile)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_a_run_leaves_every_byte_of_the_user_as_it_was(
    new_world: Callable[..., World], kind: Callable[[World], None]
) -> None:
    world = new_world("mein Projekt ☂ été" if kind is dirty else "repo")
    words = scenes.set_up(world)
    kind(world)
    git = open_repository(world.root)
    before, known, theirs = snapshot(world.root), objects(world.root), user_state(git)

    done = world.run("run", *words, "--yes")
    world.wait_for(lambda run: run.is_over and not any(lane.is_open for lane in run.lanes.values()))
    world.stop_engine()

    assert done.code == 0, done.out + done.err
    assert snapshot(world.root) == before
    assert user_state(git).difference(theirs) == ()
    assert known <= objects(world.root)
    assert not list(world.home.glob(f"{CANARY}*")), (world.home / CANARY).read_text()


def test_what_lands_is_only_what_the_lanes_changed(world: World) -> None:
    words = scenes.set_up(world)
    line_ends(world)
    modes(world)

    done = world.run("run", *words, "--yes")

    assert done.code == 0, done.out + done.err
    changed = world.git("diff", "--raw", "--no-abbrev", "main", "orchestra/r1").splitlines()
    assert [line.split("\t")[1] for line in changed] == ["parts/one", "parts/two"]


def test_a_run_in_a_linked_worktree_leaves_both_checkouts_alone(world: World) -> None:
    words = scenes.set_up(world)
    beside = world.home / "work" / "beside"
    world.git("worktree", "add", "-q", "-b", "beside", str(beside))
    (beside / "README").write_text("half a thought")
    git = open_repository(beside)
    before, there, theirs = snapshot(world.root), snapshot(beside), user_state(git)

    done = world.run("run", *words, "--yes", folder=beside)
    world.wait_for(lambda run: run.is_over and not any(lane.is_open for lane in run.lanes.values()))
    world.stop_engine()

    assert done.code == 0, done.out + done.err
    assert snapshot(beside) == there
    assert user_state(git) == theirs
    assert snapshot(world.root) == before
    assert world.git("rev-parse", "beside") == world.git("rev-parse", "main")


def test_the_state_is_outside_the_repository_and_for_the_user_alone(world: World) -> None:
    words = scenes.set_up(world)

    assert world.run("run", *words, "--yes").code == 0

    home = world.places.home
    assert world.root not in (home, *home.parents)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
