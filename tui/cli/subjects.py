"""What commits are called: the first line of each message."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.clean import clean_line
from engine.errors import OrchestraError
from engine.git.repository import open_repository


def subjects(root: Path, commits: tuple[str, ...]) -> Mapping[str, str]:
    """First lines by commit id, cleaned; commits that are not there are left out, and all of them when git fails."""
    if not commits:
        return {}
    listed = ["log", "--no-walk=unsorted", "--ignore-missing", "-z", "--format=%H %s", *commits, "--"]
    try:
        fields = open_repository(root).run(listed).fields
    except OrchestraError:
        return {}
    pairs = (field.partition(" ") for field in fields)
    return {commit: clean_line(subject, 200) for commit, _, subject in pairs if subject}
