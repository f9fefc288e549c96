"""What one lane shows: pure, from the run and the time."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.state import Approval, Lane, Run, Task
from engine.words import CheckResult, Role
from tui import figures
from tui.answers import choices
from tui.cells import Row, tidy, tidy_line
from tui.glyphs import PRETTY, Glyphs
from tui.phase import Phase, phase_of
from tui.titles import handed_by, title_of, voice_of, who

FADE_S = 30.0
"""How long a finished lane keeps its pane while it fades."""

TOLD_LINES = 60
"""How much of what is to be read a pane is given."""

ABOUT_THEIR_BODY = frozenset({"plan", "gate", "vote"})
"""Questions whose body is to be read before any of the lane's own words."""

ATTENTION = frozenset({Phase.ASKS, Phase.LOOPING, Phase.FAILED})
"""Phases whose colour the whole frame takes."""


class Lens(msgspec.Struct, frozen=True):
    """What a picture depends on beside the state."""

    now: float
    """Seconds since the epoch."""
    glyphs: Glyphs = PRETTY
    rates: tuple[tuple[str, float], ...] = ()
    """Tokens per second of the lanes that stream."""
    subjects: Mapping[str, str] = {}
    """First lines of the commits that the run goes over, by their full id."""
    is_stopped: bool = False
    """Whether no engine plays the run although it is not over."""

    def rate(self, task: str) -> float:
        """Tokens per second of one lane, 0 when it is silent."""
        return next((rate for name, rate in self.rates if name == task), 0.0)


class Gauge(msgspec.Struct, frozen=True):
    """How full a context window is."""

    used: int
    effective: int
    largest: int
    is_estimated: bool
    is_truncated: bool

    @property
    def share(self) -> float:
        """Used of effective, 0 to 1 and beyond."""
        return self.used / self.effective if self.effective else 0.0

    @property
    def role(self) -> str:
        """Its colour: calm, then warning, then alarm."""
        if self.is_truncated or self.share >= 0.95:
            return "error"
        return "warning" if self.share >= 0.8 else "accent"


class LaneView(msgspec.Struct, frozen=True):
    """One lane as the screen shows it; every text is clean."""

    task: str
    number: int
    """The digit that jumps to it; 0 for a review, which has none."""
    phase: Phase
    word: str
    """The state in words: `queued 2nd`, `tool run`, `proven`."""
    agent: str
    title: str
    model: str
    place: str
    """local or cloud."""
    gauge: Gauge | None
    rate: str
    turn: str
    notice: tuple[Row, ...]
    """What must be read before the output: a question, a loop, a failure, a proof."""
    gist: str
    """The one thing to know when the lane has a single line."""
    fade: int = 0
    """Per cent of fading."""
    origin: str = ""
    """Who passed the task on to whoever has it now."""
    told: tuple[str, ...] = ()
    """What there is to read where nobody streams: the body of a question, what a command printed."""

    @property
    def role(self) -> str:
        """The colour of its state."""
        return self.phase.role + (f"~{self.fade}" if self.fade else "")

    @property
    def is_busy(self) -> bool:
        """Whether it needs its pane: somebody works there, or it waits for the person."""
        return self.phase.rank <= 3

    @property
    def has_pane(self) -> bool:
        """Whether it deserves a pane where there is room for one: busy, or just finished with something to show."""
        if self.is_busy:
            return True
        return self.fade < (12 if self.phase in (Phase.DONE, Phase.SENT_BACK) else 60) and self.phase.rank <= 4

    @property
    def order(self) -> tuple[int, int]:
        """Its place on the screen."""
        settled = 0 if self.has_pane else 5
        return (max(self.phase.rank, settled), self.number or 1_000)


def lane_view(run: Run, task: Task, number: int, lens: Lens) -> LaneView:
    """What a task's lane shows."""
    lane = run.lanes.get(task.task) or Lane(task.task)
    phase = phase_of(run, task, lens.is_stopped)
    model, place = _model(run, task, lane)
    rate = lens.rate(task.task)
    return LaneView(
        task=task.task,
        number=number,
        phase=phase,
        word=_word(run, task, lane, phase, lens),
        agent=who(task),
        title=title_of(task, lens.subjects),
        model=model,
        place=place,
        gauge=_gauge(lane),
        rate=f"{rate:.0f} tok/s" if rate >= 0.5 and not phase.is_over else "",
        turn=_turn(task, lane),
        notice=_notice(run, task, lane, phase, lens),
        gist=_gist(run, task, lane, phase),
        fade=_fade(run, task, phase, lens.now),
        origin=handed_by(task),
        told=_told(run, task, phase),
    )


