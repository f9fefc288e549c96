"""The file that a flow over many items leaves: what it is, the text that combines them, then each item in its order.

The harness writes it. The heading says which model spoke and what is known of it, and names the items that failed; each
line pairs what git says of an item with what the model said, so that a reader sees where the two part.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.clean import clean, clean_line
from engine.graph import upstream_of
from engine.growth import item_title
from engine.items import headlines
from engine.state import Run, Task
from engine.threads import in_thread
from engine.words import TaskState
from engine.workspace import Workspace

SAID_CHARS = 400
"""The most of one item's result that its line holds."""


async def compiled(run: Run, task: Task, workspace: Workspace, text: str) -> str:
    """The content of the file that a task writes.

    In:  the text of the task itself.
    Out: the text alone, unless the task combines the results of items.
    """
    parts = [other for other in upstream_of(run, task) if other.spec.item]
    if not parts:
        return text
    names = await in_thread(headlines, workspace.git, tuple(part.spec.item for part in parts))
    return digest_of(run, task, text, list(zip(parts, names, strict=True)))


def digest_of(run: Run, task: Task, text: str, parts: Sequence[tuple[Task, str]]) -> str:
    """Put the file together. Pure.

    In: parts, each item's task with its headline, in the order of the items.
    """
    lost = [part for part, _ in parts if part.state is not TaskState.DONE]
    models = dict.fromkeys(_speaker(run, one) for one in (*(part for part, _ in parts), task) if one.model)
    lines = [
        f"# {clean_line(run.goal, 200)}",
        "",
        f"{_count(parts)}, read by {', '.join(models)}, in run {run.run}.",
    ]
    if lost:
        lines += ["", f"Failed, {len(lost)} of {len(parts)}: {', '.join(item_title(one.spec.item) for one in lost)}."]
    lines += ["", clean(text).strip(), "", "## One by one", "", *(_line(part, name) for part, name in parts)]
    return "\n".join(lines) + "\n"


def _count(parts: Sequence[tuple[Task, str]]) -> str:
    forms = {part.spec.item.partition(":")[0] for part, _ in parts}
    noun = forms.pop() if len(forms) == 1 and "text" not in forms else "item"
    return f"{len(parts)} {noun}{'s' if len(parts) > 1 else ''}"


def _line(part: Task, name: str) -> str:
    title = item_title(part.spec.item)
    label = f"`{title}`" if title == name else f"`{title}` {name}"
    if part.state is not TaskState.DONE:
        return f"- {label} → **{part.state}**: {clean_line(part.reason, SAID_CHARS) or 'no reason was given'}"
    said = clean_line(part.output or part.summary, SAID_CHARS)
    # A stand-in for a summary repeats the name that the line begins with.
    return f"- {label} → {said.removesuffix(name).strip() or said}"


def _speaker(run: Run, task: Task) -> str:
    """A model with what is known of it, such as that it is tiny."""
    card = run.roster.get(task.agent)
    notes = next((rung.notes for rung in (card.ladder if card else ()) if rung.model == task.model), ())
    return f"`{task.model}` ({', '.join(notes)})" if notes else f"`{task.model}`"
