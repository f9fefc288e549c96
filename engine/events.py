"""The facts: everything that ever happened in a run, past tense, frozen, one closed union.

A kind's meaning never changes. A field may be added with a default; anything else is a new kind beside the old one, so
that every log ever written stays readable. A kind from a newer version is kept in the store and skipped here.
"""

from __future__ import annotations

from typing import TypeAlias

from engine.budget_events import BudgetSet, BudgetWarned, CallRefused, TimeHeld
from engine.event import Event
from engine.lane_events import (
    CheckFinished,
    ContextCompacted,
    ContextMeasured,
    ContextTruncated,
    LandConflicted,
    LandIntended,
    LaneContinued,
    LaneKept,
    LaneOpened,
    LanePaused,
    LaneReaped,
    LoopForgiven,
    LoopFound,
    LoopNudged,
    NoteTaken,
    SteerDelivered,
    Steered,
    TaskLanded,
    ToolCalled,
    ToolFinished,
    TurnEnded,
    TurnFailed,
    TurnQueued,
    TurnStarted,
    VerdictGiven,
)
from engine.run_events import (
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalWithdrawn,
    AttemptFailed,
    CheckChosen,
    CloudPermitted,
    FileTrusted,
    FollowUpsProposed,
    LoopExcused,
    OutcomeLearned,
    PlanAccepted,
    PlanExtended,
    PlanProposed,
    PlanRefused,
    RunCancelled,
    RunContinued,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    TaskAdded,
    TaskCancelled,
    TaskDone,
    TaskFailed,
    TaskHandedOff,
    TaskInterrupted,
    TaskMoved,
    TaskProduced,
    TaskRespecified,
    TaskRevised,
    TaskSkipped,
    TaskStarted,
    TaskUnverified,
    TaskVerified,
    TaskWaiting,
    VoteCounted,
)

__all__ = [
    "KINDS",
    "AnyEvent",
    "ApprovalAnswered",
    "ApprovalAsked",
    "ApprovalWithdrawn",
    "AttemptFailed",
    "BudgetSet",
    "BudgetWarned",
    "CallRefused",
    "CheckChosen",
    "CheckFinished",
    "CloudPermitted",
    "ContextCompacted",
    "ContextMeasured",
    "ContextTruncated",
    "Event",
    "FileTrusted",
    "FollowUpsProposed",
    "LandConflicted",
    "LandIntended",
    "LaneContinued",
    "LaneKept",
    "LaneOpened",
    "LanePaused",
    "LaneReaped",
    "LoopExcused",
    "LoopForgiven",
    "LoopFound",
    "LoopNudged",
    "NoteTaken",
    "OutcomeLearned",
    "PlanAccepted",
    "PlanExtended",
    "PlanProposed",
    "PlanRefused",
    "RepositoryEvent",
    "RunCancelled",
    "RunContinued",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "SteerDelivered",
    "Steered",
    "TaskAdded",
    "TaskCancelled",
    "TaskDone",
    "TaskFailed",
    "TaskHandedOff",
    "TaskInterrupted",
    "TaskLanded",
    "TaskMoved",
    "TaskProduced",
    "TaskRespecified",
    "TaskRevised",
    "TaskSkipped",
    "TaskStarted",
    "TaskUnverified",
    "TaskVerified",
    "TaskWaiting",
    "TimeHeld",
    "ToolCalled",
    "ToolFinished",
    "TurnEnded",
    "TurnFailed",
    "TurnQueued",
    "TurnStarted",
    "VerdictGiven",
    "VoteCounted",
]

RepositoryEvent: TypeAlias = CloudPermitted | FileTrusted | CheckChosen | LoopExcused | OutcomeLearned

AnyEvent: TypeAlias = (
    RepositoryEvent
    | RunStarted
    | RunPaused
    | RunContinued
    | RunResumed
    | RunFinished
    | RunCancelled
    | PlanProposed
    | PlanRefused
    | PlanAccepted
    | PlanExtended
    | FollowUpsProposed
    | TaskAdded
    | TaskRespecified
    | TaskStarted
    | TaskProduced
    | TaskVerified
    | TaskUnverified
    | TaskInterrupted
    | AttemptFailed
    | TaskRevised
    | TaskWaiting
    | TaskMoved
    | TaskDone
    | TaskFailed
    | TaskHandedOff
    | VoteCounted
    | TaskSkipped
    | TaskCancelled
    | LaneOpened
    | LaneKept
    | LaneReaped
    | TurnQueued
    | TurnStarted
    | TurnEnded
    | TurnFailed
    | CallRefused
    | TimeHeld
    | BudgetWarned
    | BudgetSet
    | ContextMeasured
    | ContextCompacted
    | ContextTruncated
    | ToolCalled
    | ToolFinished
    | NoteTaken
    | Steered
    | SteerDelivered
    | LanePaused
    | LaneContinued
    | LoopFound
    | LoopNudged
    | LoopForgiven
    | CheckFinished
    | VerdictGiven
    | LandIntended
    | TaskLanded
    | LandConflicted
    | ApprovalAsked
    | ApprovalAnswered
    | ApprovalWithdrawn
)

KINDS: frozenset[str] = frozenset(kind.__name__ for kind in AnyEvent.__args__)