def question_view(asked: Approval, lens: Lens) -> LaneView:
    """A question about the whole run: it waits in a lane of its own, for it has no task."""
    return LaneView(
        task=asked.task,
        number=0,
        phase=Phase.ASKS,
        word=Phase.ASKS.word,
        agent="the run",
        title="before anything starts" if asked.form == "check" else tidy_line(asked.title),
        model="",
        place="",
        gauge=None,
        rate="",
        turn="",
        notice=_asked(asked, lens),
        gist=tidy_line(asked.title),
        told=_lines(asked.reach),
    )


def _model(run: Run, task: Task, lane: Lane) -> tuple[str, str]:
    name = lane.model or task.model
    if not name:
        return "", ""
    card = run.roster.get(task.agent)
    rung = next((rung for rung in card.ladder if rung.model == name), None) if card else None
    is_local = rung.is_local if rung else lane.tier != "cloud"
    return tidy_line(name.partition("/")[2] or name), "local" if is_local else "cloud"


def _word(run: Run, task: Task, lane: Lane, phase: Phase, lens: Lens) -> str:
    if phase in (Phase.WAITING_MODEL, Phase.QUEUED) and lane.queued_at:
        return f"queued {figures.ordinal(queue_place(run, lane))}"
    if phase is Phase.PAUSED and lane.in_turn:
        return "pausing"
    if phase is Phase.TOOL and lane.tool:
        return f"tool {tidy_line(lane.tool.name)}"
    if phase is Phase.RUNNING and lane.in_turn and not lens.rate(task.task):
        waited = lens.now - lane.turn_started_at
        return f"waiting {figures.ago(waited)}" if waited >= 2 else "running"
    if phase is Phase.DONE and task.verdict:
        return "accepts"
    if phase is Phase.DONE and (voice := voice_of(run, task)):
        return f"says {voice}"
    if phase is Phase.REVISING and task.is_resolving:
        return "resolving"
    if phase is Phase.REVISING and task.hops and task.reason.startswith(f"{task.hops[-1]} passed it on"):
        return "handed on"
    return phase.word


def queue_place(run: Run, lane: Lane) -> int:
    """A lane's place among those that wait for the same host, 1 is next."""
    ahead = [
        other
        for other in run.lanes.values()
        if other.queued_host == lane.queued_host and 0 < other.queued_at < lane.queued_at
    ]
    return len(ahead) + 1


def _gauge(lane: Lane) -> Gauge | None:
    if not lane.effective_tokens:
        return None
    is_estimated = any(part.is_estimated for part in lane.parts)
    return Gauge(lane.used_tokens, lane.effective_tokens, lane.max_tokens, is_estimated, lane.is_truncated)


def _turn(task: Task, lane: Lane) -> str:
    parts = [f"turn {lane.turn}"] if lane.turn else []
    if task.attempt > 1:
        parts.append(f"attempt {task.attempt}")
    return " ".join(parts)


def _fade(run: Run, task: Task, phase: Phase, now: float) -> int:
    settled_at = task.settled_at or run.ended_at
    if not phase.is_over or not settled_at:
        return 0
    age = max(0.0, now - settled_at)
    # In steps, so that a fading frame is drawn five times and not at every tick.
    return min(60, int(age / FADE_S * 5) * 12)


def _notice(run: Run, task: Task, lane: Lane, phase: Phase, lens: Lens) -> tuple[Row, ...]:
    if phase is Phase.ASKS:
        return _question(run, task, lens)
    if phase is Phase.LOOPING and lane.loop:
        return _loop(lane, lens)
    if phase.is_over:
        return _outcome(task, phase)
    rows: list[Row] = []
    if task.spec.command:
        rows.append((("$ ", "dim"), (tidy_line(task.spec.command.run), "code")))
    if lane.is_truncated:
        rows.append((("TRUNCATED ", "error+bold"), ("the server read less than we sent", "error")))
    if lane.trouble:
        rows.append(((f"{lens.glyphs.warning} ", "warning"), (tidy_line(lane.trouble), "warning")))
    unread = lane.nudges[lane.delivered :]
    rows += [(("you: ", "note"), (tidy_line(text), "note+italic")) for text in unread[-2:]]
    return tuple(rows)


def _told(run: Run, task: Task, phase: Phase) -> tuple[str, ...]:
    if phase is Phase.ASKS:
        asked = question_of(run, task.task)
        return _lines(asked.body) if asked and asked.form in ABOUT_THEIR_BODY else ()
    return _lines(task.output) if task.spec.role in (Role.COMMAND, Role.VOTE) else ()


def _lines(text: str) -> tuple[str, ...]:
    # Text that is cut here is read in full on the question's own screen.
    return tuple(tidy(text[: TOLD_LINES * 200]).strip().split("\n")[:TOLD_LINES]) if text.strip() else ()


