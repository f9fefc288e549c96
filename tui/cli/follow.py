"""Follow a run on a plain terminal: one line an event, or one JSON object an event, and answers by the keyboard."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TextIO

import msgspec

from engine import events as e
from engine.clean import clean, clean_line
from engine.codec import decode
from engine.errors import OrchestraError, UserFault
from engine.evolve import evolve
from engine.graph import last_words
from engine.state import Approval, Run, Task
from engine.store.reader import LogReader
from engine.store.rows import EventRow
from engine.words import RunId, RunOutcome, RunStatus, TaskState
from tui.cli.session import Session
from tui.facts import fact_of

JSON_VERSION = 1
"""Grows when a field of the JSON lines changes its meaning; new fields and kinds do not count."""
POLL_S = 0.05
FILE_LINES = 16
"""How much of a file that a run wrote is printed at its end."""

_QUIET = (
    e.TaskAdded | e.TaskMoved | e.ContextMeasured | e.TurnStarted | e.TurnQueued | e.SteerDelivered | e.LaneOpened
    | e.LaneReaped | e.LandIntended | e.ApprovalWithdrawn | e.TaskUnverified
)  # fmt: skip
"""Kinds that say nothing new on a plain terminal; JSON has them all."""

Show = Callable[[EventRow, e.AnyEvent | None], None]


def follow(session: Session, run: str, show: Show, is_attended: bool = False) -> Run:
    """Print a run's events as they come, until its last one.

    In:      whether a person sits here and may be asked.
    Out:     the run as it ended.
    Raises:  OrchestraError when the engine is gone and the run is not over.
    """
    with LogReader(session.store_path) as reader:
        state, seen, quiet_since = Run(RunId(run)), 0, time.monotonic()
        while True:
            for row in reader.events(run, seen):
                event = decode(row.kind, row.payload)
                show(row, event)
                seen = row.seq
                if event is not None:
                    state = evolve(state, event, row.at)
                quiet_since = time.monotonic()
                if state.is_over:
                    return state
            if is_attended and (asked := state.open_approvals()):
                answer(session, state, asked[0])
            if time.monotonic() - quiet_since > 1.0:
                _refuse_dead(session, run)
                quiet_since = time.monotonic()
            time.sleep(POLL_S)


def _refuse_dead(session: Session, run: str) -> None:
    if not session.engine_alive():
        raise OrchestraError(f"The engine is gone. Nothing is lost: orchestra-tui resume {run}")


def json_line(row: EventRow) -> str:
    """One event as the stable JSON of this program: v, seq, run, at, and the event's own kind and fields."""
    fields: dict[str, Any] = msgspec.json.decode(row.payload)
    kind = fields.pop("kind", row.kind)
    line = {"v": JSON_VERSION, "seq": row.seq, "run": row.run, "at": row.at, "kind": kind, **fields}
    return _FOREIGN.sub(_escaped, msgspec.json.encode(line).decode())


_FOREIGN = re.compile(r"[^\x20-\x7e]")


def _escaped(found: re.Match[str]) -> str:
    """A character as it is when it is safe to see, else as JSON writes it in ASCII: the reader gets the same text."""
    return found[0] if clean(found[0]) == found[0] else json.dumps(found[0])[1:-1]


def show_json(out: TextIO) -> Show:
    """Print each event as a JSON line."""

    def show(row: EventRow, _event: e.AnyEvent | None) -> None:
        out.write(json_line(row) + "\n")
        out.flush()

    return show


def show_plain(out: TextIO, task: str = "") -> Show:
    """Print each event that tells something as a line; only one task's when named."""

    def show(row: EventRow, event: e.AnyEvent | None) -> None:
        if event is None or isinstance(event, _QUIET):
            return
        fact = fact_of(row.seq, row.at, event)
        if not task or fact.task == task:
            stamp = time.strftime("%H:%M:%S", time.localtime(row.at))
            notes = event.notes if isinstance(event, e.RunStarted) else ()
            lines = (f"{stamp}  {fact.task:<18.18}  {fact.text}", *(f"{'':30}{clean_line(note)}" for note in notes))
            out.write("\n".join(lines) + "\n")
            out.flush()

    return show


