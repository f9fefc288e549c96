"""Make the pictures of all patterns and flows that ship: each is played from its script, shown when most is going on.

Usage: python scripts/pictures.py [NAME …]        all of them, or those named, into docs/screens/

No model, no network: the same scenes as in the tests, real scheduler and git on a scratch repository.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.evolve import evolve
from engine.state import Run
from engine.words import TaskState
from tests.e2e.flows.patterns import PATTERNS
from tests.e2e.flows.shipped import SCENES
from tests.e2e.flows.stage import RUN, Scene, Stage, stage
from tests.e2e.flows.timing import RestlessClock
from tests.stubs.clock import FakeClock
from tests.stubs.conductor import FakeConductor
from tui.dashboard import Dashboard
from tui.facts import fact_of
from tui.picture import Picture, Piece

FOLDER = Path(__file__).parents[1] / "docs" / "screens"
SIZE = (120, 34)
_CHANCE = re.compile(r"terminal-\d+-")
"""Textual names the styles of each picture anew; a picture that did not change should not differ."""


async def played(folder: Path, scene: Scene) -> Stage:
    """One run of a scene, to its end."""
    clock = RestlessClock()
    async with stage(folder, scene, clock) as here:
        await clock.drive(here.play())
        return here


def picture_of(here: Stage) -> Picture:
    """The run at the moment when most is going on; of equal moments the last."""
    run, facts, best = Run(RUN), [], (0, 0)
    for seq, (event, at) in enumerate(here.events(), start=1):
        run = evolve(run, event, at)
        busy = sum(task.state in (TaskState.RUNNING, TaskState.WAITING) for task in run.tasks.values())
        settled = sum(task.is_settled for task in run.tasks.values())
        # A moment with something behind it and something going on tells more than the first crowd.
        best = max(best, (min(busy, 4) * 10 + min(settled, 4), seq))
    run, moment = Run(RUN), best[1]
    for seq, (event, at) in enumerate(here.events()[:moment], start=1):
        run = evolve(run, event, at)
        facts.append(fact_of(seq, at, event, run))
    begun = {str(task.task) for task in run.tasks.values() if task.attempt}
    pieces = [Piece(one.lane, one.stream, one.text) for one in here.ledger.chunks if one.lane in begun]
    return Picture(run=run, pieces=tuple(pieces), facts=tuple(facts), is_other_run=True)


async def shown(picture: Picture, name: str) -> str:
    """The dashboard with this picture, as an SVG."""
    at = picture.run.at if picture.run else 0.0
    app = Dashboard(FakeConductor(repository="shop"), is_live=False, clock=FakeClock(at + 3.0))
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture)
        await pilot.press("escape")
        await pilot.pause()
        svg = app.export_screenshot(title=f"orchestra-tui · {name}")
    return _CHANCE.sub("terminal-", svg)


def main(names: list[str]) -> None:
    """Play and draw."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    FOLDER.mkdir(parents=True, exist_ok=True)
    scenes = {**SCENES, **PATTERNS}
    for name in names or scenes:
        with tempfile.TemporaryDirectory() as folder:
            here = asyncio.run(played(Path(folder), scenes[name]))
        svg = asyncio.run(shown(picture_of(here), name))
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"docs/screens/{name}.svg")


main(sys.argv[1:])
