"""Plans are written by people, mended for models, and come back from an editor as the same tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.plan_file import drafted, load_plan, parse_plan, plan_text, slug
from engine.clean import clean
from engine.errors import DefinitionFault
from engine.plan import plan_faults
from engine.words import AgentCard, CheckSpec, Role, TaskSpec

PLAN = """\
tasks:
  - id: tests
    agent: tester
    goal: Write tests for parse().
  - id: fix
    title: Accept empty input
    goal: |
      parse("") must return [].
      Keep the signature.
    needs: tests
    scope: [src/parser.py]
    check: pytest -q
    tier: quick
"""


def test_a_plan_becomes_tasks(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)

    tests, fix = load_plan(path, ["coder", "tester"])

    assert (tests.task, tests.agent, tests.role, tests.check) == ("tests", "tester", Role.WORK, None)
    assert (fix.agent, fix.needs, fix.scope, fix.tier) == ("coder", ("tests",), ("src/parser.py",), "quick")
    assert fix.check == CheckSpec("pytest -q")
    assert fix.goal == 'parse("") must return [].\nKeep the signature.'


def test_a_check_may_say_what_it_measures() -> None:
    check = r"{run: pytest -q, metric: '(\d+) failed', want: '<= before', timeout_s: 60}"

    task = parse_plan(f"tasks:\n  - {{id: a, goal: b, check: {check}}}")[0]

    assert task.check == CheckSpec("pytest -q", r"(\d+) failed", "<= before", 60.0)


def test_a_number_as_an_id_is_a_word() -> None:
    assert [task.task for task in parse_plan("tasks:\n  - {id: 1, goal: a}\n  - {id: 2, goal: b, needs: [1]}")] == [
        "1",
        "2",
    ]


@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        ("tasks:\n  - id: a\n    gaol: b", 3, "tasks.0.gaol", "Did you mean `goal`?"),
        ("tasks:\n  - id: a\n    goal: b\n    scop: c", 4, "tasks.0.scop", "Did you mean `scope`?"),
        ("tasks:\n  - id: A b\n    goal: b", 2, "tasks.0.id", "pattern"),
        ("tasks:\n  - {id: a, goal: b}\n  - {id: a, goal: c}", 3, "tasks.1.id", "used already in line 2"),
        (
            "tasks:\n  - id: parser\n    goal: b\n  - id: c\n    goal: d\n    needs: [parsre]",
            6,
            "tasks.1.needs",
            "Did you mean `parser`?",
        ),
        ("tasks:\n  - id: a\n    goal: b\n    agent: codr", 4, "tasks.0.agent", "Did you mean `coder`?"),
        ("tasks:\n  - id: a\n    goal: b\n    tier: clod", 4, "tasks.0.tier", "Did you mean `cloud`?"),
        ("tasks: []", 1, "tasks", "at least 1"),
        ("task: a", 1, "task", "Did you mean `tasks`?"),
        ("tasks: three", 1, "tasks", "three"),
    ],
)
def test_a_malformed_plan_names_line_and_field_and_suggests(text: str, line: int, field: str, words: str) -> None:
    with pytest.raises(DefinitionFault) as caught:
        parse_plan(text, Path("plan.yaml"), ["coder", "tester"])

    fault = caught.value
    assert (fault.line, words in str(fault)) == (line, True), str(fault)
    assert fault.field_name.startswith(field)


IDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
PROSE = st.text(min_size=1, max_size=300).map(lambda text: clean(text).strip()).filter(bool)
CHECKS = st.builds(
    CheckSpec,
    run=PROSE,
    metric=st.sampled_from(["", r"(\d+) failed"]),
    want=st.sampled_from(["pass", "<= before"]),
    timeout_s=st.sampled_from([600.0, 12.5]),
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[TaskSpec, ...]:
    """Plans as people write them: distinct ids, needs among them."""
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    return tuple(
        TaskSpec(
            task=task,
            node="",
            role=Role.WORK,
            agent=draw(st.sampled_from(["coder", "tester"])),
            goal=draw(PROSE),
            title=draw(st.one_of(st.just(""), PROSE.map(lambda text: text[:200].strip()))),
            needs=tuple(draw(st.lists(st.sampled_from(ids), max_size=3, unique=True))),
            scope=tuple(draw(st.lists(PROSE, max_size=3))),
            check=draw(st.one_of(st.none(), CHECKS)),
            tier=draw(st.sampled_from(["", "quick", "large", "cloud"])),
        )
        for task in ids
    )


@given(plans())
def test_a_plan_comes_back_from_its_text_as_it_was(tasks: tuple[TaskSpec, ...]) -> None:
    assert parse_plan(plan_text(tasks)) == tasks


def test_the_text_for_the_person_has_no_empty_fields_and_keeps_lines() -> None:
    text = plan_text(parse_plan(PLAN))

    assert "goal: |" in text
    assert "check: pytest -q\n" in text
    assert "metric" not in text
    assert "title: ''" not in text


def test_what_a_model_proposes_is_mended_where_it_cannot_be_misunderstood() -> None:
    raw: Any = {
        "tasks": [
            {"id": "Write Tests!", "agent": "tester", "goal": "tests", "check": None, "priority": 1},
            {"title": "Fix the parser", "goal": "fix", "needs": "Write Tests!", "check": "", "tier": ""},
        ]
    }

    tasks = drafted(raw)

    assert not isinstance(tasks, str)
    assert [task.task for task in tasks] == ["write-tests", "fix-the-parser"]
    assert tasks[1].needs == ("write-tests",)
    assert tasks[1].check is None


@pytest.mark.parametrize(
    "raw", [{}, {"tasks": []}, {"tasks": "fix it"}, {"tasks": ["fix it"]}, {"tasks": [{"id": "a"}]}]
)
def test_what_has_no_shape_is_a_complaint_for_the_model(raw: Any) -> None:
    assert isinstance(drafted(raw), str)


@given(st.text(max_size=100))
def test_a_slug_is_an_id_or_nothing(text: str) -> None:
    made = slug(text)
    task = TaskSpec(made, "", Role.WORK, "coder", "goal")

    assert not made or plan_faults((task,), {"coder": AgentCard("coder")}, frozenset()) == ()


def test_a_file_that_joins_a_plan_may_need_what_is_there_already() -> None:
    text = "tasks:\n  - {id: more, goal: b, needs: [old]}\n"

    assert parse_plan(text, is_addition=True)[0].needs == ("old",)
    with pytest.raises(DefinitionFault, match="No task here is called `old`"):
        parse_plan(text)
