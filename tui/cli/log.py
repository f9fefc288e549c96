"""`orchestra-tui log` and `stop`: what happened, and the end of it."""

from __future__ import annotations

import sys
import time

from engine.codec import decode
from engine.errors import LogTampered, StoreFault, UserFault
from engine.evolve import fold
from engine.journal import history_of
from engine.state import Run
from engine.store.reader import LogReader
from engine.store.rows import LeaseRow
from engine.words import RunId
from tui.cli.follow import follow, json_line, show_json, show_plain
from tui.cli.options import log_parser, stop_parser
from tui.cli.session import Session
from tui.playing import is_played


def log_command(arguments: list[str]) -> int:
    """Print events, runs, or whether the chain holds."""
    options = log_parser().parse_args(arguments)
    session = Session.at(options.path)
    if not session.store_path.exists():
        raise UserFault("Nothing has run in this repository yet.", remedy="Start with: orchestra-tui")
    if options.verify:
        return _verify(session)
    if options.runs:
        return _list(session, options.json)
    run = options.run or _newest(session)
    if options.follow:
        follow(session, run, show_json(sys.stdout) if options.json else show_plain(sys.stdout, options.task))
        return 0
    show = show_plain(sys.stdout, options.task)
    with LogReader(session.store_path) as reader:
        rows = reader.events(run)
    if not rows:
        raise UserFault(f"There is no run {run}.", remedy="See them: orchestra-tui log --runs")
    for row in rows:
        if options.json:
            print(json_line(row))
        else:
            show(row, decode(row.kind, row.payload))
    return 0


def stop_command(arguments: list[str]) -> int:
    """Stop the engine, or end a run for good."""
    options = stop_parser().parse_args(arguments)
    session = Session.at(options.path)
    if options.cancel:
        print(session.ask(options.cancel, "cancel_run", {}))
    elif session.engine_alive():
        print(session.ask("", "stop_engine", {}))
    else:
        print("No engine is running here.")
    return 0


def runs_of(session: Session) -> list[Run]:
    """Every run of the repository as it is now, oldest first.

    Raises: UserFault when nothing has run yet.
    """
    if not session.store_path.exists():
        raise UserFault("Nothing has run in this repository yet.", remedy="Start with: orchestra-tui")
    with LogReader(session.store_path) as reader:
        spans = [span for span in reader.runs() if span.run]
        return [fold(RunId(span.run), history_of(reader.history(span.run))) for span in spans]


def _newest(session: Session) -> str:
    runs = runs_of(session)
    if not runs:
        raise UserFault("Nothing has run in this repository yet.", remedy="Start with: orchestra-tui")
    return runs[-1].run


def _list(session: Session, as_json: bool) -> int:
    import msgspec

    is_alive, lease = session.engine_alive(), _lease(session)
    stopped: list[str] = []
    for run in runs_of(session):
        is_stopped = not run.is_over and not (is_alive and is_played(lease, run.at))
        stopped += [run.run] if is_stopped else []
        done = sum(task.state == "done" for task in run.tasks.values())
        fields = {
            "run": run.run,
            "status": run.status,
            "is_stopped": is_stopped,
            "outcome": run.outcome,
            "goal": run.goal,
            "flow": run.flow.name,
            "tasks": len(run.tasks),
            "done": done,
            "started_at": run.started_at,
            "branch": run.branch if run.head != run.base_commit else "",
        }
        if as_json:
            print(msgspec.json.encode(fields).decode())
        else:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started_at))
            state = "stopped" if is_stopped else run.outcome or run.status
            print(f"{run.run:<5} {when}  {state:<9}  {done}/{len(run.tasks):<3} {run.flow.name:<7} {run.goal[:70]}")
    if stopped and not as_json:
        print(f"\nGo on with a stopped run: orchestra-tui resume {stopped[-1]}")
    return 0


def _lease(session: Session) -> LeaseRow | None:
    with LogReader(session.store_path) as reader:
        return reader.lease()


def _verify(session: Session) -> int:
    try:
        with LogReader(session.store_path) as reader:
            head = reader.verify()
    except LogTampered as fault:
        print(f"The chain breaks at event {fault.seq}: {fault.reason}", file=sys.stderr)
        return 1
    except StoreFault as fault:
        print(str(fault), file=sys.stderr)
        return 3
    print(f"The chain of {head.seq} events holds; its head is {head.hash.hex()[:16]}")
    return 0
