"""Which size of model a task starts with, and when it climbs: little is decided before the run, a lot after it.

    score_before(text, context_tokens, kind)   how likely a task is beyond a small model
    score_after(text, signals)                 how likely the result of its run will not do
    learn(counters, outcome)                   counters that have seen one more outcome
    decide(task, ladder, ...)                  the rung to start on, with the rule and one line of reason
    after_run(decision, signals, counters)     climb or stay

Plain functions of plain values: no input or output, no clock, no chance. docs/routing.md tells more.
"""

from engine.experience.counters import Counters, Outcome
from engine.experience.signals import Signals
from engine.routing.after import score_after
from engine.routing.before import score_before
from engine.routing.cascade import Climb, after_run
from engine.routing.kinds import Kind, kind_of
from engine.routing.outcomes import learn
from engine.routing.score import Score
from engine.routing.start import Permissions, RouteDecision, decide

__all__ = [
    "Climb",
    "Counters",
    "Kind",
    "Outcome",
    "Permissions",
    "RouteDecision",
    "Score",
    "Signals",
    "after_run",
    "decide",
    "kind_of",
    "learn",
    "score_after",
    "score_before",
]
