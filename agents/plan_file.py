"""A plan as people write it, and the same plan as the engine runs it.

    tasks:
      - id: fix-parser
        title: Accept empty input
        agent: coder               # coder when left out
        goal: parse("") in src/parser.py must return [] instead of raising IndexError.
        needs: [add-tests]         # ids of tasks in this plan
        scope: ["src/parser.py"]   # globs it may write to; everything when left out
        check: pytest -q tests/test_parser.py
        tier: quick                # quick, large or cloud: where its ladder starts

`check` may also be a mapping of run, metric, want and timeout_s. A file that is grafted into a running plan may need
tasks which are there already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agents.document import Document, checked, nearest, read_text, read_yaml
from engine.clean import clean
from engine.words import CheckSpec, Role, TaskSpec

DEFAULT_AGENT = "coder"
_NOT_ID = re.compile(r"[^a-z0-9_-]+")


def _as_text(value: Any) -> Any:
    """YAML reads a bare 1 as a number; as an id it is a word."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if isinstance(value, str | int) else value


def _as_check(value: Any) -> Any:
    return {"run": value} if isinstance(value, str) else value


Id = Annotated[str, BeforeValidator(_as_text)]
Text = Annotated[str, Field(max_length=20_000)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedCheck(_Shape):
    """A check as it is written in a plan."""

    run: str = Field(min_length=1)
    metric: str = ""
    want: str = "pass"
    timeout_s: float = Field(default=600.0, gt=0)


class PlannedTask(_Shape):
    """A task as it is written in a plan."""

    id: Id = Field(min_length=1, max_length=41, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str = Field(default="", max_length=200)
    agent: str = Field(default=DEFAULT_AGENT, min_length=1)
    goal: Text = Field(min_length=1)
    needs: Annotated[tuple[Id, ...], BeforeValidator(_as_list)] = ()
    scope: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    check: Annotated[PlannedCheck | None, BeforeValidator(_as_check)] = None
    tier: Literal["", "quick", "large", "cloud"] = ""

    def spec(self) -> TaskSpec:
        """The task as the engine takes it; the node comes with the graft."""
        check = self.check and CheckSpec(self.check.run, self.check.metric, self.check.want, self.check.timeout_s)
        return TaskSpec(
            task=self.id,
            node="",
            role=Role.WORK,
            agent=self.agent,
            goal=clean(self.goal).strip(),
            title=clean(self.title).strip(),
            needs=self.needs,
            scope=self.scope,
            check=check or None,
            tier=self.tier,
        )


class PlanFile(_Shape):
    """The whole file."""

    tasks: tuple[PlannedTask, ...] = Field(min_length=1, max_length=100)


def load_plan(path: Path, agents: Iterable[str] = (), is_addition: bool = False) -> tuple[TaskSpec, ...]:
    """Read a plan file.

    In:     agents, the names that a task may use; none leaves that to the engine. is_addition, whether it joins a plan
            that runs: then a task may need one that is not in the file.
    Raises: DefinitionFault with file, line, field and suggestion.
    """
    return parse_plan(read_text(path), path, agents, is_addition)


def parse_plan(
    text: str, path: Path | None = None, agents: Iterable[str] = (), is_addition: bool = False
) -> tuple[TaskSpec, ...]:
    """Read a plan from its text, also the one that a person has just edited.

    Raises: DefinitionFault for its shape, ids used twice, needs that nobody meets and agents that do not exist. Circles
            and overlapping scopes are the engine's to find.
    """
    document = read_yaml(text, path)
    plan = checked(document, PlanFile)
    _check_names(document, plan, tuple(agents), is_addition)
    return tuple(task.spec() for task in plan.tasks)


def plan_text(tasks: Iterable[TaskSpec]) -> str:
    """A plan as YAML for a person to edit; `parse_plan` reads it back as the same tasks."""
    shaped = {"tasks": [_shaped(task) for task in tasks]}
    return yaml.dump(shaped, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def drafted(arguments: Mapping[str, Any]) -> tuple[TaskSpec, ...] | str:
    """Read the tasks that a model proposes, forgiving it what cannot be misunderstood.

    Out: the tasks; or, when they have no readable shape, the complaint to send back.
    """
    raw = arguments.get("tasks")
    if not isinstance(raw, list) or not raw:
        return "`tasks` must be a list with at least one task."
    try:
        plan = PlanFile.model_validate({"tasks": [_mended(one) for one in raw]})
    except ValidationError as error:
        return "\n".join(_sentence(one) for one in error.errors(include_url=False, include_context=False)[:5])
    return tuple(task.spec() for task in plan.tasks)


def slug(text: str) -> str:
    """A text as an id: lower-case words with dashes, 41 characters at most."""
    return _NOT_ID.sub("-", text.lower()).strip("-_")[:41].rstrip("-_")


def _check_names(document: Document, plan: PlanFile, agents: tuple[str, ...], is_addition: bool) -> None:
    ids = [task.id for task in plan.tasks]
    for index, task in enumerate(plan.tasks):
        if task.id in ids[:index]:
            first = document.line_of(("tasks", ids.index(task.id), "id"))
            raise document.fault(
                f"The id `{task.id}` is used already in line {first}.", ("tasks", index, "id"), "Choose another one."
            )
        for need in task.needs:
            if need not in ids and not is_addition:
                advice = nearest(need, ids) or f"Ids here are {', '.join(ids)}."
                raise document.fault(f"No task here is called `{need}`.", ("tasks", index, "needs"), advice)
        if agents and task.agent not in agents:
            advice = nearest(task.agent, agents) or f"Agents are {', '.join(sorted(agents))}."
            raise document.fault(f"Nobody is called `{task.agent}`.", ("tasks", index, "agent"), advice)


def _shaped(task: TaskSpec) -> dict[str, Any]:
    shaped: dict[str, Any] = {"id": task.task, "title": task.title, "agent": task.agent, "goal": task.goal}
    shaped |= {"needs": list(task.needs), "scope": list(task.scope), "check": _check_shaped(task.check)}
    shaped["tier"] = task.tier
    return {name: value for name, value in shaped.items() if value or name in ("id", "agent", "goal")}


def _check_shaped(check: CheckSpec | None) -> Any:
    if check is None:
        return None
    fields = {"run": check.run, "metric": check.metric, "want": check.want, "timeout_s": check.timeout_s}
    defaults = {"metric": "", "want": "pass", "timeout_s": 600.0}
    told = {name: value for name, value in fields.items() if value != defaults.get(name)}
    return check.run if list(told) == ["run"] else told


def _mended(raw: Any) -> Any:
    """A task as a model wrote it: ids made ids, empty values dropped, unknown fields left out."""
    if not isinstance(raw, dict):
        return raw
    known = {name: value for name, value in raw.items() if name in PlannedTask.model_fields and value not in (None, "")}
    if "id" not in known:
        known["id"] = slug(str(raw.get("task") or raw.get("name") or raw.get("title") or ""))
    known["id"] = slug(str(known["id"]))
    if isinstance(known.get("needs"), str | int | list):
        needs = _as_list(known["needs"])
        known["needs"] = [slug(str(need)) for need in needs]
    if known.get("check") == {} or (isinstance(known.get("check"), dict) and not known["check"].get("run")):
        known.pop("check", None)
    return known


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}"


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not re.search(r"[ \t]\n|^\s", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)
