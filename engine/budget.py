"""Budgets as values: what may be spent, what was, what is held back for a call that is out. Pure.

A budget is a tree: the run, each of its tasks, each attempt at a task. A cap may stand at any node, in tokens, money
and seconds of turns. The worst case of a call is held back at every node above it before the request goes out, and
what it really cost takes its place afterwards; so nodes never have to be asked together what they spent.

Amounts are whole numbers (tokens, millionths of a dollar, milliseconds): sums are exact in whatever order they are
made, in this life of the engine and in the next. Fractions are rounded up, never down.
"""

from __future__ import annotations

from enum import StrEnum

from engine.words import Value

MICRO = 1_000_000
"""Millionths in a dollar."""
USEFUL_OUTPUT_TOKENS = 256
"""A reply that would have to be shorter is not asked for, unless less was wanted anyway."""
TIME_SLICE_MS = 30_000
"""A call takes time from a budget of seconds in slices of this length: calls side by side share what is left."""
WARN_AT = (90, 70)
"""Per cent of a cap at which the person is told, once each; the highest first."""


class Dimension(StrEnum):
    """What can run out."""

    TOKENS = "tokens"
    MONEY = "money"
    TIME = "time"


class Spend(Value, frozen=True, omit_defaults=True):
    """An amount in all three dimensions."""

    tokens: int = 0
    micro_usd: int = 0
    """Millionths of a US dollar."""
    ms: int = 0
    """Milliseconds of turns; turns side by side add up."""

    def plus(self, more: Spend) -> Spend:
        """Both together."""
        return Spend(self.tokens + more.tokens, self.micro_usd + more.micro_usd, self.ms + more.ms)

    def of(self, dimension: Dimension) -> int:
        """The amount in one dimension."""
        return (self.tokens, self.micro_usd, self.ms)[_ORDER[dimension]]


class Cap(Value, frozen=True, omit_defaults=True):
    """What a node may spend; None caps nothing, 0 allows nothing."""

    tokens: int | None = None
    micro_usd: int | None = None
    ms: int | None = None

    def of(self, dimension: Dimension) -> int | None:
        """The cap in one dimension."""
        return (self.tokens, self.micro_usd, self.ms)[_ORDER[dimension]]

    def with_(self, dimension: Dimension, amount: int | None) -> Cap:
        """The same with another amount in one dimension."""
        amounts = [self.tokens, self.micro_usd, self.ms]
        amounts[_ORDER[dimension]] = amount
        return Cap(*amounts)

    @property
    def is_open(self) -> bool:
        """Whether nothing is capped."""
        return self.tokens is None and self.micro_usd is None and self.ms is None


_ORDER = {dimension: index for index, dimension in enumerate(Dimension)}


class OnCap(StrEnum):
    """What happens when a call does not fit any more."""

    ASK = "ask"
    """The person: raise it, stay local, or stop."""
    LOCAL = "local"
    """Go on with a local model where money is what ran out; else as `ask`."""
    STOP = "stop"
    """The task fails."""


class Budget(Value, frozen=True, omit_defaults=True):
    """The caps of a run: of all of it, of each task, of each attempt, and of single tasks by name."""

    run: Cap = Cap()
    task: Cap = Cap()
    attempt: Cap = Cap()
    tasks: dict[str, Cap] = {}
    """In place of `task` for these."""
    on_cap: OnCap = OnCap.ASK

    @property
    def is_open(self) -> bool:
        """Whether nothing is capped anywhere."""
        caps = (self.run, self.task, self.attempt, *self.tasks.values())
        return all(cap.is_open for cap in caps)

    def of_task(self, task: str) -> Cap:
        """What one task may spend over all its attempts."""
        return self.tasks.get(task, self.task)


