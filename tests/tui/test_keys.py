from __future__ import annotations

from tests.tui.stage import stage, text
from tui.chrome import footer_row
from tui.footer import footer_offers
from tui.glyphs import PRETTY
from tui.help import help_lines
from tui.keys import REMEDIES, TABLE, Place, footer_keys, keymap_faults, remapped
from tui.prompt import Prompt


def test_no_key_means_two_things_in_one_place() -> None:
    assert keymap_faults({}) == ()


def test_every_key_does_something() -> None:
    app = stage()
    for key in TABLE:
        name = key.action.partition("(")[0]
        owner: object = app.prompt if key.place is Place.PROMPT else app
        assert callable(getattr(owner, f"action_{name}", None)), key.id


def test_ids_are_unique_and_stable_words() -> None:
    ids = [key.id for key in TABLE]
    assert len(set(ids)) == len(ids)
    assert all(part.replace("_", "").isalpha() for name in ids for part in name.split("."))


def test_the_footer_has_at_most_seven_keys_and_fits() -> None:
    for place in (Place.LANES, Place.PROMPT):
        keys = footer_keys(place)
        assert 3 <= len(keys) <= 7
        for width in (60, 80, 120):
            assert len(text(footer_row(footer_offers(place), width))) <= width


def test_the_help_names_every_key() -> None:
    page = "\n".join(text(row) for row in help_lines(TABLE, PRETTY))
    assert all(key.help in page for key in TABLE)
    assert all(remedy.word in page for remedy in REMEDIES)


def test_destructive_keys_are_capitals_or_chords() -> None:
    destructive = {"lane.cancel", "app.stop", "run.cancel"}
    assert all(key.keys[0].isupper() or key.keys.startswith("ctrl+") for key in TABLE if key.id in destructive)


def test_a_keymap_is_judged_before_it_is_used() -> None:
    assert keymap_faults({"lane.pause": "P"}) == ("`P` means both lane.pause and run.pause",)
    assert keymap_faults({"lane.sing": "l"}) == ("there is no key called `lane.sing`",)


def test_a_remapped_key_shows_in_the_footer() -> None:
    keys = footer_keys(Place.LANES, remapped(TABLE, {"lane.pause": "comma"}))
    assert [key.shown for key in keys if key.id == "lane.pause"] == [","]


async def test_a_remapped_key_works_and_the_old_one_does_not() -> None:
    from tests.stubs.conductor import FakeConductor
    from tests.stubs.history import story
    from tests.tui.stage import picture

    conductor = FakeConductor()
    app = stage(story(), conductor, keymap={"lane.pause": "comma"})
    async with app.run_test(size=(120, 40)) as pilot:
        app.take(picture(story()))
        await pilot.press("escape", "3", "p", "comma")
        await app.workers.wait_for_complete()
    assert [kind for _, kind, _ in conductor.sent] == ["pause"]


def test_the_prompt_speaks_its_keys() -> None:
    shown = {binding.id for binding in Prompt.BINDINGS if not isinstance(binding, tuple)}
    assert {"prompt.target", "prompt.leave"} <= shown
