"""Loops in one lane's trajectory of tool calls: one leaky score, fed by what repeats, drained by what is new.

    gain     a step seen once before   0.4, together at most 1.2: a second look at anything is honest
             seen twice or more        1.1
             the same error again      0.55, 0.4 the first time, whatever the arguments were; three tenths of
                                       that when the output beside it is new: "exit code 1" tells nothing
             a tree seen before        as a step
    relief   a new successful outcome  1.0; a word from outside 1.0; a new edit 0.15, for an edit only claims progress
    verdict  at 1.7

So a fourth identical call suffices, and so does the start of the third round of any cycle: A-B-A-B-A, A-B-C-A-B-C-A.
"Seen" means the same call with the same masked outcome. Polling that changes is therefore new each time and spared.
An edit counts as seen whatever its outcome, for it adds nothing even if the file grew by it; then, and where there is
no outcome at all to compare, it weighs 0.55.

The ledger of checks: a check that repeats after new edits gains by its result: in full while it fails, by 0.6 when
that cannot be told, not at all while it passes, for that is a refactoring under test.

Measured on 116 labelled runs of real agents: any of these numbers may move by a tenth and no verdict changes sides.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.loops.calls import CallMemory, Repeat
from engine.loops.evidence import Evidence
from engine.loops.fingerprint import Result, error_of, is_edit, is_pause, is_wait, mask, result_of
from engine.loops.step import Step, StepKind
from engine.loops.verdict import LoopKind, Verdict, excerpt, pardon

THRESHOLD = 1.7
SECOND = 0.4
SECOND_CAP = 1.2
THIRD = 1.1
ERROR_AGAIN = 0.55
NEWS = 0.3
RELIEF = 1.0
EDIT_RELIEF = 0.15
CHECK_WEIGHT = {Result.FAILING: 1.0, Result.UNKNOWN: 0.6, Result.PASSING: 0.0}
WAIT_WEIGHT = 0.35
PAUSE_WEIGHT = 0.1
DOUBT = 0.55
FORGIVEN_WEIGHT = 0.25
MEMORY = 32
BESIDE = 300
"""Characters from either end of an output that are compared beside an error."""
QUIET_TURNS = 8
STILL_TURNS = 40
_COUNTED_IN_TURNS = frozenset((LoopKind.NO_TOOL_CALL, LoopKind.UNCHANGED_TREE))


@dataclass(slots=True)
class _Error:
    """An error that was met: since when, how often, and what was said beside it."""

    first: int
    times: int = 0
    seen: set[int] = field(default_factory=set)

    def tells(self, step: Step) -> bool:
        """Whether the output beside the error was not seen with it; it is remembered."""
        if not step.output or step.output == step.error:
            return False
        beside = hash(mask(step.output[:BESIDE] + step.output[-BESIDE:]))
        is_new = beside not in self.seen
        if is_new and len(self.seen) < MEMORY:
            self.seen.add(beside)
        return is_new


class TrajectoryDetector:
    """Feed the steps of one lane; get a verdict when the evidence suffices."""

    def __init__(
        self, forgiven: Iterable[str] = (), quiet_turns: int | None = None, still_turns: int = STILL_TURNS
    ) -> None:
        """In: quiet_turns without a call; given, the lane is known to have tools; still_turns without a change."""
        self.count = 0
        self.forgiven = set(forgiven)
        """Tools and kinds of loop that were called "not a loop"; keep them to teach the lane's next detector."""
        self.index = -1
        self.evidence = Evidence()
        self._calls = CallMemory()
        self._errors: OrderedDict[int, _Error] = OrderedDict()
        self._trees: OrderedDict[str, int] = OrderedDict()
        self._tree = ""
        self._quiet = 0
        self._quiet_since = 0
        self._still = 0
        self._still_since = 0
        self._still_turns = still_turns
        self._quiet_turns = quiet_turns or QUIET_TURNS
        self._has_tools = quiet_turns is not None

    @property
    def score(self) -> float:
        """How near a verdict is, from 0 to 1."""
        return min(1.0, self.evidence.score / THRESHOLD)

    def feed(self, step: Step, *, at: int | None = None) -> Verdict | None:
        """Take the next step of the lane.

        In:  at, the step's index in a longer transcript when the lane is one of several; else steps are counted.
        Out: a verdict when this step completes a loop, and again on each that goes on with it until `reset`.
        """
        self.index = self.index + 1 if at is None else at
        verdict = None
        if step.kind is StepKind.USER:
            self._quiet = self._still = 0
            self.evidence.relieve(RELIEF)
        elif step.kind is StepKind.MESSAGE:
            verdict = self._hear(step)
        elif step.kind is StepKind.ACTION:
            verdict = self._act(step)
        self.evidence.note()
        return verdict

    def listen(self) -> None:
        """Another agent spoke: what follows is an answer, not a turn of one's own without a call."""
        self._quiet = 0

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention; the count of verdicts stays unless told otherwise."""
        self.evidence.clear()
        self._calls.clear()
        self._errors.clear()
        self._trees.clear()
        self._quiet = self._still = 0
        if not keep_count:
            self.count = 0

    def forgive(self, subject: str) -> None:
        """ "Not a loop": from now on this tool, or this kind of loop, weighs a quarter in this lane."""
        self.forgiven.add(subject)
        self.evidence.clear()

    def _hear(self, step: Step) -> Verdict | None:
        """A turn without a call; many in a row, in a lane that has tools, lead nowhere."""
        self._quiet_since = self._quiet_since if self._quiet else self.index
        self._quiet += 1
        if not self._has_tools or self._quiet < self._quiet_turns:
            return None
        self._quiet = 0
        return self._verdict(LoopKind.NO_TOOL_CALL, self._quiet_since, excerpt(step.text), 0.6, "")

    def _act(self, step: Step) -> Verdict | None:
        self._has_tools = True
        self._quiet = 0
        before = self.evidence.score
        edits = is_edit(step)
        is_new = self._weigh_call(step, edits)
        if step.tree:
            self._weigh_tree(step, edits)
        if is_new and not step.error:
            self.evidence.relieve(EDIT_RELIEF if edits else RELIEF)
        if self.evidence.score > before and self.evidence.score >= THRESHOLD:
            confidence = min(0.98, 0.5 + 0.2 * self.evidence.score)
            return self._verdict(self.evidence.kind, self.evidence.began, _line(step), confidence, step.tool)
        if self._still >= self._still_turns:
            self._still = 0
            return self._verdict(LoopKind.UNCHANGED_TREE, self._still_since, f"tree {step.tree[:12]}", 0.5, "")
        return None

    def _weigh_call(self, step: Step, edits: bool) -> bool:
        """Weigh a call against those before it; Out: whether it brought something new."""
        repeat = self._calls.meet(step, self.index, is_edit=edits)
        kind = self._kind(repeat, edits)
        weight = self._weight(step, repeat, kind)
        if repeat.times:
            self._gain(kind, repeat.times, repeat.last, weight)
            return weight == 0.0
        if step.error:
            self._weigh_error(step)
        return True

    def _weigh_error(self, step: Step) -> None:
        """The same masked error, although the call is another one."""
        key = error_of(step)
        error = self._errors.pop(key, None)
        self._errors[key] = error = error or _Error(self.index)
        if len(self._errors) > MEMORY:
            self._errors.popitem(last=False)
        is_new = error.tells(step)
        if error.times:
            gain = (SECOND if error.times == 1 else ERROR_AGAIN) * self._leniency(step, LoopKind.SAME_ERROR)
            cap = SECOND_CAP if error.times == 1 else float("inf")
            self.evidence.add(LoopKind.SAME_ERROR, gain * (NEWS if is_new else 1.0), error.first, cap)
        error.times += 1

    def _weigh_tree(self, step: Step, edits: bool) -> None:
        """A tree that comes back is an edit and its revert; one that stays for long is a lane that stands still."""
        if step.tree == self._tree:
            self._still += self._still > 0 or edits
            return
        self._tree = step.tree
        self._still = 1 if self._trees else 0
        self._still_since = self.index
        times = self._trees.pop(step.tree, 0)
        self._trees[step.tree] = times + 1
        if len(self._trees) > MEMORY:
            self._trees.popitem(last=False)
        if times:
            self._gain(LoopKind.EDIT_AND_REVERT, times, self.index, self._leniency(step, LoopKind.EDIT_AND_REVERT))

    def _gain(self, kind: LoopKind, times: int, last: int, weight: float) -> None:
        if times == 1:
            self.evidence.add(kind, SECOND * weight, last, SECOND_CAP)
        else:
            self.evidence.add(kind, THIRD * weight, last)

    def _kind(self, repeat: Repeat, edits: bool) -> LoopKind:
        if edits:
            return LoopKind.SAME_EDIT
        if repeat.edits_between:
            return LoopKind.SAME_CHECK
        return LoopKind.SAME_CALL if repeat.last == self.index - 1 else LoopKind.CYCLE

    def _weight(self, step: Step, repeat: Repeat, kind: LoopKind) -> float:
        if repeat.times == 0:
            return 0.0
        weight = self._leniency(step, kind)
        if kind is LoopKind.SAME_CHECK:
            weight *= CHECK_WEIGHT[result_of(step)]
        elif not repeat.is_same or not (step.output or step.error):
            weight *= DOUBT
        if is_wait(step):
            weight *= PAUSE_WEIGHT if is_pause(step) else WAIT_WEIGHT
        return weight

    def _leniency(self, step: Step, kind: LoopKind) -> float:
        if pardon(kind, step.tool) in self.forgiven:
            return 0.0
        return FORGIVEN_WEIGHT if step.tool in self.forgiven or kind.value in self.forgiven else 1.0

    def _verdict(self, kind: LoopKind, began: int, evidence: str, confidence: float, subject: str) -> Verdict | None:
        if kind in _COUNTED_IN_TURNS and kind.value in self.forgiven:
            return None
        self.count += 1
        return Verdict(kind, max(0, began), self.index, "step", evidence, confidence, self.count, subject)


def _line(step: Step) -> str:
    call = " ".join([step.tool, *(value for _, value in step.arguments)])
    outcome = step.error or step.output
    return f"{excerpt(call, 100)} → {excerpt(outcome, 60) or 'no output'}"
