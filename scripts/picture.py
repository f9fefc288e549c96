"""Make the README's picture: the dashboard in the middle of the demo, as an SVG.

Usage: python scripts/picture.py docs/dashboard.svg
"""

import asyncio
import sys
from pathlib import Path

from tui.dashboard import Dashboard
from tui.cli.demo import forget_demo, start_demo

SIZE = (150, 44)
MOMENT_S = 9.0
"""When most is going on at once."""


async def main(target: Path) -> None:
    """Start the demo, look at it, write the picture, tidy up."""
    session, _run = start_demo()
    try:
        app = Dashboard(session)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(MOMENT_S)
            svg = app.export_screenshot(title="orchestra-tui")
    finally:
        forget_demo(session)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(svg, encoding="utf-8")


asyncio.run(main(Path(sys.argv[1])))
