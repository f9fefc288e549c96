"""Where the state of a repository lives: in the user's state folder, never inside the repository.

Test runners and watchers would walk worktrees kept inside; and `git clean -dfx` would take them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP = "orchestra-tui"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one repository."""

    root: Path
    """The repository's top folder."""
    home: Path
    """Our state folder for it."""

    @property
    def store(self) -> Path:
        """The log."""
        return self.home / "store.sqlite"

    @property
    def engine_log(self) -> Path:
        """What the engine's process prints: starts, stops, tracebacks; never keys, never model text."""
        return self.home / "engine.log"

    @property
    def lanes(self) -> Path:
        """The worktrees: a folder for each run, in it one for each lane."""
        return self.home / "lanes"

    @property
    def landing_intent(self) -> Path:
        """What a `land` was about to do to the person's checkout; there only while one runs or after it was killed."""
        return self.home / "landing.json"

    @property
    def memory(self) -> Path:
        """One Markdown file for each specialist."""
        return self.home / "memory"


def places_for(root: Path, common_dir: Path) -> Places:
    """The places of a repository.

    In:   its top folder; git's common folder, which all its worktrees share and which therefore names it: they have
          one engine and one log between them.
    """
    common_dir = common_dir.resolve()
    identity = hashlib.sha256(str(common_dir).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    owner = common_dir.parent if common_dir.name in (".git", ".bare") else common_dir
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", owner.name.removesuffix(".git")).strip("-.") or "repository"
    return Places(root, state_home() / "repositories" / f"{name[:40]}-{identity}")


def state_home() -> Path:
    """The user's state folder for this program (XDG_STATE_HOME on Linux)."""
    return Path(platformdirs.user_state_dir(APP, appauthor=False))


def config_home() -> Path:
    """The user's configuration folder for this program (XDG_CONFIG_HOME on Linux)."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def cache_home() -> Path:
    """The user's cache folder for this program: fetched models."""
    return Path(platformdirs.user_cache_dir(APP, appauthor=False))
