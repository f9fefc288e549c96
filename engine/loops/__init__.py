"""Loops: repetition that adds no information, found in one stream, in one lane's trajectory, and between agents.

Every detector here is pure and incremental: it takes one piece at a time, keeps a bounded memory, asks no model and
reads no clock. Evidence grows with repetition that adds nothing and falls with every new successful outcome.
"""

from engine.loops.conversation import ConversationDetector
from engine.loops.detector import LoopDetector
from engine.loops.step import Step, StepKind
from engine.loops.stream import StreamDetector
from engine.loops.trajectory import TrajectoryDetector
from engine.loops.verdict import LoopKind, Place, Severity, Verdict

__all__ = [
    "ConversationDetector",
    "LoopDetector",
    "LoopKind",
    "Place",
    "Severity",
    "Step",
    "StepKind",
    "StreamDetector",
    "TrajectoryDetector",
    "Verdict",
]
