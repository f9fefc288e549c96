"""The environment a command gets: built from nothing, never inherited, so that no key can travel in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

_FIXED = {
    "TERM": "dumb",
    "CI": "1",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "DEBIAN_FRONTEND": "noninteractive",
}
_CREDENTIAL = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE|AUTH|SESSION", re.IGNORECASE)
_LOADER = re.compile(r"^(LD_|DYLD_|BASH_ENV$|ENV$|BASH_FUNC_|PYTHONSTARTUP$|PYTHONHOME$)")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def is_refused(name: str) -> bool:
    """Whether a variable of that name never reaches a command: it looks like a credential or steers the loader."""
    return bool(_CREDENTIAL.search(name) or _LOADER.match(name) or not _NAME.match(name))


def clean_environment(home: str, path: Iterable[str], extra: Mapping[str, str]) -> dict[str, str]:
    """Build a command's whole environment.

    In:   HOME inside the sandbox; PATH entries that exist inside it; wanted additions.
    Out:  name → value; additions with refused names or NUL in them are left out.
    """
    environment = dict(_FIXED)
    environment |= {"HOME": home, "PATH": ":".join(path) or DEFAULT_PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    environment |= {"TMPDIR": "/tmp", "USER": "agent", "LOGNAME": "agent", "SHELL": "/bin/sh"}
    environment |= {name: text for name, text in extra.items() if not is_refused(name) and "\0" not in text}
    return environment
