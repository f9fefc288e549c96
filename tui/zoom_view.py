"""What the tabs of a zoomed lane show: pure, from the run to lines."""

from __future__ import annotations

from collections.abc import Iterable
from time import localtime, strftime

from engine.state import Lane, Run, Task
from engine.words import CheckResult, TaskId
from tui import figures
from tui.cells import Row, pad, tidy, tidy_line
from tui.glyphs import Glyphs
from tui.lane_view import evidence_line
from tui.marking import mark_diff
from tui.picture import Fact

TABS = ("Output", "Diff", "Context", "Checks", "Events")

_PART_ROLES = ("accent", "tool", "note", "code", "checking", "paused", "running")


def has_files(run: Run, name: str) -> bool:
    """Whether a lane has files of which there could be a diff: a worktree, a commit, or those of what it reviews."""
    task = run.tasks.get(TaskId(name))
    subject = run.tasks.get(TaskId(task.spec.about)) if task and task.spec.about else task
    lane = run.lanes.get(TaskId(name))
    has_worktree = lane is not None and bool(lane.worktree) and not lane.is_reaped
    return bool(subject and subject.commit) or has_worktree


def diff_lines(patch: str) -> list[Row]:
    """A unified diff, coloured line by line."""
    lines = tidy(patch).split("\n")
    if not patch.strip():
        return [(("No changes yet.", "dim+italic"),)]
    return [mark_diff(line) for line in lines]


def diff_summary(patch: str) -> str:
    """Files and lines of a diff in a few words."""
    lines = patch.split("\n")
    files = sum(line.startswith("+++ ") for line in lines)
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return f"{figures.plural(files, 'file')}  +{added} −{removed}" if files else ""


def context_lines(lane: Lane, width: int, glyphs: Glyphs) -> list[Row]:
    """What fills the window: a bar over all parts, then a table."""
    if not lane.effective_tokens:
        return [(("Nothing was sent yet.", "dim+italic"),)]
    share = lane.used_tokens / lane.effective_tokens
    rows: list[Row] = [
        (
            (figures.count(lane.used_tokens), "strong+bold"),
            (f" used of {figures.window(lane.effective_tokens)} effective", "base"),
            (f" ({figures.percent(share)})", "dim"),
            (f"   the model could hold {figures.window(lane.max_tokens)}" if lane.max_tokens else "", "dim"),
        ),
        (),
        _bar(lane, min(width, 100), glyphs),
        (),
    ]
    if lane.is_truncated:
        rows.insert(1, (("TRUNCATED: the server read fewer tokens than we sent; the lane stopped.", "error+bold"),))
    return [*rows, *_part_table(lane), (), *_usage_rows(lane)]


def _bar(lane: Lane, width: int, glyphs: Glyphs) -> Row:
    pieces: list[tuple[str, str]] = []
    used = 0
    for index, part in enumerate(lane.parts):
        cells = round(part.tokens / lane.effective_tokens * width)
        cells = max(1, min(cells, width - used)) if part.tokens and used < width else 0
        pieces.append((glyphs.full * cells, _PART_ROLES[index % len(_PART_ROLES)]))
        used += cells
    return (*pieces, (glyphs.empty * max(0, width - used), "faint"))


def _part_table(lane: Lane) -> list[Row]:
    rows: list[Row] = [((pad("part", 18), "dim+bold"), ("tokens".rjust(9), "dim+bold"), ("share".rjust(8), "dim+bold"))]
    for index, part in enumerate(lane.parts):
        about = "~" if part.is_estimated else " "
        role = _PART_ROLES[index % len(_PART_ROLES)]
        share = figures.percent(part.tokens / lane.effective_tokens)
        rows.append(
            (
                ("■ ", role),
                (pad(tidy_line(part.name), 16), "base"),
                (f"{about}{part.tokens:,}".rjust(9), "base"),
                (share.rjust(8), "dim"),
            )
        )
    free = max(0, lane.effective_tokens - lane.used_tokens)
    rows.append((("  ", ""), (pad("free", 16), "dim"), (f"{free:,}".rjust(9), "dim")))
    return rows


