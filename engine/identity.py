"""Names that are made, not drawn: the same question or attempt has the same id in every life of the engine."""

from __future__ import annotations

import hashlib

import msgspec

from engine.words import ApprovalId, RunId, TaskId, TaskSpec


def digest(*parts: str) -> str:
    """A short hash of texts whose borders count."""
    joined = "\x00".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def approval_id(run: RunId, task: TaskId, form: str, content: str) -> ApprovalId:
    """The id of a question, from what is asked: asked twice, it is one question."""
    return ApprovalId(digest(run, task, form, content))


def attempt_key(  # all that makes an attempt what it is
    run: RunId, spec: TaskSpec, attempt: int, agent: str, model: str, start_commit: str, feedback: str
) -> str:
    """The idempotency key of an attempt: what it is told and where it starts, with its ordinal."""
    planned = msgspec.json.encode(spec).decode()
    return digest(run, planned, str(attempt), agent, model, start_commit, feedback)
