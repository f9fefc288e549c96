"""One run of each pattern in docs/patterns: what the models say, what the person answers, how it must end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.words import CheckSpec, RunOutcome
from tests.e2e.flows.shipped import FAR, plan, reads, says, shown, verdict, writes
from tests.e2e.flows.stage import Scene
from tests.e2e.world import call, entry

FOLDER = Path(__file__).parents[3] / "docs" / "patterns"
FILES: dict[str, str | bytes] = {"README.md": "# Parts\n", "parts/one": "todo\n", "parts/two": "todo\n"}
CHECK = CheckSpec("test -d parts")
PROVEN = RunOutcome.PROVEN


def pattern(name: str, *entries: Mapping[str, Any], **told: Any) -> Scene:
    """The scene of a pattern's file."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return Scene(
        text, told.pop("goal", "the parts"), entries, told.pop("files", FILES), told.pop("check", CHECK), **told
    )


def part(name: str, text: str = "done\n") -> list[dict[str, Any]]:
    """The turns that write a part."""
    return writes(f"parts/{name}", text)


LATER = {"first_delay_s": 0.5}
SUMMARY = entry("summariser", {"text": "All is done."})
TWO_PARTS = plan(
    {"id": "one", "agent": "coder", "goal": "write parts/one", "scope": ["parts/one"]},
    {"id": "two", "agent": "coder", "goal": "write parts/two", "scope": ["parts/two"]},
)
TWO_CODERS = (entry("coder", *part("one"), task="one"), entry("coder", *part("two"), task="two"))
BOTH = {"parts/one": "done\n", "parts/two": "done\n"}
LEVELS = plan(
    {"id": "a", "agent": "coder", "goal": "a", "scope": ["parts/a"]},
    {"id": "b", "agent": "coder", "goal": "b", "scope": ["parts/b"]},
    {"id": "c", "agent": "coder", "goal": "c", "scope": ["parts/c"], "needs": ["a", "b"]},
    {"id": "d", "agent": "coder", "goal": "d", "scope": ["parts/d"], "needs": ["c"]},
)

PATTERNS: Mapping[str, Scene] = {
    "chaining": pattern(
        "chaining", entry("researcher", reads("README.md"), {"text": "README.md:1 names parts."}),
        entry("writer", says("The parts are two.")), entry("summariser", {"text": "Two parts"}),
        tasks=3, final={"text.md": "Two parts\n"}, order=(("outline", "draft"), ("draft", "title")), check=None,
    ),
    "routing": pattern(
        "routing", entry("triage", says("It fails.", kind="bug")), entry("debugger", *part("one")), SUMMARY,
        tasks=4, states={"answer": "skipped"}, final={"parts/one": "done\n"}, outcome=PROVEN,
        order=(("triage", "fix"), ("fix", "close")),
    ),
    "sectioning": pattern(
        "sectioning", entry("analyst", says("two", files=["parts/one", "parts/two", "parts/one"])),
        entry("coder", *part("one"), task="work-1"), entry("coder", *part("two"), task="work-2"), SUMMARY,
        tasks=4, final=BOTH, outcome=PROVEN, order=(("list", "work-1"), ("list", "work-2"), ("work-2", "summary")),
    ),
    "voting": pattern(
        "voting", entry("judge", says("yes", answer="agree"), task="vote-1"),
        entry("judge", {"text": "hm", **FAR}, task="vote-2"), entry("judge", says("yes", answer="agree"),
              task="vote-3"),
        SUMMARY, tasks=5, states={"vote-2": "skipped"}, order=(("vote-3", "minutes"), ("vote", "minutes")),
    ),
    "orchestrator-workers": pattern(
        "orchestrator-workers", entry("planner", TWO_PARTS), *TWO_CODERS, SUMMARY,
        tasks=4, final=BOTH, outcome=PROVEN, order=(("plan", "one"), ("one", "summary"), ("two", "summary")),
    ),
    "evaluator-optimizer": pattern(
        "evaluator-optimizer", entry("writer", says("There are three."), task="write", attempt=1),
        entry("writer", says("There are two."), task="write", attempt=2),
        entry("editor", verdict(False, "there are two"), task="write.critic1"),
        entry("editor", verdict(True, "so it is"), task="write.critic2"),
        tasks=3, final={"text.md": "There are two.\n"}, check=None,
    ),
    "handoff": pattern(
        "handoff", entry("helpdesk", call("hand_off", to="billing", reason="money", carried="A-17, paid twice")),
        entry("billing", call("hand_off", to="writer", reason="words", carried="A-17 was paid once")),
        entry("writer", says("You paid once.")), tasks=1, check=None,
    ),
    "planner-executor-judge": pattern(
        "planner-executor-judge", entry("planner", TWO_PARTS), *TWO_CODERS,
        entry("judge", says("parts/two is short.", reached="missed")), answers={"gate": "allow"}, asked=("gate",),
        tasks=5, final=BOTH, outcome=PROVEN, order=(("one", "judge"), ("two", "judge")),
    ),
    "no-barrier-review": pattern(
        "no-barrier-review",
        *(entry("coder", part(name)[0] | {"first_delay_s": 0.02 * number}, part(name)[1], task=f"work-{number}")
          for number, name in enumerate(("north", "east", "south", "west"), 1)),
        entry("reviewer", verdict(True, "as asked")), tasks=8, outcome=PROVEN,
        final={f"parts/{name}": "done\n" for name in ("north", "east", "south", "west")},
    ),
    "two-watchers": pattern(
        "two-watchers", entry("coder", *part("one")), entry("reviewer", verdict(True, "right")),
        entry("editor", verdict(False, "unclear"), task="work.jury1-1"),
        entry("editor", verdict(True, "clear") | LATER, task="work.jury1-2"),
        entry("editor", verdict(True, "clear") | LATER, task="work.jury1-3"),
        tasks=5, final={"parts/one": "done\n"}, outcome=PROVEN,
    ),
    "person-gate": pattern(
        "person-gate", entry("writer", says("Out now."), task="draft"), entry("writer", says("Out now."),
              task="publish"),
        answers={"gate": "allow"}, asked=("gate",), tasks=3, final={"text.md": "Out now.\n"}, check=None,
        order=(("draft", "publish"), ("ship", "publish")),
    ),
    "measure": pattern(
        "measure", entry("coder", call("write_file", path="parts/one", content="done\n"), *part("two")), SUMMARY,
        tasks=4, states={"nothing": "skipped"}, final=BOTH, outcome=PROVEN, order=(("count", "work"), ("work",
              "again")),
    ),
    "waves": pattern(
        "waves", entry("planner", LEVELS), *(entry("coder", *part(name), task=name) for name in "abcd"),
        answers={"plan": "accept"}, asked=("plan",), tasks=5, final={f"parts/{name}": "done\n" for name in "abcd"},
        order=(("a", "c"), ("b", "c"), ("c", "d")), outcome=PROVEN,
    ),
    "sceptic": pattern(
        "sceptic", entry("researcher", says("There is one part.", claims=shown("parts/one", 1, "todo")), task="answer"),
        entry("sceptic", verdict(False, "there are two", "parts/two", 1, "todo")),
        answers={"stuck": "accept"}, asked=("stuck",), check=None, tasks=3,
    ),
}  # fmt: skip
