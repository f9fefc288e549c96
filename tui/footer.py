"""What the footer offers: the keys that the focused lane needs come first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from engine.state import Approval
from tui.answers import choices
from tui.keys import TABLE, Key, Place, footer_keys
from tui.lane_view import LaneView
from tui.phase import Phase

Offer = tuple[str, str]
"""A key as it is shown, and its word."""
MOST = 7

_FIRST: dict[Phase, tuple[str, ...]] = {
    Phase.LOOPING: ("lane.break", "lane.steer", "lane.forgive", "lane.escalate", "lane.open"),
    Phase.FAILED: ("lane.retry", "lane.open", "lane.needs"),
    Phase.CANCELLED: ("lane.undo", "lane.retry", "lane.open"),
    Phase.PAUSED: ("lane.pause", "lane.steer", "lane.open"),
}
"""What a lane in that phase needs most; where none is named, the usual keys."""
_STOPPED = ("run.resume", "lane.open", "run.list")
_SETTLED = ("lane.open", "lane.needs", "prompt.enter")
_WITHOUT_MODEL = ("lane.open", "lane.cancel", "lane.needs")
"""A command of the engine: nobody there to be spoken to, and nothing stronger to give it to."""
_RUN_OVER = ("lane.open", "prompt.enter", "run.list")
_LAST = ("app.help_lanes", "app.detach")


def footer_offers(
    place: Place,
    table: Sequence[Key] = TABLE,
    lane: LaneView | None = None,
    asked: Approval | None = None,
    is_over: bool = False,
    is_stopped: bool = False,
) -> tuple[Offer, ...]:
    """At most seven keys for what has the focus.

    In: lane, the selected one; asked, its question; is_over, whether the run is; is_stopped, whether nobody plays it.
    """
    keys = {key.id: key for key in table}
    if place is not Place.LANES or lane is None:
        return tuple((key.shown, key.word) for key in footer_keys(place, tuple(table)))
    if is_stopped:
        # Nothing else leads on: an answer too is heard only by an engine that plays the run.
        return _named(keys, (*_STOPPED, *_LAST))
    if asked is not None:
        return _answers(asked, keys)
    if is_over:
        keys["prompt.enter"] = replace(keys["prompt.enter"], word="new goal")
        return _named(keys, (*_RUN_OVER, *_LAST))
    if lane.phase is Phase.PAUSED:
        keys["lane.pause"] = replace(keys["lane.pause"], word="go on")
    first = _FIRST.get(lane.phase) or (_SETTLED if lane.phase.is_over else () if lane.model else _WITHOUT_MODEL)
    if not first:
        return tuple((key.shown, key.word) for key in footer_keys(place, tuple(table)))
    return _named(keys, (*first[: MOST - len(_LAST)], *_LAST))


def _answers(asked: Approval, keys: dict[str, Key]) -> tuple[Offer, ...]:
    offered = choices(asked)
    quick = tuple((choice.key, choice.phrase) for choice in offered if choice.is_quick)
    is_all = len(quick) == len(offered)
    opens = (keys["lane.open"].shown, "read" if is_all else "choose")
    return (*quick[: MOST - 3], opens, *_named(keys, ("lane.needs", *_LAST)))[:MOST]


def _named(keys: dict[str, Key], names: Sequence[str]) -> tuple[Offer, ...]:
    return tuple((keys[name].shown, keys[name].word) for name in names if name in keys)
