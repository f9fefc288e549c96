"""Trust in a repository's own files: none configures anything before the person trusted exactly its present content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def digest_of(text: str) -> str:
    """What the person trusts: SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def distrust(place: str, digest: str, trusted: Mapping[str, str]) -> str:
    """Why a file is not used yet, in a few words; empty when it is trusted as it is.

    In: place, its path relative to the repository; digest, of its text now; trusted, digests by place.
    """
    if trusted.get(place) == digest:
        return ""
    return "changed since you trusted it" if place in trusted else "not trusted yet"


def is_plain(path: Path) -> bool:
    """Whether neither a path nor its folder is a link: a repository's link could show anything of the person's."""
    return not path.is_symlink() and not path.parent.is_symlink()
