"""The way into the dashboard: what must be settled before Textual is imported, then the dashboard itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.conductor import Conductor

FRAMES_PER_S = "120"
"""How often Textual may draw. Lanes repaint 20 times a second anyway; a key waits half as long for the next frame."""

SWITCH_INTERVAL_S = 0.001
"""A key must not wait behind the follower's thread for five milliseconds, which is Python's default."""


def run_dashboard(conductor: Conductor, look: Callable[[], dict[str, Any]] = dict, **options: Any) -> int:
    """Open the dashboard and stay until the person leaves.

    In:   the conductor; look, which gives options that cannot be known without Textual (theme, keys); any other option
          of `tui.dashboard.Dashboard` by name.
    Out:  the exit code.
    """
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_PER_S)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    from tui.dashboard import Dashboard

    app = Dashboard(conductor, **look(), **options)
    app.run()
    if app.farewell:
        sys.stdout.write(app.farewell + "\n")
    return app.return_code or 0
