"""The ledger of the tests keeps what the real one keeps."""

from __future__ import annotations

import pytest

from engine.errors import StoreFault
from engine.journal import Ledger
from engine.store.rows import EventDraft
from tests.stubs.ledger import MemoryLedger

DRAFT = EventDraft("r1", 1.0, "RunPaused", b'{"kind":"RunPaused"}')


async def test_seqs_go_on_without_a_gap_and_appends_stay_apart() -> None:
    ledger = MemoryLedger()
    port: Ledger = ledger
    assert await port.record([DRAFT, DRAFT]) == range(1, 3)
    assert await port.record([DRAFT]) == range(3, 4)
    assert [row.seq for row in ledger.rows] == [1, 2, 3]
    assert ledger.appends == [("RunPaused", "RunPaused"), ("RunPaused",)]


async def test_a_broken_ledger_keeps_nothing() -> None:
    ledger = MemoryLedger()
    ledger.is_broken = True
    with pytest.raises(StoreFault):
        await ledger.record([DRAFT])
    assert ledger.kinds() == []
