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


async def take(session: Session) -> str:
    """Look at the dashboard for a while and take its picture."""
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(MOMENT_S)
        return app.export_screenshot(title="orchestra-tui")


def main(target: Path) -> None:
    """Start the demo, take the picture, tidy up."""
    session = Session.of_demo(1.0)
    try:
        svg = asyncio.run(take(session))
    finally:
        session.forget_demo()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(svg, encoding="utf-8")


main(Path(sys.argv[1]))
