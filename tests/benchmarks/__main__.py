"""Run every benchmark of this folder and print one table: `python -m tests.benchmarks [--markdown] [NAME …]`.

A benchmark is a file `bench_*.py`; each prints its lines on its own (`python -m tests.benchmarks.bench_store`), those
without a `main` through pytest. They run one after the other, each in a process of its own, so that none measures
what another left behind. Ratios to a floor of the same run are what counts: the machine moves the rest.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
FIGURES = re.compile(r"\s{2,}")
"""Between the columns of a benchmark's line."""
NUMBER = re.compile(r"\d")


def found(names: list[str]) -> list[Path]:
    """The benchmarks with these names, all when there are none."""
    return [
        path for path in sorted(FOLDER.glob("bench_*.py")) if not names or path.stem.removeprefix("bench_") in names
    ]


def command(path: Path) -> list[str]:
    """How a benchmark is run."""
    if "\ndef main()" in path.read_text(encoding="utf-8"):
        return [sys.executable, "-m", f"tests.benchmarks.{path.stem}"]
    return [sys.executable, "-m", "pytest", "-q", "-m", "benchmark", "--no-header", "-p", "no:cacheprovider", str(path)]


def lines_of(path: Path) -> Iterator[str]:
    """What a benchmark prints, as far as it is a measurement; its failure is a line too."""
    done = subprocess.run(command(path), cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line.strip() for line in done.stdout.splitlines()]
    yield from (line for line in said if NUMBER.search(line) and not line.startswith(("FAILED", ".", "=")))
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        yield f"did not pass  {''.join(last)}"


def markdown_row(line: str) -> str:
    """A line as a row of a Markdown table: what was measured, then what came of it."""
    what, *figures = FIGURES.split(line)
    if not figures:
        what, _, rest = line.partition(": ")
        figures = [rest]
    return f"| {what} | {' '.join(figures)} |"


def main() -> int:
    """Run them and print; 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="e.g. store, worktrees; all of them by default")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    options = parser.parse_args()
    has_failed = False
    if options.markdown:
        print("| measured | result |\n|---|---|", flush=True)
    for path in found(options.names):
        if not options.markdown:
            print(f"\n{path.stem.removeprefix('bench_')}", flush=True)
        for line in lines_of(path):
            has_failed = has_failed or line.startswith("did not pass")
            print(markdown_row(line) if options.markdown else f"  {line}", flush=True)
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main())
