"""The dashboard on a store, without an engine: `python -m tests.stubs.show STORE [THEME]`, to look at or to measure."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.stubs.conductor import FakeConductor
from tui.app import run_dashboard

if __name__ == "__main__":
    names = [word for word in sys.argv[2:] if "/" not in word]
    run_dashboard(FakeConductor(store_path=Path(sys.argv[1])), theme=names[0] if names else "dusk")
