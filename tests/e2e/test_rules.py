"""A rule of the repository sends work back by itself: with path, line and its own words; no agent can loosen it."""

from __future__ import annotations

import json

from engine.words import RunOutcome
from tests.e2e import scenes
from tests.e2e.world import World, call, entry, script, task

RULES = """\
# How we write

Kindly.

```rules
rules:
  - name: http
    says: HTTP goes through httpx
    paths: ["parts/**"]
    forbid_imports: [requests]
```
"""
LOOSE = "rules: []\n"


def writes(text: str, path: str = "parts/one.py") -> dict[str, object]:
    return call("write_file", "I write it.", path=path, content=text)


def test_a_diff_with_a_forbidden_import_is_sent_back_and_the_second_attempt_passes(world: World) -> None:
    words = scenes.set_up(world, ("one",), files={**scenes.FILES, ".orchestra/rules/style.md": RULES})
    plan = {"tasks": [{"id": "one", "goal": "write parts/one.py", "scope": ["parts/**", ".orchestra/**"]}]}
    (world.home / "plan.yaml").write_text(json.dumps(plan))
    done = call("finish", summary="it is written")
    first = [writes("import requests\nx = 1\n"), writes(LOOSE, ".orchestra/rules/style.md"), done]
    second = [writes("import httpx\nx = 1\n"), writes(RULES, ".orchestra/rules/style.md"), done]
    lanes = [
        entry("coder", *first, task="one", attempt=1),
        entry("coder", *second, task="one", attempt=2),
        entry("reviewer", scenes.ACCEPTS),
        entry("summariser", {"text": "done"}),
    ]
    (world.home / "script.yaml").write_text(script(lanes))

    ran = world.run("run", *words, "--yes", "--json")

    failed = [event for event in ran.events if event["kind"] == "AttemptFailed"]
    assert ran.code == 0, ran.err
    assert [one["failure"] for one in failed] == ["rule"]
    assert "parts/one.py:1: import requests — http: HTTP goes through httpx" in failed[0]["feedback"]
    revised = next(event for event in ran.events if event["kind"] == "TaskRevised")
    assert revised["start_commit"] == failed[0]["resume_from"]
    state = world.state()
    assert state.outcome is RunOutcome.PROVEN
    assert task(state, "one").attempt == 2
    assert [rule.origin for rule in state.rules] == [".orchestra/rules/style.md:7"]
    assert world.git("show", f"{state.branch}:parts/one.py") == "import httpx\nx = 1"


def test_a_run_does_not_start_with_a_rule_that_cannot_be_read(world: World) -> None:
    files = {**scenes.FILES, ".orchestra/rules/style.yaml": "rules:\n  - {name: a, forbid: '('}\n"}
    words = scenes.set_up(world, ("one",), files=files)

    ran = world.run("run", *words, "--yes")

    assert ran.code == 2
    assert ".orchestra/rules/style.yaml:2" in ran.err
    assert "no regular expression" in ran.err
