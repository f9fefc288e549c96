from __future__ import annotations

from tests.tui.stage import settled, text
from tui.glyphs import PRETTY
from tui.wishes import SHOWN_S, Wishes


def test_a_wish_goes_from_sending_to_acknowledged_and_then_leaves_the_screen() -> None:
    wishes = Wishes()
    wish = wishes.add("pause client", 10.0)
    assert "sending" in text(wishes.row(10.0, PRETTY))
    wish.command_id, wish.status = "c1", "queued"
    assert "queued" in text(wishes.row(11.0, PRETTY))
    wishes.receive([settled("c1", "delivered", "")], 12.0)
    assert "delivered" in text(wishes.row(12.0, PRETTY))
    assert wishes.receive([settled("c1", receipt="client pauses at its next turn")], 13.0) == (wish,)
    assert text(wishes.row(13.0, PRETTY)) == "pause client → client pauses at its next turn"
    assert wishes.row(13.0 + SHOWN_S + 1, PRETTY) == ()


def test_a_refused_wish_stays_until_it_was_read() -> None:
    wishes = Wishes()
    wishes.add("pause client", 10.0).command_id = "c1"
    wishes.receive([settled("c1", "refused", "client is paused already")], 11.0)
    assert "refused: client is paused already" in text(wishes.refusal(9_999.0))
    wishes.dismiss()
    assert wishes.refusal(9_999.0) == ()


def test_a_refusal_does_not_come_back_after_the_same_wish_was_granted() -> None:
    wishes = Wishes()
    wishes.add("new goal", 10.0).command_id = "c1"
    wishes.receive([settled("c1", "refused", "no")], 11.0)
    wishes.add("new goal", 12.0).command_id = "c2"
    wishes.receive([settled("c2")], 13.0)
    assert wishes.refusal(9_999.0) == ()


def test_a_wish_that_nobody_takes_says_so() -> None:
    wishes = Wishes()
    wish = wishes.add("pause client", 10.0)
    wish.command_id, wish.status = "c1", "queued"
    assert "no engine has taken it yet" in text(wishes.row(20.0, PRETTY))


def test_only_open_wishes_are_asked_about() -> None:
    wishes = Wishes()
    for name in ("c1", "c2"):
        wishes.add(name, 1.0).command_id = name
    wishes.receive([settled("c1")], 2.0)
    assert wishes.open_ids() == ("c2",)


def test_a_receipt_from_outside_is_cleaned() -> None:
    wishes = Wishes()
    wishes.add("pause", 1.0).command_id = "c1"
    wishes.receive([settled("c1", "refused", "no \x1b[2Jway\nback")], 2.0)
    assert text(wishes.refusal(2.0)).endswith("no way back")
