"""Flows: ways of working as data, in one node vocabulary that `engine.graph` and `engine.decision` interpret.

    chaining             draft: {agent: writer, needs: [outline]}
    routing              fix:   {agent: debugger, when: {triage.kind: bug}}
    sectioning           work:  {agent: coder, each: list.files}
    voting               vote:  {agent: judge, vote: {n: 3, quorum: 2}}
    orchestrator-workers plan:  {agent: planner, expand: true, grafts: work}
    evaluator-optimizer  write: {agent: coder, until: {critic: reviewer, max: 3}}
    handoff              desk:  {agent: triage, handoff: {to: [billing, shipping], max: 3}}
    no-barrier review    review: {agent: reviewer, watch: work}
    person               ship:  {human: true, needs: [judge]}
    command              measure: {run: "pytest --durations=5"}

The last two, and the count of a vote, are tasks that no model works on.
"""

from __future__ import annotations

from engine.words import Answer, CheckSpec, Handoff, Value


class Vote(Value, frozen=True, omit_defaults=True):
    """Several independent voices for one answer; what has not spoken is stopped once the answer is certain."""

    n: int = 0
    """Seats of this node; 0 where other nodes are the voices."""
    quorum: int = 0
    """Voices that an answer needs; 0 is more than half."""
    field: str = ""
    """The field of the answers that is counted; empty where there is only one."""
    of: tuple[str, ...] = ()
    """Nodes whose answers are counted in place of seats."""
    agents: tuple[str, ...] = ()
    """Who sits in the seats, in turn; empty seats the node's agent in all of them."""
    hears_all: bool = False
    """Whether everybody is heard out, also when the answer is certain already."""


class Until(Value, frozen=True, omit_defaults=True):
    """A critic who looks at every result until they accept it."""

    critic: str
    max: int = 3
    """Rounds; after the last one the person decides."""
    goal: str = ""
    """What the critic is told to look for."""


class CommandTool(Value, frozen=True, omit_defaults=True):
    """A command that agents of a flow may call by name, with arguments that match their patterns and nothing else."""

    name: str
    description: str
    run: tuple[str, ...]
    """Program and arguments; `{name}` is one argument's value, passed as it is and never through a shell."""
    arguments: dict[str, str] = {}
    """Regular expression that the whole value of each argument must match."""
    timeout_s: float = 60.0


class Node(Value, frozen=True, omit_defaults=True):
    """One node of a flow."""

    name: str
    agent: str = ""
    """Who works; empty for a gate of the person, a count of votes, and a command of the engine."""
    goal: str = ""
    """Template: `{goal}` the run's goal, `{item}` the item, `{outputs}` what the needed tasks produced."""
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Nodes that must be settled, well or badly, before this one starts."""
    when: dict[str, tuple[str, ...]] = {}
    """`node.field` to the values with which this node runs; with any other it is passed over."""
    each: str = ""
    """One task for each: `items` of the run, or `node.field`, a list that an earlier task answered."""
    each_of: tuple[str, ...] = ()
    """One task for each of these words."""
    answers: dict[str, Answer] = {}
    """Typed fields of the result, which other nodes can branch on, count or spread over."""
    vote: Vote | None = None
    until: Until | None = None
    handoff: Handoff | None = None
    watch: str = ""
    """Reviews each task of that node as soon as it is verified."""
    expand: bool = False
    """The result is a plan whose tasks are grafted in."""
    grafts: str = ""
    """On an expand node: the node to which planned tasks belong."""
    human: bool = False
    """The plan waits for the person's word; without an agent, the node is nothing but that wait."""
    edits: bool = False
    """Tasks of this node change files: commit, check, land."""
    writes: str = ""
    """The harness writes the text result to this file and lands it."""
    run: CheckSpec | None = None
    """A command that the engine runs itself; what it prints is the result."""
    check: bool = True
    """Whether the run's check applies to work of this node."""
    proof: CheckSpec | None = None
    """A check of this node's own, in place of the run's."""
    claims: bool = False
    """What is said must point to places that the engine can look up."""
    tools: tuple[str, ...] = ()
    """Command tools of the flow that the agent may call."""
    policy: dict[str, tuple[tuple[str, int], ...]] = {}
    """Failure to ladder of (reaction, times), before the run's policy."""
    may_be_empty: bool = False
    """Whether no change at all is a result."""
    reads: bool = True
    """Whether the agent works in a worktree; false where all it needs is in its brief."""


class Flow(Value, frozen=True, omit_defaults=True):
    """A way of working, as data."""

    name: str
    description: str
    nodes: tuple[Node, ...]
    tools: tuple[CommandTool, ...] = ()
    origin: str = "built in"

    def node(self, name: str) -> Node | None:
        """The node of that name."""
        return next((node for node in self.nodes if node.name == name), None)


def agents_of(node: Node) -> tuple[str, ...]:
    """Every specialist whom a node needs."""
    names = [node.agent] if node.agent else []
    names += node.vote.agents if node.vote else ()
    names += [node.until.critic] if node.until else []
    names += node.handoff.to if node.handoff else ()
    return tuple(dict.fromkeys(names))
