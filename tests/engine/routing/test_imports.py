"""What the terminal loads of the router: the values that the state holds, and nothing that decides."""

from __future__ import annotations

import subprocess
import sys


def test_folding_a_log_loads_what_was_learned_and_nothing_that_decides() -> None:
    program = "import sys, engine.evolve; print(*sorted(one for one in sys.modules if 'routing' in one))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.split() == []