def closing_lines(run: Run, can_land: bool = True) -> Iterator[str]:
    """What a person wants to know when a run is over: clean lines."""
    yield from map(clean, _closing(run))
    if can_land and run.head != run.base_commit:
        yield from map(clean, _way_on(run))


def _closing(run: Run) -> Iterator[str]:
    yield ""
    word = run.outcome or RunOutcome.CANCELLED
    yield f"{run.run} {word}: {run.reason}"
    for task in (*run.work_tasks(), *_others_that_failed(run)):
        proof = f"{task.proof_word}: {task.proof or 'no check proves it'}"
        yield f"  {task.state:<9} {task.spec.task:<18} {proof if task.landed or task.is_proven else task.reason}"
    for task in last_words(run):
        yield ""
        yield from _shown(run, task)


def _way_on(run: Run) -> Iterator[str]:
    yield ""
    yield f"The result is on branch {run.branch}; yours is untouched. Look: git diff ...{run.branch}"
    consent = "" if run.outcome is RunOutcome.PROVEN else " --yes"
    yield f"Take it: orchestra-tui land {run.run}{consent}"


def _others_that_failed(run: Run) -> Iterator[Task]:
    """Texts, plans and commands that failed: whatever was skipped was skipped for one of them."""
    mine = {task.spec.task for task in run.work_tasks()}
    for task in run.tasks.values():
        if task.state is TaskState.FAILED and task.spec.task not in mine and not task.spec.about:
            yield task


def _shown(run: Run, task: Task) -> Iterator[str]:
    """A text result; of one that became a file its place and its first lines."""
    lines = clean(task.output).strip().splitlines()
    if not (task.spec.writes and task.landed):
        yield from lines
        return
    path = clean_line(task.spec.writes)
    yield f"{path} on branch {run.branch}, {len(lines)} lines:"
    yield from (f"  {line}".rstrip() for line in lines[:FILE_LINES])
    if len(lines) > FILE_LINES:
        yield f"  … the whole of it: git show {run.branch}:{path}"


def exit_code(run: Run) -> int:
    """The command's exit code for a run that is over."""
    if run.status is RunStatus.CANCELLED:
        return 1
    return 0 if run.outcome in (RunOutcome.PROVEN, RunOutcome.CLAIMED) else 1


def answer(session: Session, run: Run, asked: Approval) -> None:
    """Ask the person on the plain terminal and send what they say."""
    print(f"\n{clean_line(asked.title)}\n  {clean_line(asked.why)}")
    for line in clean(asked.body).splitlines()[:40]:
        print(f"  | {line}")
    if asked.reach:
        print(f"  {clean_line(asked.reach)}")
    options = [option for option in asked.options if option != "edit"]
    chosen = ""
    while chosen not in options:
        print(f"  [{' / '.join(options)}] (default {asked.default}): ", end="", flush=True)
        typed = sys.stdin.readline()
        if not typed:
            raise UserFault(
                "Nobody answers here.", remedy=f"Use --yes, or the dashboard: orchestra-tui --run {run.run}"
            )
        chosen = _matching(typed.strip() or asked.default, options)
    words = _words() if chosen in ("reject", "retry", "reassign", "climb") else ""
    with suppress(UserFault):
        receipt = session.ask(run.run, "answer", {"approval": asked.approval, "answer": chosen, "words": words})
        print(f"  {clean_line(receipt)}")


def _matching(typed: str, options: list[str]) -> str:
    return next((option for option in options if option == typed or (len(typed) == 1 and option[0] == typed)), "")


def _words() -> str:
    print("  in words: ", end="", flush=True)
    return sys.stdin.readline().strip()
