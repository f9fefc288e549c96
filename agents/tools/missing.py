"""When a path is not there: what it may have been."""

from __future__ import annotations

import difflib
from itertools import islice

from agents.tools.folder import Folder
from agents.tools.place import Parts, shown
from engine.errors import ToolFault

_LOOKED_AT = 20_000


def missing(folder: Folder, parts: Parts) -> ToolFault:
    """The fault that says so, with the paths that are likeliest meant."""
    paths = [shown(found) for found, _ in islice(folder.walk(()), _LOOKED_AT)]
    wanted = shown(parts)
    same_name = [path for path in paths if path.rpartition("/")[2] == parts[-1]] if parts else []
    near = [*same_name, *difflib.get_close_matches(wanted, paths, n=3, cutoff=0.7)]
    names = ", ".join(dict.fromkeys(near[:4]))
    return ToolFault(
        f"there is no {wanted}" + (f"; there is: {names}" if names else "; use list_files to see what is there")
    )
