"""`orchestra-tui rules`: what every diff is held against, where each rule is written, and a check by hand."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from agents.rule_file import FOLDER, effective_rules
from engine.clean import clean_line
from engine.conformance.breaches import broken_rules
from engine.conformance.rule import BrokenRule, Changed, Rule
from engine.errors import GitFault, UserFault
from engine.git.additions import additions
from engine.git.gateway import Git
from engine.git.repository import open_repository
from engine.git.working import working_changes
from engine.places import config_home
from tui.cli.options import Parser

WORKING = "working"


def rules_parser() -> argparse.ArgumentParser:
    """`orchestra-tui rules`."""
    parser = Parser(
        prog="orchestra-tui rules",
        description="The rules that the engine holds every diff against: naming, forbidden imports and calls,\n"
        "headers, lengths, docstrings, paths, tests. A diff that breaks one goes back to its author by itself.\n"
        f"They are written in {FOLDER}/*.yaml and in ```rules blocks of {FOLDER}/*.md, and count as committed.",
        epilog="examples:\n"
        "  orchestra-tui rules                        all rules, with file and line\n"
        "  orchestra-tui rules --check                what you have changed since the last commit\n"
        "  orchestra-tui rules --check main..feature  a branch\n\n"
        "exit codes:\n"
        "  0    nothing is broken\n"
        "  1    a rule is broken\n"
        "  2    a file of rules is malformed (file and line are said), or there is no such commit\n",
    )
    parser.add_argument("--path", "-C", type=Path, default=Path(), help="a folder in the repository (default: here)")
    parser.add_argument(
        "--check", nargs="?", const=WORKING, default="", metavar="REV..REV", help="hold a diff against the rules"
    )
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def rules_command(arguments: list[str]) -> int:
    """List the rules, or hold a diff against them.

    Out:    0 when nothing is broken, 1 when something is.
    Raises: UserFault, DefinitionFault.
    """
    options = rules_parser().parse_args(arguments)
    git = open_repository(options.path)
    if options.check:
        return _check(git, options.check, options.json)
    rules = effective_rules(git, "HEAD")
    if options.json:
        print(json.dumps([_fields(one) for one in rules], ensure_ascii=False))
        return 0
    for one in rules:
        print(f"{clean_line(one.name, 20):<20} {clean_line(one.sentence, 200)}")
        print(f"{'':<20} {one.demand}, {clean_line(one.origin)}")
    if not rules:
        print(f"No rules are checked here. Write some to {FOLDER}/NAME.yaml and commit them,")
        print(f"or to {config_home() / 'rules'}/NAME.yaml for all your repositories.")
    return 0


def _check(git: Git, revisions: str, as_json: bool) -> int:
    rules, changes = _asked(git, revisions)
    broken = broken_rules(rules, changes)
    if as_json:
        print(json.dumps([_broken_fields(one) for one in broken], ensure_ascii=False))
    else:
        for one in broken:
            print(clean_line(str(one), 400))
        print(
            f"{_counted(len(changes), 'file')} against {_counted(len(rules), 'rule')}: {len(broken) or 'none'} broken"
        )
    return 1 if broken else 0


def _asked(git: Git, revisions: str) -> tuple[tuple[Rule, ...], tuple[Changed, ...]]:
    """The rules of the older side, so that a diff cannot loosen what it is held against; and the diff."""
    if revisions == WORKING:
        return effective_rules(git, "HEAD"), working_changes(git)
    base, dots, head = revisions.partition("..")
    if not dots:
        base, head = f"{revisions}^", revisions
    base, head = _commit(git, base or "HEAD"), _commit(git, head.lstrip(".") or "HEAD")
    fork = git.text("merge-base", base, head)
    return effective_rules(git, fork), additions(git, fork, head)


def _commit(git: Git, name: str) -> str:
    try:
        return git.text("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except GitFault as fault:
        raise UserFault(f"There is no commit {name!r} here.", "", "See them: git log --oneline") from fault


def _fields(rule: Rule) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(rule)
    return {**fields, "sentence": rule.sentence}


def _broken_fields(one: BrokenRule) -> dict[str, Any]:
    fields = {"path": one.path, "line": one.line, "text": one.text}
    return {**fields, "rule": one.rule.name, "says": one.rule.sentence, "origin": one.rule.origin}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
