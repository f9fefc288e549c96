"""`orchestra-tui doctor`: everything a run needs, and for each thing that is missing the command that mends it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.clean import clean_line
from engine.clock import SystemClock
from engine.errors import OrchestraError, StoreFault, UnsavedWork, UserFault
from engine.git.census import WorktreeState, census, prune
from engine.git.gateway import Git, Worktree
from engine.git.repository import inspect, open_repository
from engine.git.worktrees import Worktrees
from engine.places import cache_home, config_home
from engine.sandbox.probe import probe
from engine.store.lease import holder
from engine.store.reader import LogReader
from tui.cli.findings import findings
from tui.cli.options import doctor_parser
from tui.cli.session import Session
from tui.figures import plural

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    name: str
    is_well: bool
    detail: str
    remedy: str = ""


def doctor_command(arguments: list[str]) -> int:
    """Look, print, and with --prune tidy up what holds nothing."""
    options = doctor_parser().parse_args(arguments)
    session = Session.at(options.path)
    lines = [*_repository(session), *_sandbox(), *_models(), *_log(session), *_worktrees(session, options.prune)]
    if options.json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False))
    else:
        for line in lines:
            print(f"{'✓' if line.is_well else '!'} {line.name:<18} {line.detail}")
            if line.remedy and not line.is_well:
                print(f"  {'':<18} → {line.remedy}")
    return 0 if all(line.is_well for line in lines if line.name in ("repository", "log")) else 1


def _repository(session: Session) -> Iterator[Line]:
    try:
        facts = inspect(session.places.root)
    except UserFault as fault:
        yield Line("repository", False, fault.what, fault.remedy)
        return
    branch = facts.branch or f"detached at {facts.head[:10]}"
    yield Line(
        "repository", True, f"{facts.root} on {branch}, {facts.tracked_count} files, {facts.dirty_count} changed"
    )
    for note in facts.notes:
        yield Line("note", True, clean_line(note))
    yield Line("state", True, str(session.places.home))
    yield Line("configuration", True, str(config_home()))
    yield Line("cache", True, str(cache_home()))
    yield Line("python", sys.version_info >= (3, 11), sys.version.split()[0])


def _sandbox() -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="orchestra-probe-") as scratch:
        tier = asyncio.run(probe(Path(scratch)))
    held = sum(proof.is_held for proof in tier.proofs)
    tried = f"; {held} of {len(tier.proofs)} escapes held" if tier.proofs else ""
    how = f"{tier.name}{tried}" if tier.letter == "A" else f"{tier.name}: {tier.reason}{tried}"
    yield Line(f"sandbox {tier.letter}", tier.letter == "A", how, tier.remedy)


def _models() -> Iterator[Line]:
    for found in findings():
        yield Line(found.name, found.is_there, found.detail, found.remedy)


def _log(session: Session) -> Iterator[Line]:
    if not session.store_path.exists():
        yield Line("log", True, "nothing has run here yet")
        return
    try:
        with LogReader(session.store_path) as reader:
            head = reader.verify()
            runs = sum(1 for span in reader.runs() if span.run)
    except StoreFault as fault:
        yield Line("log", False, str(fault), "Keep a copy of the file before anything else.")
        return
    lease = holder(session.store_path)
    engine = f"engine {lease.pid} is running" if lease else "no engine is running"
    size_mb = session.store_path.stat().st_size / 1e6
    yield Line(
        "log", True, f"{plural(runs, 'run')}, {plural(head.seq, 'event')}, chain holds, {size_mb:.1f} MB; {engine}"
    )


def _worktrees(session: Session, may_prune: bool) -> Iterator[Line]:
    try:
        git = open_repository(session.places.root)
    except OrchestraError:
        return
    home = session.places.home / "lanes"
    states = census(git, home, SystemClock().now())
    if may_prune:
        yield from _pruned(git, home, states, session.engine_alive())
        states = census(git, home, SystemClock().now())
    for state in states:
        yield Line(f"worktree {state.run}", not state.is_missing, _described(state), _advice(state))
    if not states:
        yield Line("worktrees", True, "none left behind")


def _pruned(git: Git, home: Path, states: list[WorktreeState], is_engine_alive: bool) -> Iterator[Line]:
    if is_engine_alive:
        yield Line("prune", False, "an engine is running; its lanes are not touched", "orchestra-tui stop")
        return
    for path in prune(git, home):
        yield Line("pruned", True, f"{path}: the folder was gone")
    for state in states:
        if state.is_removable and not state.is_missing and state.run:
            worktrees = Worktrees(git, home, state.run)
            found = worktrees.find(state.lane)
            if found:
                yield _removed(worktrees, found, state)


def _removed(worktrees: Worktrees, found: Worktree, state: WorktreeState) -> Line:
    """Put one lane away; the branch that held its commits may just have gone with the lane before it."""
    try:
        worktrees.remove(found)
    except UnsavedWork:
        return Line("kept", True, f"{state.path}: what it holds is nowhere else any more")
    return Line("pruned", True, f"{state.path}: everything in it is held by branches")


def _described(state: WorktreeState) -> str:
    facts = [f"{state.lane}, {state.age_s / DAY_S:.1f} days, {state.size_bytes / 1e6:.1f} MB"]
    facts += [f"{state.dirty_count} uncommitted paths"] if state.dirty_count else []
    facts += [f"{state.unmerged_count} unmerged commits"] if state.unmerged_count else []
    facts += ["folder is gone"] if state.is_missing else []
    facts += ["not ours any more"] if state.is_foreign or state.is_tampered else []
    return ", ".join(facts)


def _advice(state: WorktreeState) -> str:
    return "orchestra-tui doctor --prune" if state.is_missing else ""
