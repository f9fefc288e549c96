"""Whole runs of flows inside one process; the scenes, and the stage that plays them."""

import pytest

pytest.register_assert_rewrite("tests.e2e.flows.stage")
