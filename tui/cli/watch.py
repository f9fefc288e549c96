"""`orchestra-tui watch`: start flows on changed files, new commits, or a brief dropped into a folder."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.document import read_text
from agents.trigger_file import (
    REPOSITORY_FILE,
    inbox_trigger,
    parse_triggers,
    read_brief,
    read_triggers,
    repository_file,
)
from agents.trust import digest_of
from engine.clean import clean_line
from engine.clock import SystemClock
from engine.codec import decode
from engine.errors import GitFault, OrchestraError, StoreMissing, UserFault
from engine.events import ApprovalAsked, RunCancelled, RunFinished
from engine.git.gateway import Git
from engine.git.repository import open_repository
from engine.store.commands import send
from engine.store.reader import LogReader
from engine.store.rows import CommandRow
from engine.threads import in_thread
from engine.triggers.looking import Looker
from engine.triggers.seen import Seen, watching
from engine.triggers.trigger import Cause, Trigger, Wanted, command_id
from engine.triggers.watch import POLL_S, Happening, Watch
from tui.cli.amounts import seconds
from tui.cli.observing import observed
from tui.cli.options import Parser, add_run_options
from tui.cli.roster import decisions
from tui.cli.session import Session
from tui.cli.wish import start_wish

JSON_VERSION = 1
MOST_REFUSALS = 50
_TELLING = (RunFinished.__name__, RunCancelled.__name__, ApprovalAsked.__name__)
PAUSED_POLL_S = 5.0
"""How often to look where the system tells nothing."""


def watch_parser() -> argparse.ArgumentParser:
    """`orchestra-tui watch`."""
    parser = Parser(
        prog="orchestra-tui watch",
        description="Start flows by themselves: on changed files, on new commits, on a brief dropped into a folder.\n"
        "One run at a time for each; what happens meanwhile makes one more. The same content starts nothing twice,\n"
        "also after a restart. What runs of yours wrote starts nothing. Runs begin from the last commit, as always.\n"
        f"Without flags it takes what {REPOSITORY_FILE} (once trusted) and your own triggers.yaml declare.",
        epilog="examples:\n"
        '  orchestra-tui watch --on-change "src/**" --flow docs-sync --goal "Bring the docs in line"\n'
        '  orchestra-tui watch --on-commit --flow review --goal "Review the new commits" --yes\n'
        "  orchestra-tui watch --inbox ~/briefs --check 'pytest -q'\n"
        "  orchestra-tui watch --once --json        take what is there, and leave\n\n"
        "exit codes:\n"
        "  0    left after --once\n"
        "  2    nothing to watch, or a file of triggers is malformed\n"
        "  130  interrupted; runs go on, or can be resumed\n",
    )
    parser.add_argument("--path", "-C", type=Path, default=Path(), help="a folder in the repository (default: here)")
    what = parser.add_argument_group("what is watched")
    what.add_argument("--on-change", action="append", default=[], metavar="GLOB", help="files of the checkout")
    what.add_argument(
        "--on-commit", nargs="?", const="", default=None, metavar="BRANCH", help="new commits (default: of HEAD)"
    )
    what.add_argument("--inbox", type=Path, default=None, metavar="DIR", help="Markdown briefs dropped there")
    what.add_argument("--goal", default="", help="what is to be done, for --on-change and --on-commit")
    what.add_argument("--quiet", type=seconds, default=2.0, metavar="TIME", help="look after so long without a change")
    what.add_argument("--longest", type=seconds, default=30.0, metavar="TIME", help="and at the latest after so long")
    what.add_argument("--poll", type=seconds, default=POLL_S, metavar="TIME", help="look also when nothing was told")
    parser.add_argument("--once", action="store_true", help="take what is there, wait until it is over, and leave")
    parser.add_argument("--trust", action="store_true", help=f"trust {REPOSITORY_FILE} as it is now, and leave")
    parser.add_argument("--json", action="store_true", help="JSON lines")
    parser.add_argument(
        "--yes", action="store_true", help="nobody is here: runs take the safe default for all questions"
    )
    add_run_options(parser)
    return parser


def watch_command(arguments: list[str]) -> int:
    """Watch until interrupted, or once.

    Raises: UserFault, DefinitionFault when there is nothing to watch or a declaration cannot be used.
    """
    options = watch_parser().parse_args(arguments)
    session = Session.at(options.path)
    session.refuse_unusable()
    if options.trust:
        return _trust(session)
    git = open_repository(session.places.root)
    triggers, notes = _triggers(options, session)
    say = _json_sayer() if options.json else _plain_sayer()
    for words in notes:
        say(Happening("", "note", words))
    with watching(session.places.home / "watch.lock"):
        wish = {name: value for name, value in start_wish(options, "", options.yes).items() if name != "goal"}
        seen = Seen(session.places.home / "triggers.json")
        starter = SessionStarter(session, say)
        clock = SystemClock()
        watch = Watch(triggers, Looker(git), seen, starter, read_brief, wish, clock, say)
        if options.once:
            asyncio.run(watch.once())
        else:
            _for_ever(watch, git, triggers, options.poll, say)
    return 0


def _for_ever(
    watch: Watch, git: Git, triggers: tuple[Trigger, ...], poll_s: float, say: Callable[[Happening], None]
) -> None:
    with observed(git, triggers, watch.wakes) as trouble:
        if trouble:
            poll_s = min(poll_s, PAUSED_POLL_S)
            say(Happening("", "note", f"{trouble}: looking every {poll_s:g} s instead"))
        for trigger in triggers:
            say(Happening(trigger.name, "watching", _described(trigger)))
        asyncio.run(watch.for_ever(poll_s))


def _triggers(options: argparse.Namespace, session: Session) -> tuple[tuple[Trigger, ...], tuple[str, ...]]:
    """What flags name; without any, what files declare; and what a person should know."""
    named = tuple(_named(options, session.places.root))
    declared = read_triggers(session.places.root, decisions(session).trusted)
    notes = (declared.reason,) if declared.reason else ()
    triggers = named or declared.triggers
    if not triggers:
        remedy = "Name it with --on-change, --on-commit or --inbox; see orchestra-tui watch --help."
        raise UserFault(" ".join((*notes, "There is nothing to watch.")), "Nothing was started.", remedy)
    return triggers, () if named else notes


def _named(options: argparse.Namespace, root: Path) -> list[Trigger]:
    found: list[Trigger] = []
    wanted = Wanted(options.goal.strip())
    times = (options.quiet, max(options.longest, options.quiet))
    if options.on_change:
        found.append(Trigger("on-change", Cause.CHANGE, wanted, tuple(options.on_change), "", None, False, *times))
    if options.on_commit is not None:
        _refuse_unknown_branch(root, options.on_commit)
        found.append(Trigger("on-commit", Cause.COMMIT, wanted, (), options.on_commit, None, False, *times))
    if found and not wanted.goal:
        raise UserFault("A run needs a goal.", "Nothing was started.", 'Say it with --goal "…".')
    if options.inbox is not None:
        if not options.inbox.expanduser().is_dir():
            remedy = f"Make it first: mkdir -p {options.inbox}"
            raise UserFault(f"There is no folder {options.inbox}.", "Nothing was started.", remedy)
        found.append(inbox_trigger("inbox", options.inbox, Wanted(), root, "--inbox"))
    return found


def _refuse_unknown_branch(root: Path, name: str) -> None:
    try:
        open_repository(root).text("rev-parse", "--verify", "--end-of-options", f"{name or 'HEAD'}^{{commit}}")
    except GitFault as fault:
        raise UserFault(f"There is no branch {name!r} here.", "Nothing was started.", "See them: git branch") from fault


def _described(trigger: Trigger) -> str:
    if trigger.cause is Cause.CHANGE:
        return f"files {', '.join(trigger.globs)}"
    if trigger.cause is Cause.COMMIT:
        return f"commits of {trigger.branch or 'the branch that is checked out'}"
    return f"briefs in {trigger.folder}"


def _trust(session: Session) -> int:
    path = repository_file(session.places.root)
    place = REPOSITORY_FILE.as_posix()
    if path is None:
        raise UserFault(f"There is no {place} here.", remedy="Write one; see orchestra-tui watch --help.")
    text = read_text(path)
    parse_triggers(text, path, session.places.root, is_theirs=True)
    session.trust(place, digest_of(text))
    return 0


@dataclass(slots=True)
class SessionStarter:
    """Starts runs through a session; implements `engine.triggers.trigger.Starter`."""

    session: Session
    say: Callable[[Happening], None]
    _read_to: dict[str, int] = field(default_factory=dict)
    """The last event of each run that was read."""

    async def start(self, key: str, content: str, wish: Mapping[str, Any]) -> tuple[str, bool]:
        """Wish for a run, once for this trigger and content."""
        return await in_thread(self._start, key, content, wish)

    def _start(self, key: str, content: str, wish: Mapping[str, Any]) -> tuple[str, bool]:
        for again in range(MOST_REFUSALS):
            command = command_id(key, content, again)
            row = self._status(command)
            if row is not None and row.status == "acknowledged":
                return row.receipt, False
            if row is None or row.status != "refused":
                payload = {**wish, "root": str(self.session.places.root)}
                self.session.ensure_engine()
                send(self.session.store_path, "", "start", payload, SystemClock(), command)
                return self._receipt(command), True
        raise UserFault(f"The engine refused this {MOST_REFUSALS} times.", remedy="See orchestra-tui doctor.")

    def _receipt(self, command: str) -> str:
        try:
            return self.session.receipt(command)
        except UserFault as fault:
            row = self._status(command)
            if row is not None and row.status == "refused":
                raise
            # Nobody said no: the wish waits in the log, and asking again finds it there.
            raise OrchestraError(str(fault)) from fault

    def _status(self, command: str) -> CommandRow | None:
        with suppress(StoreMissing):
            return self.session.status(command)
        return None

    async def outcome(self, run: str) -> str:
        """How a run ended; empty while it is played. An engine that is gone is started again for it."""
        return await in_thread(self._outcome, run)

    def _outcome(self, run: str) -> str:
        try:
            with LogReader(self.session.store_path) as reader:
                rows = reader.events(run, self._read_to.get(run, 0))
        except StoreMissing:
            return "lost: there is no log any more"
        for row in rows:
            self._read_to[run] = row.seq
            event = decode(row.kind, row.payload) if row.kind in _TELLING else None
            if isinstance(event, RunFinished):
                return f"{event.outcome}: {event.reason}"
            if isinstance(event, RunCancelled):
                return "cancelled"
            if isinstance(event, ApprovalAsked):
                # Nobody sits at this terminal: whoever does is asked in the dashboard.
                self.say(Happening("", "asks", clean_line(f"{event.title} (answer in the dashboard)", 300), run))
        if not self.session.engine_alive():
            self.session.send(run, "resume", {})
        return ""


def _plain_sayer() -> Callable[[Happening], None]:
    def say(one: Happening) -> None:
        words = " ".join(part for part in (one.run, one.what if one.what != "note" else "", one.words) if part)
        print(f"{clean_line(one.trigger or 'watch', 20):<20} {words}", flush=True)

    return say


def _json_sayer() -> Callable[[Happening], None]:
    clock = SystemClock()

    def say(one: Happening) -> None:
        line = {"v": JSON_VERSION, "at": clock.now(), "trigger": one.trigger, "what": one.what, "run": one.run}
        sys.stdout.write(json.dumps({**line, "words": one.words}, ensure_ascii=True) + "\n")
        sys.stdout.flush()

    return say
