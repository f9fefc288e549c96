"""The real engine with waits of tenths of a second where it has minutes: `python -m tests.stubs.impatient_engine`."""

from __future__ import annotations

import sys
from functools import partial

from agents import compose
from agents.__main__ import main
from agents.crew import Crew
from agents.models import directory
from agents.models.http import ModelTimeouts
from agents.retries import Retries

TIMEOUTS = ModelTimeouts(first_byte_s=1.5, silence_s=0.5, answer_s=2.0)

if __name__ == "__main__":
    # Both are looked up by name when they are first needed, so that this reaches them.
    vars(directory)["Directory"] = partial(directory.Directory, timeouts=TIMEOUTS)
    vars(compose)["Crew"] = partial(Crew, retries=Retries(tries=3, first_s=0.02))
    sys.exit(main())
