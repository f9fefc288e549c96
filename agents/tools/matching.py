"""The search itself, run as a child process: a regular expression that never ends can be killed there, not here.

    python -I -S -c BOOT PACKAGE_ROOT REQUEST

Prints one JSON value a line: a hit as `[path, line, text]`, at the end what was looked at as an object. Only the
standard library and modules of ours that need nothing else.
"""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agents.tools.folder import Folder
from agents.tools.place import Parts, shown
from agents.tools.textfile import is_binary
from engine.errors import ToolFault
from engine.sandbox.scope import is_match

FILE_LIMIT_BYTES = 4 << 20
LINE_LIMIT = 4_000
"""Only so much of a line is searched: a minified file is not worth an exponential match."""
TEXT_LIMIT = 300
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from agents.tools.matching import main; main(sys.argv[2])"


def main(request_text: str) -> None:
    """Search as asked and print what is found as soon as it is found."""
    request = json.loads(request_text)
    try:
        is_hit = _matcher(request)
    except re.error as error:
        _say({"fault": f"not a regular expression: {error}; to find the text as it is, leave regex out"})
        return
    try:
        _search(request, is_hit)
    except ToolFault as fault:
        _say({"fault": fault.reason})


def _search(request: dict[str, Any], is_hit: Callable[[str], object]) -> None:
    files = hits = 0
    with Folder(Path(request["root"])) as folder:
        for parts, content in _files(folder, tuple(request["parts"]), request["glob"]):
            files += 1
            for hit in _hits(content, is_hit):
                _say([shown(parts), *hit])
                hits += 1
                if hits >= request["limit"]:
                    _say({"files": files, "is_complete": False})
                    return
    _say({"files": files, "is_complete": True})


def _matcher(request: dict[str, Any]) -> Callable[[str], object]:
    flags = re.IGNORECASE if request["ignore_case"] else 0
    pattern = request["query"] if request["regex"] else re.escape(request["query"])
    return re.compile(pattern, flags).search


def _files(folder: Folder, parts: Parts, glob: str) -> Iterator[tuple[Parts, bytes]]:
    start = folder.stat(parts)
    if start is not None and not stat.S_ISDIR(start.st_mode):
        yield parts, folder.read(parts, FILE_LIMIT_BYTES)
        return
    for found, status in folder.walk(parts):
        is_file = stat.S_ISREG(status.st_mode) and status.st_size <= FILE_LIMIT_BYTES
        if is_file and (not glob or is_match(shown(found), glob)):
            content = _content(folder, found)
            if not is_binary(content):
                yield found, content


def _content(folder: Folder, parts: Parts) -> bytes:
    """A file that vanished or became something else meanwhile is as good as empty."""
    try:
        return folder.read(parts, FILE_LIMIT_BYTES)
    except (OSError, ToolFault):
        return b""


def _hits(content: bytes, is_hit: Callable[[str], object]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        if is_hit(line[:LINE_LIMIT].rstrip("\r")):
            yield number, line[:TEXT_LIMIT].rstrip()


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
