"""Make the README's picture: the dashboard in the middle of the demo, as an SVG.

Usage: python scripts/picture.py docs/dashboard.svg
"""

import asyncio
import sys
from pathlib import Path

from tui.cli.session import Session
from tui.dashboard import Dashboard

SIZE = (150, 44)
MOMENT_S = 9.0
"""When most is going on at once."""


async def main(target: Path) -> None:
    """Start the demo, look at it, write the picture, tidy up."""
    session = Session.of_demo(1.0)
    try:
        app = Dashboard(session)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(MOMENT_S)
            svg = app.export_screenshot(title="orchestra-tui")
    finally:
        session.forget_demo()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(svg, encoding="utf-8")


asyncio.run(main(Path(sys.argv[1])))
