"""Every error that somebody reacts to differently; fields, not prose. `str()` turns one into words for a person.

OrchestraError
├── UserFault            the person can mend it: what happened, what is safe, what to do
│   ├── RepositoryFault  not a repository, bare, no commits, …
│   ├── AdoptRefused     the user's branch does not move to the result; `reason` says why
│   ├── UnsavedWork      a worktree holds bytes that are nowhere else
│   ├── LeaseTaken       another engine owns this repository: attach to it instead
│   └── DefinitionFault  a file we read is malformed: file, line, field, suggestion
├── StoreFault           the log cannot be written or read
│   ├── StoreMissing     no log yet: nothing has run here, or the engine is still making it
│   ├── FencedOut        another engine took the lease
│   └── LogTampered      the hash chain breaks at one event
├── GitFault             a git call failed
│   ├── PointerMoved     compare-and-swap lost: the ref is not where we left it
│   └── LaneTampered     a lane's `.git` is not the pointer that git wrote: no call is made in it any more
├── ModelFault           a model call failed; `policy` reacts by class
│   ├── Unreachable      connect or read failed, 5xx: retry, then the next model
│   ├── OverBudget       nothing was sent: its worst case does not fit into a budget
│   ├── Busy             429, 503, 529: retry after a while, honouring Retry-After
│   ├── Refused          401, 403, 400 with no better class: the person
│   ├── UnknownModel     404: the person, with the command that pulls it
│   ├── ContextOverflow  prompt longer than the window: compact once, then climb
│   └── MalformedReply   EOF without done, broken JSON, empty: one repair turn, then climb
└── ToolFault            a tool refused; its text goes back to the model, nothing else happens
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class OrchestraError(Exception):
    """Root of all errors of ours."""


@dataclass
class UserFault(OrchestraError):
    """Something the person can mend."""

    what: str
    """What happened, one sentence."""
    safe: str = "Nothing was changed."
    """What is safe, one sentence."""
    remedy: str = ""
    """What to do: the exact command or key where there is one."""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.safe, self.remedy) if part)


@dataclass
class RepositoryFault(UserFault):
    """The folder cannot be worked on."""


@dataclass
class AdoptRefused(UserFault):
    """The user's checked-out branch does not move."""

    reason: str = ""
    """detached, unfinished, dirty, locked, filtered, submodule, conflict, in the way, edited."""
    files: tuple[str, ...] = ()


@dataclass
class UnsavedWork(UserFault):
    """A worktree is not removed, because it holds bytes that are nowhere else."""

    path: Path | None = None
    dirty: tuple[str, ...] = ()
    """Changed and untracked paths."""
    unmerged: int = 0
    """Commits that no other branch of ours holds."""


@dataclass
class DefinitionFault(UserFault):
    """A file that we read (agent, plan, flow, settings) is malformed."""

    path: Path | None = None
    line: int = 0
    field_name: str = ""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        place = f"{self.path}{line}: " if self.path else ""
        name = f"{self.field_name}: " if self.field_name else ""
        return place + name + UserFault.__str__(self)


@dataclass
class LeaseTaken(UserFault):
    """Another engine owns this repository."""

    pid: int = 0
    host: str = ""
    started_at: float = 0.0
    """Seconds since the epoch."""


@dataclass
class StoreFault(OrchestraError):
    """The log cannot be written or read."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass
class StoreMissing(StoreFault):
    """There is no log yet: wait for an engine to make it, or say that nothing has run here."""


@dataclass
class FencedOut(StoreFault):
    """Another engine took the lease; this one must stop writing at once."""


@dataclass
class LogTampered(StoreFault):
    """The hash chain breaks."""

    seq: int = 0


@dataclass
class GitFault(OrchestraError):
    """A git call failed."""

    arguments: tuple[str, ...]
    exit_code: int
    stderr: str

    def __str__(self) -> str:
        return f"git {' '.join(self.arguments)} exited {self.exit_code}: {self.stderr.strip()}"


@dataclass
class PointerMoved(GitFault):
    """A ref was not where we left it; nothing was written."""


@dataclass
class LaneTampered(GitFault):
    """A lane's folder or its `.git` was replaced; whatever is there now was not made by us."""

    path: Path | None = None

    def __str__(self) -> str:
        return f"the lane at {self.path} was tampered with: {self.stderr}"


@dataclass
class ModelFault(OrchestraError):
    """A model call failed."""

    model: str
    host: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model} at {self.host}: {self.reason}"


@dataclass
class Unreachable(ModelFault):
    """The server did not answer, or broke off with a server error."""

    was_sent: bool = True
    """False when there was no connection: then nothing was asked and nothing is owed."""


@dataclass
class OverBudget(ModelFault):
    """The request was not sent: its worst case does not fit into a budget."""

    def __str__(self) -> str:
        return self.reason


@dataclass
class Busy(ModelFault):
    """The server asks us to wait."""

    retry_after_s: float | None = None


@dataclass
class Refused(ModelFault):
    """The server will not do this however often we ask: key, quota, bad request."""

    status: int = 0


@dataclass
class UnknownModel(ModelFault):
    """The server does not have this model."""


@dataclass
class ContextOverflow(ModelFault):
    """The prompt is longer than the window; we never let a server cut it."""

    prompt_tokens: int = 0
    window_tokens: int = 0


@dataclass
class MalformedReply(ModelFault):
    """The reply cannot be used: it ended early, is empty or is not what was asked."""


@dataclass
class ToolFault(OrchestraError):
    """A tool refused; the reason is written for the model that called it."""

    reason: str

    def __str__(self) -> str:
        return self.reason
