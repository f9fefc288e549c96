"""Items are read from git, and know what they say of themselves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.errors import UserFault
from engine.git.gateway import Git
from engine.git.repository import open_repository
from engine.items import ESSENCE_CHARS, essence, files_matching, headline, headlines, item_text, own_words
from engine.items import recent_commits as recent

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
MESSAGE = "Cache: entries expire\n\nAfter an hour.\nThey were stale.\n\nSigned-off-by: Ada <ada@example.org>\n"


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Two commits: the second has a body, a trailer and a diff."""

    def run(*words: str) -> None:
        subprocess.run(["git", *WHO, *words], cwd=tmp_path, check=True, capture_output=True)

    run("init", "-q", "-b", "main")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/cache.py").write_text('"""Prices in memory.\n\nMore of it.\n"""\n\nimport os\n')
    run("add", "-A")
    run("commit", "-qm", "Start")
    (tmp_path / "README.md").write_text("# The shop\n\nSells.\n")
    run("add", "-A")
    run("commit", "-qm", MESSAGE)
    return open_repository(tmp_path)


def test_a_commit_is_its_message_without_signatures_statistics_and_diff(git: Git) -> None:
    item = recent(git, "HEAD", 1)[0]
    text = item_text(git, item)

    assert "+# The shop" in text
    assert headline(item, text) == own_words(item, text) == "Cache: entries expire"
    assert essence(item, text) == "Cache: entries expire\nAfter an hour.\nThey were stale."


def test_a_file_is_its_path_and_how_it_begins(git: Git) -> None:
    items = files_matching(git, recent(git, "HEAD", 1)[0].partition(":")[2], ("shop/*.py", "*.md"))
    readme, cache = ((item, item_text(git, item)) for item in items)

    assert essence(*cache) == "shop/cache.py\nPrices in memory."
    assert essence(*readme) == "README.md\nThe shop"
    assert (headline(*cache), own_words(*cache)) == ("shop/cache.py", "Prices in memory.")


def test_the_newest_commits_come_first_with_their_subjects(git: Git) -> None:
    assert headlines(git, recent(git, "HEAD", 9)) == ("Cache: entries expire", "Start")


def test_an_essence_is_never_long() -> None:
    assert len(essence("commit:a", "commit a\n\n" + "word " * 5000)) <= ESSENCE_CHARS
    assert len(essence("file:a:b.py", "b.py\n\n" + "x" * 5000)) <= ESSENCE_CHARS


def test_an_item_that_is_not_there_is_said_so(git: Git) -> None:
    with pytest.raises(UserFault, match="There is no"):
        item_text(git, "file:HEAD:nothing.py")
