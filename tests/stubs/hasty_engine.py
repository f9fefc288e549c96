"""The real engine, which loses patience after half a second without work: `python -m tests.stubs.hasty_engine`."""

from __future__ import annotations

import sys

from agents.__main__ import main
from engine import host

if __name__ == "__main__":
    host.IDLE_S = 0.5
    sys.exit(main())
