"""Files of triggers and briefs: read with file and line, a repository's own only once trusted, briefs as text alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.trigger_file import parse_triggers, read_brief, read_triggers
from agents.trust import digest_of
from engine.errors import DefinitionFault, UserFault
from engine.triggers.trigger import Cause

YAML = """\
triggers:
  docs:
    on_change: ["src/**", "!src/old/**"]
    flow: docs-sync
    goal: Bring the docs in line.
    quiet_s: 5
  review:
    on_commit: main
    goal: Review.
  desk:
    inbox: briefs
    check: pytest -q
    budget: {usd: 2}
"""


def test_each_trigger_is_read_with_what_it_waits_for(tmp_path: Path) -> None:
    docs, review, desk = parse_triggers(YAML, Path("triggers.yaml"), tmp_path, is_theirs=True)

    assert (docs.cause, docs.globs, docs.quiet_s, docs.wanted.flow) == (
        Cause.CHANGE,
        ("src/**", "!src/old/**"),
        5,
        "docs-sync",
    )
    assert (review.cause, review.branch) == (Cause.COMMIT, "main")
    assert (desk.folder, desk.is_inside, desk.wanted.budget) == (tmp_path / "briefs", True, {"usd": 2})
    assert desk.origin == "triggers.yaml:10"
    assert docs.is_about("src/a.py")
    assert not docs.is_about("src/old/a.py")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{goal: x}", "waits for 0 things"),
        ("{on_change: a, on_commit: true, goal: x}", "waits for 2 things"),
        ("{on_commit: true}", "has no goal"),
        ("{on_chnge: a, goal: x}", "Did you mean `on_change`?"),
        ("{inbox: ~/briefs}", "inside of it"),
        ("{inbox: ../briefs}", "inside of it"),
        ("{inbox: /briefs}", "inside of it"),
        ("{inbox: linked}", "inside of it"),
        ("{on_commit: true, goal: x, quiet_s: 0}", "quiet_s"),
        ("{on_commit: true, goal: x, flow: ../evil.yaml}", "flow"),
    ],
)
def test_a_malformed_trigger_is_refused_with_its_line(tmp_path: Path, entry: str, words: str) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "linked").symlink_to(tmp_path)

    with pytest.raises(DefinitionFault) as caught:
        parse_triggers(f"triggers:\n  a: {entry}\n", Path("t.yaml"), tmp_path / "repo", is_theirs=True)

    assert words in str(caught.value)
    assert caught.value.line == 2


def test_a_repository_s_triggers_are_used_once_their_content_is_trusted(tmp_path: Path) -> None:
    (tmp_path / ".orchestra").mkdir()
    (tmp_path / ".orchestra" / "triggers.yaml").write_text(YAML)
    user = tmp_path / "none"
    trusted = {".orchestra/triggers.yaml": digest_of(YAML)}

    assert read_triggers(tmp_path, {}, user).triggers == ()
    assert "not trusted yet" in read_triggers(tmp_path, {}, user).reason
    assert len(read_triggers(tmp_path, trusted, user).triggers) == 3
    (tmp_path / ".orchestra" / "triggers.yaml").write_text(YAML + "\n")
    assert "changed since" in read_triggers(tmp_path, trusted, user).reason


def test_the_person_s_own_triggers_need_no_trust(tmp_path: Path) -> None:
    user = tmp_path / "mine.yaml"
    user.write_text("triggers:\n  desk: {inbox: /somewhere/else}\n")

    (desk,) = read_triggers(tmp_path / "repo", {}, user).triggers

    assert (desk.folder, desk.is_inside) == (Path("/somewhere/else"), False)


def test_a_brief_is_a_goal_with_a_little_front_matter() -> None:
    wanted = read_brief(
        "---\nflow: quick\ncheck: pytest -q\nbudget: {tokens: 5000}\n---\n# Fix it\n\n`rm -rf /`\n", False
    )

    assert wanted.goal == "# Fix it\n\n`rm -rf /`"
    assert (wanted.flow, wanted.check, wanted.budget) == ("quick", "pytest -q", {"tokens": 5000})
    assert read_brief("Just do it.", True).goal == "Just do it."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\nflow: quick\n---\n  \n", "no goal"),
        ("", "no goal"),
        ("---\nrun: rm\n---\ngo", "`run` is not a field"),
        ("---\nflow: [\n---\ngo", "Not readable as YAML"),
        ("---\nflow: ../../evil.yaml\n---\ngo", "flow"),
        ("---\ncheck: make\n---\ngo", "may not name a check"),
    ],
)
def test_a_brief_that_cannot_be_used_says_why(text: str, words: str) -> None:
    with pytest.raises(UserFault) as caught:
        read_brief(text, True)

    assert words in str(caught.value)


def test_a_brief_s_goal_is_cleaned() -> None:
    assert read_brief("go\x1b[2J\u202e now", True).goal == "go now"