def _question(run: Run, task: Task, lens: Lens) -> tuple[Row, ...]:
    asked = question_of(run, task.task)
    if asked is None:
        return ((("waiting: ", "asks"), (tidy_line(task.reason), "base")),)
    return _asked(asked, lens)


def _asked(approval: Approval, lens: Lens) -> tuple[Row, ...]:
    rows: list[Row] = [((tidy_line(approval.title), "asks+bold"),)]
    first = tidy_line(approval.body.strip().split("\n", 1)[0])
    if approval.form == "command" and first and first not in approval.title:
        rows.append((("$ ", "dim"), (first, "code")))
    if approval.why:
        rows.append(((tidy_line(approval.why), "dim"),))
    rows.append(answer_row(approval, lens.glyphs))
    return tuple(rows)


def question_of(run: Run, task: str) -> Approval | None:
    """The oldest open question of a task, or of the run where no task is named."""
    return next((asked for asked in run.approvals.values() if asked.task == task and asked.is_open), None)


def answer_row(approval: Approval, glyphs: Glyphs) -> Row:
    """The keys that answer a question from here, then the one that opens it."""
    row: list[tuple[str, str]] = []
    offered = choices(approval)
    for choice in offered:
        if choice.is_quick:
            row += [(choice.key, "asks+bold"), (f" {choice.phrase}", "base"), (glyphs.dot, "faint")]
    others = ", ".join(choice.phrase for choice in offered if not choice.is_quick)
    row += [("enter", "asks+bold"), (" choose " if others else " read", "base"), (others, "dim")]
    return tuple(row)


def _loop(lane: Lane, lens: Lens) -> tuple[Row, ...]:
    seen = lane.loop
    if seen is None:
        return ()
    head: Row = (("LOOP ", "looping+bold"), (tidy_line(seen.form), "looping"))
    evidence: Row = ((tidy_line(seen.evidence), "base"),)
    keys: Row = (("b", "looping+bold"), (" break it", "base"), (lens.glyphs.dot, "faint"))
    keys += (("s", "looping+bold"), (" steer", "base"), (lens.glyphs.dot, "faint"))
    keys += (("f", "looping+bold"), (" not a loop", "base"), (lens.glyphs.dot, "faint"))
    keys += (("e", "looping+bold"), (" stronger model", "base"))
    return (head, evidence, keys)


def _outcome(task: Task, phase: Phase) -> tuple[Row, ...]:
    rows: list[Row] = []
    if phase in (Phase.PROVEN, Phase.NO_WORSE):
        rows.append(((f"{task.proof_word}: ", f"{phase.role}+bold"), (proof(task), "base")))
    elif phase is Phase.CLAIMED:
        rows.append((("claimed: ", "claimed+bold"), ("no check proves it", "base")))
    elif phase in (Phase.FAILED, Phase.SKIPPED, Phase.PASSED):
        rows.append(((f"{phase.word}: ", f"{phase.role}+bold"), (tidy_line(task.reason), "base")))
    if task.files:
        changed = f"{figures.plural(len(task.files), 'file')}  "
        rows.append(((changed, "dim"), (f"+{task.insertions} ", "add"), (f"−{task.deletions}", "remove")))
    return tuple(rows)


def proof(task: Task) -> str:
    """What the engine's own check said, in one line."""
    if task.proof:
        return tidy_line(task.proof)
    return evidence_line(task.evidence) if task.evidence else "checked by the engine"


def evidence_line(result: CheckResult) -> str:
    """A check's result in one line: command, then number or exit code."""
    said = f"{result.number:g}" if result.number is not None else ("passed" if result.is_green else "failed")
    return f"{tidy_line(result.command)}: {said} (exit {result.exit_code})"


def _gist(run: Run, task: Task, lane: Lane, phase: Phase) -> str:
    if phase is Phase.ASKS:
        approval = question_of(run, task.task)
        return tidy_line(approval.title) if approval else tidy_line(task.reason)
    if phase is Phase.LOOPING and lane.loop:
        return tidy_line(lane.loop.evidence)
    if phase in (Phase.PROVEN, Phase.NO_WORSE):
        return proof(task)
    if phase in (Phase.FAILED, Phase.SKIPPED, Phase.PASSED, Phase.REVISING):
        return tidy_line(task.reason)
    if phase in (Phase.CLAIMED, Phase.DONE, Phase.SENT_BACK):
        return tidy_line(task.summary) or ("no check proves it" if task.spec.role is Role.WORK else "")
    if lane.tool and lane.tool.is_running:
        return tidy_line(lane.tool.line)
    return tidy_line(lane.trouble)
