"""Real tokens: the tiny model digests real commits, two replies at a time, into a file on a branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.models import smollm
from agents.models.embedded import is_installed
from tests.e2e.world import Done, World
from tui.cli.follow import closing_lines

CACHE = smollm.cache_folder()
SUBJECTS = (
    "Fix the crash on an empty configuration file",
    "Prices are kept in memory for an hour",
    "The form keeps what was typed after an error",
    "Remove the old importer",
    "Tests of the parser: empty input, long lines",
    "The command line has a table of exit codes",
)

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(
        not (is_installed() and smollm.is_fetched(CACHE)), reason="no embedded model in the user's cache"
    ),
]


@pytest.fixture
def shop(world: World) -> World:
    """A repository with a history, and the model in this world's cache."""
    world.make_repository({"README.md": "# The shop\n"})
    for number, subject in enumerate(SUBJECTS):
        world.write({f"shop/part{number}.py": f'"""Part {number} of the shop."""\n' * (number + 1)})
        world.git("add", "-A")
        world.git("commit", "-qm", subject)
    models = Path(world.env["XDG_CACHE_HOME"]) / "orchestra-tui" / "models"
    models.mkdir(parents=True)
    (models / smollm.FILE_NAME).symlink_to(CACHE / smollm.FILE_NAME)
    return world


@pytest.fixture
def done(shop: World) -> Done:
    """The digest of all but the first commit, as JSON."""
    words = ("What changed?", "--flow", "digest", "--commits", str(len(SUBJECTS)), "--lanes", "4", "--yes", "--json")
    return shop.run("run", *words, timeout_s=110.0)


def test_a_digest_of_commits_is_one_file_on_a_branch_with_a_line_for_each(shop: World, done: Done) -> None:
    assert done.code == 0, done.err
    run = shop.state()
    text = shop.git("show", f"{run.branch}:orchestra-digest.md")
    lines = [line for line in text.splitlines() if line.startswith("- `")]

    assert text.startswith("# What changed?\n\n6 commits, read by `embedded/smollm2` (tiny model")
    assert [line.partition("` ")[2].partition(" → ")[0] for line in lines] == list(reversed(SUBJECTS))
    assert all(line.partition(" → ")[2].strip() for line in lines)
    assert not (shop.root / "orchestra-digest.md").exists()
    assert f"orchestra-digest.md on branch {run.branch}, {len(text.splitlines())} lines:" in closing_lines(run)


def test_two_lanes_stream_at_once_while_others_wait_in_the_visible_queue(shop: World, done: Done) -> None:
    turns = [event for event in done.events if event["kind"] in ("TurnStarted", "TurnEnded", "TurnQueued")]
    kinds = [event["kind"] for event in turns]

    assert sorted(kinds[:4]) == ["TurnQueued"] * 2 + ["TurnStarted"] * 2
    assert max(event["ahead"] for event in turns if event["kind"] == "TurnQueued") == 2


def test_each_prompt_is_short_and_no_turn_is_asked_twice(shop: World, done: Done) -> None:
    ended = [event for event in done.events if event["kind"] == "TurnEnded" and event["task"].startswith("map-")]

    assert len(ended) == len(SUBJECTS)
    assert max(event["usage"]["prompt_tokens"] for event in ended) <= 350
    assert not {"LoopFound", "TaskRevised"} & {event["kind"] for event in done.events}