def _usage_rows(lane: Lane) -> list[Row]:
    usage = lane.usage
    about = "~" if usage.is_estimated else ""
    facts = [
        ("turns", str(lane.turn)),
        ("tokens read", f"{about}{usage.prompt_tokens:,} ({usage.cached_tokens:,} of them cached)"),
        ("tokens written", f"{about}{usage.output_tokens:,}"),
        ("time at the model", figures.clock(usage.duration_s)),
        ("cost", figures.money(usage.cost_usd)),
        ("tool calls", f"{lane.tool_calls} ({lane.tool_errors} failed)"),
        ("loops seen", str(lane.loops)),
    ]
    return [((pad(name, 20), "dim"), (value, "base")) for name, value in facts]


def check_lines(run: Run, task: Task) -> list[Row]:
    """What was proven and what is only claimed, with the numbers before and after."""
    rows: list[Row] = [_standing(task), ()]
    check = task.spec.check or run.check
    if check is None:
        rows.append((("No check is set: the result stays a claim.", "dim"),))
        return [*rows, *_verdict(task)]
    before = run.evidence_for(run.base_tree, check)
    rows.append((("check   ", "dim"), (tidy_line(check.run), "code"), (f"   wants {check.want}", "dim")))
    rows += [(), *_result("before", before), *_result("after", task.evidence or _latest(run, task))]
    return [*rows, *_verdict(task)]


def _standing(task: Task) -> Row:
    if task.is_proven:
        return ((f"{task.proof_word}  ", "proven+bold"), (tidy_line(task.proof), "base"))
    if task.commit or task.summary:
        return (("claimed ", "claimed+bold"), (tidy_line(task.summary) or "the agent says it is done", "base"))
    return (("open    ", "dim+bold"), ("nothing is claimed yet", "dim"))


def _latest(run: Run, task: Task) -> CheckResult | None:
    return next((result for result in run.evidence.values() if task.tree and result.tree == task.tree), None)


def _result(when: str, result: CheckResult | None) -> list[Row]:
    if result is None:
        return [((pad(when, 8), "dim"), ("not run yet", "faint+italic")), ()]
    role = "proven" if result.is_green else "failed"
    head: Row = ((pad(when, 8), "dim"), (evidence_line(result), role), (f"   {result.duration_s:.1f} s", "dim"))
    where = f"tree {result.tree[:10]}" + (f"   sandbox {tidy_line(result.sandbox)}" if result.sandbox else "")
    output: list[Row] = [(("        ", ""), (line, "dim")) for line in tidy(result.output).strip().split("\n")[-20:]]
    return [head, (("        ", ""), (where, "faint")), *output, ()]


def _verdict(task: Task) -> list[Row]:
    verdict = task.verdict
    if verdict is None:
        return []
    word, role = ("accepted", "proven") if verdict.accepts else ("sent back", "failed")
    rows: list[Row] = [((pad("review", 8), "dim"), (f"{word}: ", f"{role}+bold"), (tidy_line(verdict.summary), "base"))]
    for finding in verdict.findings:
        place = f"{tidy_line(finding.path)}:{finding.line}  " if finding.path else ""
        rows.append(
            (
                ("        ", ""),
                (f"{tidy_line(finding.severity)}  ", "warning"),
                (place, "code"),
                (tidy_line(finding.text), "base"),
            )
        )
        if finding.evidence:
            rows.append((("          ", ""), (tidy_line(finding.evidence), "dim")))
    return rows


def event_lines(facts: Iterable[Fact], task: str) -> list[Row]:
    """The journal of a lane, with the run's own facts dimmed between."""
    rows: list[Row] = []
    for fact in facts:
        if fact.task not in ("", task):
            continue
        when = strftime("%H:%M:%S", localtime(fact.at))
        rows.append(
            ((f"{when} ", "faint"), (f"{fact.seq:>6}  ", "faint"), (fact.text, fact.role if fact.task else "dim"))
        )
    return rows or [(("Nothing happened yet.", "dim+italic"),)]
