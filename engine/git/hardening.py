"""What makes a git call harmless: fixed settings, a fixed environment, and the user's own programs named away.

Git starts programs on a repository's word. Each door and how it is shut:

    fsmonitor, hooks, commit signing   fixed settings (`FIXED_SETTINGS`)
    hook.<name>.command (git ≥ 2.54)   enumerated, disabled
    filter.<name>.clean/smudge/process enumerated, emptied
    diff.<name>.command / textconv     `--no-ext-diff --no-textconv` on every command that knows them
    merge.<name>.driver                enumerated, replaced by git's own text merge
    pager, editor, askpass, ssh        environment; no command here uses them
    fetching a missing object          protocol.allow=never, GIT_NO_LAZY_FETCH
    alias, trailer.<name>.command      unreachable: only the commands in `COMMANDS` can be called
    GIT_* of our own parent            removed (`stray_variables`)

Why filters never run, not even those in the user's own global configuration: `.gitattributes` is a file an agent
may write, so with `* filter=lfs` it would choose when a configured program starts and what it is fed, and git-lfs
reads a server address from another file that an agent may write. So files behind a filter stay in a lane what they
are in git (a git-lfs file is its pointer), and go back unchanged. Line endings and encodings are converted inside
git and do apply. System and global configuration are still read: identity, excludes, safe.directory, autocrlf.

Source: git's Documentation/config, gitattributes(5), githooks(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from engine.git.names import OURS

_COMMANDS = """
    blame cat-file check-attr checkout-index clean commit-tree config diff-tree for-each-ref log ls-files ls-tree
    merge-base merge-tree read-tree rev-list rev-parse status symbolic-ref update-index update-ref worktree write-tree
"""
COMMANDS = frozenset(_COMMANDS.split())
"""The only subcommands that may be called; none runs a program by itself."""

DIFFING = frozenset({"diff-tree", "log"})
"""Subcommands that know --no-ext-diff and --no-textconv."""

_INERT = "cat-file commit-tree config for-each-ref log merge-base rev-list rev-parse symbolic-ref update-ref"
INERT = frozenset(_INERT.split())
"""Subcommands that read neither files nor index, so that no filter, driver or attribute can matter to them. For all
others the configured programs are named away: even write-tree reads a file again, through its filter, when the
index is as young as the file."""

WRITING = frozenset({"checkout-index", "clean", "read-tree", "update-index"})
"""Subcommands that write an index or files: only in a lane, or on an index of our own."""

FIXED_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.quotePath=false",
    "core.untrackedCache=keep",
    "core.trustctime=true",  # an agent may set a file's mtime back, never its ctime
    "core.checkStat=default",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "log.mailmap=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
    "protocol.allow=never",
    "submodule.recurse=false",
    "status.submoduleSummary=false",
    "status.renames=false",
    "diff.ignoreSubmodules=none",
    "diff.orderFile=/dev/null",
    "blame.ignoreRevsFile=",
    "worktree.useRelativePaths=false",
    "core.logAllRefUpdates=true",
    "advice.addEmbeddedRepo=false",
)

FIXED_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "GIT_EDITOR": ":",
    "GIT_SEQUENCE_EDITOR": ":",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_SSH_COMMAND": "false",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ADVICE": "0",
}

_TEXT_MERGE = "git merge-file -q --marker-size=%L %A %O %B"


def settings(pairs: Iterable[str]) -> list[str]:
    """Turn `key=value` words into `-c` arguments."""
    return [word for pair in pairs for word in ("-c", pair)]


def neutral_settings(keys: Iterable[str]) -> list[str]:
    """Name away every program that a configuration names.

    In:   the keys of the effective configuration, as `git config --list --name-only` prints them.
    Out:  `key=value` words that override them; empty when the configuration names none.
    """
    found: dict[str, None] = {}
    for key in keys:
        section, _, rest = key.partition(".")
        name, _, variable = rest.rpartition(".")
        for pair in _override(section.lower(), name, variable.lower()):
            found[pair] = None
    return list(found)


def _override(section: str, name: str, variable: str) -> tuple[str, ...]:
    """The words that neutralise one configured key; none for a key that starts nothing."""
    if not name:
        return ()
    if section == "filter":
        return tuple(f"filter.{name}.{key}" for key in ("clean=", "smudge=", "process=", "required=false"))
    if section == "merge" and variable == "driver":
        return (f"merge.{name}.driver={_TEXT_MERGE}",)
    if section == "hook":
        return (f"hook.{name}.enabled=false",)
    return ()


def stray_variables(environment: Iterable[str], kept: Iterable[str]) -> list[str]:
    """Names of inherited variables that steer git and are not ours, e.g. GIT_DIR when started by a hook."""
    ours = set(kept)
    return sorted(name for name in environment if name.startswith("GIT_") and name not in ours)


def absolute_path(search: str) -> str:
    """A PATH without relative entries: in a lane `.` is a folder that an agent writes."""
    return os.pathsep.join(entry for entry in search.split(os.pathsep) if os.path.isabs(entry))


def trespass(args: Sequence[str], *, is_lane: bool, has_own_index: bool) -> str:
    """Why a call would write to what is the user's; empty when it would not.

    In: args, from the subcommand on; is_lane, that the call works in a lane; has_own_index, that it is given an index
        that is not the user's.
    """
    name, *rest = args
    if name not in COMMANDS:
        return f"git {name} is not a command of this gateway"
    if name in WRITING and not (is_lane or has_own_index):
        return "it would write the user's index or files"
    if name == "config" and rest[:1] != ["--list"]:
        return "configuration is only read"
    if name == "worktree" and rest[:1] not in (["add"], ["move"], ["remove"]):
        return "the user's worktrees are not ours to list or prune"
    if name == "symbolic-ref" and rest[-1:] != ["HEAD"] and not (is_lane and rest[-1].startswith(OURS)):
        return "HEAD is only read"
    is_lanes_head = is_lane and rest[:2] == ["--no-deref", "HEAD"]
    if name == "update-ref" and not is_lanes_head and not _names_one_of_ours(rest):
        return "the ref is not ours"
    return ""


def _names_one_of_ours(words: Sequence[str]) -> bool:
    """Whether update-ref's target is ours; the word after -m is a message."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] == "-m" else 1]
    return bool(rest) and rest[0].startswith(OURS)


def needs_naming_away(args: Sequence[str]) -> bool:
    """Whether a call could start a configured filter or driver."""
    return args[0] not in INERT or "--filters" in args
