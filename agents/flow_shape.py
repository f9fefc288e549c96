"""How a flow is written: the shapes of its YAML, and the engine's values that they become."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from engine.clean import clean_line
from engine.flow import CommandTool, Node, Until, Vote
from engine.words import Answer, CheckSpec, Failure, Handoff, Reaction

NAME = r"^[a-z0-9][a-z0-9_-]{0,40}$"
TASK_TIMEOUT_S = 600.0
TOOL_TIMEOUT_S = 60.0
_TRUTH = {"yes": True, "on": True, "no": False, "off": False}
_STEP = re.compile(r"^([a-z]+)(?:\s+(\d{1,2}))?$")


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str | int) else value


def _as_words(value: Any) -> Any:
    """YAML reads `true` and `1` as something else than the words a flow means."""
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, list):
        return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in value)
    return (str(value),) if isinstance(value, str | int | float) else value


def _as_command(value: Any) -> Any:
    return {"run": value} if isinstance(value, str) else value


def _as_check(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    return {"run": value} if isinstance(value, str) else value


def _as_answer(value: Any) -> Any:
    if value in ("text", "list"):
        return {"is_list": value == "list"}
    return {"choices": _as_words(value)} if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Words = Annotated[tuple[str, ...], BeforeValidator(_as_words)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CommandShape(_Shape):
    """A command with what is measured in its output."""

    run: str = Field(min_length=1, max_length=20_000)
    metric: str = ""
    want: str = "pass"
    timeout_s: float = Field(default=TASK_TIMEOUT_S, gt=0, le=86_400)

    def spec(self) -> CheckSpec:
        """The engine's value."""
        return CheckSpec(self.run, self.metric, self.want, self.timeout_s)


class AnswerShape(_Shape):
    """A field of an answer: `text`, `list`, or the words that may be said."""

    choices: Words = ()
    is_list: bool = False


class VoteShape(_Shape):
    """`vote: {n: 3, quorum: 2}` or `vote: {of: [security, tests], quorum: 2}`."""

    n: int = Field(default=0, ge=0, le=9)
    quorum: int = Field(default=0, ge=0, le=20)
    field: str = ""
    of: Names = ()
    agents: Names = ()
    hears_all: bool = False


class UntilShape(_Shape):
    """`until: {critic: reviewer, max: 3}`."""

    critic: str = Field(min_length=1)
    max: int = Field(default=3, ge=1, le=10)
    goal: str = ""


class HandoffShape(_Shape):
    """`handoff: {to: [billing, shipping], max: 3}`."""

    to: Names = Field(min_length=1)
    max: int = Field(default=3, ge=1, le=10)


class ToolShape(_Shape):
    """A command that agents of the flow may call."""

    description: str = Field(min_length=1, max_length=1_000)
    run: Names = Field(min_length=1)
    arguments: dict[str, str] = {}
    timeout_s: float = Field(default=TOOL_TIMEOUT_S, gt=0, le=900)

    def value(self, name: str) -> CommandTool:
        """The engine's value."""
        return CommandTool(name, self.description, self.run, self.arguments, self.timeout_s)


Answers = dict[str, Annotated[AnswerShape, BeforeValidator(_as_answer)]]


class NodeShape(_Shape):
    """A node as it is written; what each field means is in `engine.flow.Node`."""

    agent: str = ""
    goal: str = Field(default="", max_length=20_000)
    needs: Names = ()
    after: Names = ()
    when: dict[str, Words] = {}
    each: str | Words = ""
    answers: Answers = {}
    vote: VoteShape | None = None
    until: UntilShape | None = None
    handoff: HandoffShape | None = None
    watch: str = ""
    expand: bool = False
    grafts: str = ""
    human: bool = False
    edits: bool = False
    writes: str = ""
    run: Annotated[CommandShape | None, BeforeValidator(_as_command)] = None
    check: Annotated[bool | CommandShape, BeforeValidator(_as_check)] = True
    claims: bool = False
    tools: Names = ()
    policy: dict[Failure, tuple[str, ...]] = {}
    may_be_empty: bool = False
    reads: bool = True

    def value(self, name: str) -> Node:
        """The engine's value."""
        vote, until, handoff = self.vote, self.until, self.handoff
        return Node(
            name=name,
            agent=self.agent,
            goal=self.goal or "{goal}",
            needs=self.needs,
            after=self.after,
            when=dict(self.when),
            each=self.each if isinstance(self.each, str) else "",
            each_of=() if isinstance(self.each, str) else self.each,
            answers={field: Answer(one.choices, one.is_list) for field, one in self.answers.items()},
            vote=Vote(vote.n, vote.quorum, vote.field, vote.of, vote.agents, vote.hears_all) if vote else None,
            until=Until(until.critic, until.max, until.goal) if until else None,
            handoff=Handoff(handoff.to, handoff.max) if handoff else None,
            watch=self.watch,
            expand=self.expand,
            grafts=self.grafts,
            human=self.human,
            edits=self.edits,
            writes=self.writes,
            run=self.run.spec() if self.run else None,
            check=self.check is not False,
            proof=self.check.spec() if isinstance(self.check, CommandShape) else None,
            claims=self.claims,
            tools=self.tools,
            policy={str(failure): tuple(map(step_of, steps)) for failure, steps in self.policy.items()},
            may_be_empty=self.may_be_empty,
            reads=self.reads,
        )


class FlowShape(_Shape):
    """A flow as it is written."""

    name: str = Field(pattern=NAME)
    description: Annotated[str, AfterValidator(clean_line)] = ""
    nodes: dict[str, NodeShape] = Field(min_length=1, max_length=40)
    tools: dict[str, ToolShape] = Field(default={}, max_length=20)


def step_of(step: str) -> tuple[str, int]:
    """`retry 2` as a reaction and how often it may be used; without a number as often as it takes.

    Raises: ValueError for a word that is no reaction.
    """
    match = _STEP.match(step.strip())
    if match is None or match[1] not in set(Reaction):
        raise ValueError(f"`{step}` is no step: write one of {', '.join(Reaction)}, with a number behind it")
    return match[1], int(match[2]) if match[2] else 99
