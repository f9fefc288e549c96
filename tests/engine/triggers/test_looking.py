"""A look finds what people changed: by content, without what git ignores, without what a run of ours made."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.git.repository import open_repository
from engine.triggers.looking import Looker, News
from engine.triggers.seen import Seen, Sight
from engine.triggers.trigger import Cause, Trigger, Wanted
from tests.engine.git.conftest import make_repository, plain

FILES = Trigger("docs", Cause.CHANGE, Wanted("go"), ("src/**",))
COMMITS = Trigger("review", Cause.COMMIT, Wanted("go"))
OURS = "ours\n\nOrchestra-Run: r1\nOrchestra-Task: t1\n"


class Place:
    """A repository and what one trigger saw of it last."""

    def __init__(self, root: Path, trigger: Trigger) -> None:
        self.root = make_repository(root)
        self.trigger = trigger
        self.looker = Looker(open_repository(root))
        self.sight = Sight()
        self.look()

    def look(self) -> News:
        by = self.looker.changes if self.trigger.cause is Cause.CHANGE else self.looker.commits
        news = by(self.trigger, self.sight)
        self.sight = news.sight
        return news

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str = "by a person") -> str:
        plain(self.root, "add", "-A")
        plain(self.root, "commit", "-qm", message, "--allow-empty")
        return plain(self.root, "rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@pytest.fixture
def files(tmp_path: Path) -> Place:
    return Place(tmp_path / "repo", FILES)


@pytest.fixture
def commits(tmp_path: Path) -> Place:
    return Place(tmp_path / "repo", COMMITS)


def test_a_first_look_finds_nothing_new(tmp_path: Path) -> None:
    place = Place(tmp_path / "repo", FILES)

    assert sorted(place.sight.files) == ["src/a.py", "src/b.py"]
    assert not place.look().is_any


def test_changed_new_and_deleted_files_are_news_and_others_are_not(files: Place) -> None:
    files.write("src/a.py", "changed\n")
    files.write("src/new.py", "new\n")
    files.write("src/debug.log", "ignored by git\n")
    files.write("README", "not watched\n")
    (files.root / "src" / "b.py").unlink()

    assert files.look().paths == ("src/a.py", "src/b.py", "src/new.py")


def test_a_file_that_is_only_touched_is_no_news(files: Place) -> None:
    text = (files.root / "src" / "a.py").read_text()
    files.write("src/a.py", "other\n")
    files.write("src/a.py", text)

    assert not files.look().is_any


def test_the_same_content_is_the_same_content_again(files: Place) -> None:
    before, text = files.sight.content, (files.root / "src" / "a.py").read_text()
    files.write("src/a.py", "other\n")
    assert files.look().sight.content != before

    files.write("src/a.py", text)

    assert files.look().sight.content == before


def test_a_link_is_not_followed(files: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (files.root / "src" / "link.py").symlink_to(tmp_path / "secret")

    assert not files.look().is_any


def test_what_a_landing_of_ours_changed_is_ours(files: Place) -> None:
    files.write("src/a.py", "by a run\n")
    files.commit(OURS)

    news = files.look()

    assert news.is_ours
    assert not news.is_any


def test_what_a_person_changed_besides_a_landing_is_theirs(files: Place) -> None:
    files.write("src/a.py", "by a run\n")
    files.commit(OURS)
    files.write("src/b.py", "by a person\n")

    assert files.look().is_any


def test_commits_of_people_are_news_and_ours_among_them_are_left_out(commits: Place) -> None:
    first = commits.commit()
    commits.commit(OURS)
    last = commits.commit()

    assert commits.look().commits == (last, first)
    assert not commits.look().is_any


def test_commits_of_ours_alone_are_no_news(commits: Place) -> None:
    commits.commit(OURS)

    assert not commits.look().is_any


def test_history_that_was_rewritten_is_news_of_its_newest_commit(commits: Place) -> None:
    commits.commit()
    commits.look()
    plain(commits.root, "commit", "-q", "--amend", "-m", "again", "--allow-empty")

    assert commits.look().commits == (plain(commits.root, "rev-parse", "HEAD"),)


def test_what_was_seen_is_known_after_a_restart(tmp_path: Path) -> None:
    sight = Sight("content", "head", {"a": "b"})

    Seen(tmp_path / "x" / "triggers.json").put("key", sight)

    assert Seen(tmp_path / "x" / "triggers.json").get("key") == sight
    assert Seen(tmp_path / "x" / "triggers.json").get("other") == Sight()


def test_a_torn_file_of_what_was_seen_is_a_first_look(tmp_path: Path) -> None:
    (tmp_path / "triggers.json").write_text('{"key": {')

    assert Seen(tmp_path / "triggers.json").get("key") == Sight()