class Price(Value, frozen=True, omit_defaults=True):
    """What tokens cost, in billionths of a US dollar each."""

    prompt: int = 0
    cached: int = 0
    output: int = 0
    source: str = ""
    """Where it is known from."""

    def micro_usd(self, prompt_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """What so many tokens cost, rounded up; cached ones are among the prompt's."""
        fresh = max(0, prompt_tokens - cached_tokens)
        return -(-(fresh * self.prompt + cached_tokens * self.cached + output_tokens * self.output) // 1000)


class Refusal(Value, frozen=True, omit_defaults=True):
    """Why a call was not sent: which node has too little left of what."""

    node: str
    """run, task or attempt."""
    dimension: Dimension
    needed: int
    left: int
    cap: int
    is_unpriced: bool = False
    """The model's price is not known, so no amount would be enough."""


class Account(Value, frozen=True, omit_defaults=True):
    """What one lane has spent. What is held for a call stays counted until the call's end is known."""

    spent: Spend = Spend()
    """Over all attempts, ended calls only."""
    held: Spend = Spend()
    """For the call that is out; the worst case of one whose end was never seen."""
    attempt: int = 0
    attempt_spent: Spend = Spend()
    refused: Refusal | None = None
    """Why the newest call was not sent."""

    @property
    def total(self) -> Spend:
        """What counts against the budget of the task and of the run."""
        return self.spent.plus(self.held)

    @property
    def attempt_total(self) -> Spend:
        """What counts against the budget of the attempt."""
        return self.attempt_spent.plus(self.held)


class Ask(Value, frozen=True, omit_defaults=True):
    """The worst case of a call: more than this it cannot cost."""

    prompt_tokens: int
    output_tokens: int
    """What the reply may have at most; shortened when no more fits."""
    price: Price | None = None
    """None when nobody knows what the model costs."""

    def spend(self, output_tokens: int, ms: int = 0) -> Spend:
        """The worst case with so long a reply."""
        price = self.price or Price()
        return Spend(self.prompt_tokens + output_tokens, price.micro_usd(self.prompt_tokens, output_tokens), ms)


class Node(Value, frozen=True, omit_defaults=True):
    """A node above a call, as it stands now."""

    name: str
    cap: Cap
    total: Spend
    """Spent and held."""
    waiting: Spend = Spend()
    """What of it is held for calls that run now: some of it will come back."""

    def left(self, dimension: Dimension) -> int | None:
        """What a call may still take; None for as much as it likes."""
        cap = self.cap.of(dimension)
        return None if cap is None else cap - self.total.of(dimension)


class Granted(Value, frozen=True, omit_defaults=True):
    """A call fits: what is held for it, and how long its reply may be."""

    held: Spend
    output_tokens: int


def fit(ask: Ask, nodes: tuple[Node, ...]) -> Granted | Refusal:
    """Find the longest reply that all nodes above a call can pay for.

    In:   the call's worst case; the nodes above it, from the run down.
    Out:  what to hold back; or which node refuses. Granted never takes a node beyond its cap.
    """
    least = min(ask.output_tokens, USEFUL_OUTPUT_TOKENS)
    output, ms = ask.output_tokens, TIME_SLICE_MS if any(node.cap.ms is not None for node in nodes) else 0
    for node in nodes:
        for dimension in Dimension:
            left = node.left(dimension)
            if left is None:
                continue
            if refusal := _refusal(ask, node, dimension, left, least):
                return refusal
            output = min(output, _affordable(ask, dimension, left))
            ms = min(ms, left) if dimension is Dimension.TIME else ms
    return Granted(ask.spend(output, ms), output)


def may_fit_later(ask: Ask, nodes: tuple[Node, ...]) -> bool:
    """Whether a call that is refused now would fit if the calls that run cost nothing: then it waits for their end."""
    freed = tuple(Node(node.name, node.cap, _minus(node.total, node.waiting)) for node in nodes)
    return isinstance(fit(ask, freed), Granted)


def _minus(one: Spend, other: Spend) -> Spend:
    return Spend(one.tokens - other.tokens, one.micro_usd - other.micro_usd, one.ms - other.ms)


def _refusal(ask: Ask, node: Node, dimension: Dimension, left: int, least: int) -> Refusal | None:
    cap = node.cap.of(dimension) or 0
    if dimension is Dimension.MONEY and ask.price is None:
        return Refusal(node.name, dimension, 0, left, cap, is_unpriced=True)
    needed = 1 if dimension is Dimension.TIME else ask.spend(least).of(dimension)
    return Refusal(node.name, dimension, needed, left, cap) if needed > left else None


def _affordable(ask: Ask, dimension: Dimension, left: int) -> int:
    """The longest reply that so much pays for."""
    price = ask.price or Price()
    if dimension is Dimension.TOKENS:
        return left - ask.prompt_tokens
    if dimension is Dimension.MONEY and price.output:
        return (left * 1000 - ask.prompt_tokens * price.prompt) // price.output
    return ask.output_tokens


def charged(account: Account, spend: Spend) -> Account:
    """The account after a call's end is known: what it cost takes the place of what was held for it.

    A budget of seconds cuts a call when its time is over, so what closing it takes is not counted.
    """
    held_ms = account.held.ms
    if held_ms:
        spend = Spend(spend.tokens, spend.micro_usd, min(spend.ms, held_ms))
    return Account(
        account.spent.plus(spend), Spend(), account.attempt, account.attempt_spent.plus(spend), account.refused
    )


def holding(account: Account, held: Spend) -> Account:
    """The account with a new call out; one whose end was never seen is charged what was held for it."""
    if account.held != Spend():
        account = charged(account, account.held)
    return Account(account.spent, held, account.attempt, account.attempt_spent)


def of_attempt(account: Account, attempt: int) -> Account:
    """The account at the start of an attempt; one that was interrupted goes on under its number and its budget."""
    if account.held != Spend():
        account = charged(account, account.held)
    if account.attempt == attempt:
        return account
    return Account(account.spent, Spend(), attempt, Spend(), account.refused)


def crossed(node: Node) -> tuple[Dimension, int] | None:
    """The highest share of a cap that was reached, in per cent of `WARN_AT`, with its dimension."""
    found = [
        (share, dimension)
        for dimension in Dimension
        if (cap := node.cap.of(dimension))
        for share in WARN_AT
        if node.total.of(dimension) * 100 >= cap * share
    ]
    if not found:
        return None
    share, dimension = max(found)
    return dimension, share
