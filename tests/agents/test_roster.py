"""Who is in use: the nearest definition wins, the repository's only when trusted, and a broken file hides nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.definition import parse_definition
from agents.ladder import NO_TOOLS, TINY, card, cards
from agents.roster import Listed, Roster, read_roster
from agents.trust import digest_of
from engine.model import ModelProfile, ModelRef, Tier
from engine.words import Role

CODER = "---\nname: coder\ndescription: {}\n---\nYou code.\n"


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """An empty repository with an agents folder, and the person's own folder."""
    repository, user = tmp_path / "repository", tmp_path / "config" / "agents"
    (repository / ".orchestra" / "agents").mkdir(parents=True)
    user.mkdir(parents=True)
    return repository, user


def put(repository: Path, name: str, text: str) -> dict[str, str]:
    """Write a repository's definition; the trust that fits it."""
    (repository / ".orchestra" / "agents" / name).write_text(text)
    return {f".orchestra/agents/{name}": digest_of(text)}


def listed(roster: Roster, origin: str) -> Listed:
    return next(one for one in roster.files if one.origin == origin and one.name == "coder")


def test_the_package_brings_specialists_of_every_kind(tmp_path: Path) -> None:
    roster = read_roster(user=tmp_path)

    assert len(roster.agents) == 24
    assert {"planner", "architect", "coder", "reviewer", "integrator", "summariser"} <= set(roster.agents)
    assert all(one.is_used and one.origin == "package" for one in roster.files)
    assert {agent.role for agent in roster.agents.values()} == {Role.WORK, Role.TEXT, Role.PLAN, Role.REVIEW}


def test_repository_beats_user_beats_package(places: tuple[Path, Path]) -> None:
    repository, user = places
    (user / "coder.md").write_text(CODER.format("the user's"))
    assert read_roster(repository, {}, user).agents["coder"].description == "the user's"

    trusted = put(repository, "coder.md", CODER.format("the repository's"))
    roster = read_roster(repository, trusted, user)

    assert roster.agents["coder"].description == "the repository's"
    assert "replaced by the repository's" in listed(roster, "user").reason
    assert "replaced by the repository's" in listed(roster, "package").reason


def test_an_untrusted_definition_is_listed_with_the_reason_and_not_used(places: tuple[Path, Path]) -> None:
    repository, user = places
    put(repository, "coder.md", CODER.format("sly"))

    roster = read_roster(repository, {}, user)

    assert roster.agents["coder"].origin == "package"
    assert "not trusted yet" in listed(roster, "repository").reason
    assert listed(roster, "repository").digest


def test_trust_ends_when_the_content_changes(places: tuple[Path, Path]) -> None:
    repository, user = places
    trusted = put(repository, "coder.md", CODER.format("honest"))
    put(repository, "coder.md", CODER.format("changed"))

    roster = read_roster(repository, trusted, user)

    assert roster.agents["coder"].origin == "package"
    assert "changed since you trusted it" in listed(roster, "repository").reason


def test_a_malformed_file_is_listed_with_its_fault_and_hides_nobody(places: tuple[Path, Path]) -> None:
    repository, user = places
    (user / "coder.md").write_text("---\nname: coder\noutput: wrok\n---\nYou code.\n")

    roster = read_roster(repository, {}, user)

    assert roster.agents["coder"].origin == "package"
    assert "coder.md:3" in listed(roster, "user").reason
    assert "Did you mean `work`?" in listed(roster, "user").reason


def test_a_definition_behind_a_link_is_not_read(places: tuple[Path, Path], tmp_path: Path) -> None:
    repository, user = places
    secret = tmp_path / "secret.md"
    secret.write_text(CODER.format("secret"))
    (repository / ".orchestra" / "agents" / "coder.md").symlink_to(secret)

    roster = read_roster(repository, {".orchestra/agents/coder.md": digest_of(secret.read_text())}, user)

    assert roster.agents["coder"].origin == "package"


def test_a_nested_file_is_named_by_its_place(places: tuple[Path, Path]) -> None:
    _, user = places
    (user / "backend").mkdir()
    (user / "backend" / "sql.md").write_text("---\ndescription: SQL\n---\nYou write SQL.\n")

    assert "backend/sql" in read_roster(user=user).agents


def profile(name: str, tier: Tier, **changes: object) -> ModelProfile:
    """A model that is there."""
    given: dict[str, object] = {"has_tools": True, "has_thinking": False} | changes
    is_local = tier is not Tier.CLOUD
    ref = ModelRef("ollama" if is_local else "anthropic", name)
    return ModelProfile(ref, "host", is_local, tier, 64_000, 16_000, **given)  # type: ignore[arg-type]  # test's changes


SMALL, BIG, CLOUD = profile("small", Tier.QUICK), profile("big", Tier.LARGE), profile("far", Tier.CLOUD)
TINY_ONE = profile("tiny", Tier.QUICK, has_tools=False, notes=(TINY,))


def ladder(
    model: str, *available: ModelProfile, words: dict[str, list[str]] | None = None, output: str = "work"
) -> list[str]:
    agent = parse_definition(f"---\nmodel: {model}\noutput: {output}\n---\nGo.\n", name="one")
    return [rung.model for rung in card(agent, available, words or {}).ladder]


def test_words_become_the_models_that_are_there_in_the_ladder_s_order() -> None:
    assert ladder("[quick, large, cloud]", BIG, CLOUD, SMALL) == ["ollama/small", "ollama/big", "anthropic/far"]
    assert ladder("[quick, cloud]", SMALL, BIG) == ["ollama/small"]
    assert ladder("inherit", CLOUD, SMALL) == ["ollama/small", "anthropic/far"]


def test_the_settings_say_what_a_word_means() -> None:
    assert ladder("quick", SMALL, BIG, words={"quick": ["ollama/big", "ollama/gone"]}) == ["ollama/big"]


def test_a_named_model_is_taken_by_its_name() -> None:
    assert ladder("ollama/big", SMALL, BIG) == ["ollama/big"]


def test_when_nothing_of_a_ladder_is_there_the_nearest_stands_in_and_says_so() -> None:
    agent = parse_definition("---\nmodel: [cloud]\n---\nGo.\n", name="one")

    rungs = card(agent, [SMALL, BIG], {}).ladder

    assert [rung.model for rung in rungs] == ["ollama/big"]
    assert "stands in for cloud" in rungs[0].notes


def test_a_tiny_model_only_writes_text() -> None:
    assert ladder("quick", TINY_ONE) == []
    assert ladder("quick", TINY_ONE, output="text") == ["ollama/tiny"]


def test_a_rung_carries_what_is_known_of_its_model() -> None:
    agent = parse_definition("---\nmodel: quick\nwindow: 4000\n---\nGo.\n", name="one")

    rung = card(agent, [profile("plain", Tier.QUICK, has_tools=False, slots=2)], {}).ladder[0]

    assert (rung.tier, rung.is_local, rung.host, rung.slots) == ("quick", True, "host", 2)
    assert NO_TOOLS in rung.notes
    assert rung.window_tokens == 16_000, "another num_ctx would reload a local model"


def test_every_built_in_specialist_has_somebody_to_work_with_on_one_local_model(tmp_path: Path) -> None:
    made = cards(read_roster(user=tmp_path).agents.values(), [SMALL])

    assert all(one.ladder for one in made.values())
    assert made["coder"].max_turns == 40


def test_a_folder_of_agents_behind_a_link_is_not_looked_into(places: tuple[Path, Path], tmp_path: Path) -> None:
    repository, user = places
    elsewhere = tmp_path / "elsewhere"
    (repository / ".orchestra" / "agents").rename(elsewhere)
    (repository / ".orchestra" / "agents").symlink_to(elsewhere)
    (elsewhere / "coder.md").write_text(CODER.format("far away"))

    assert all(one.origin == "package" for one in read_roster(repository, {}, user).files)


def test_the_person_may_link_their_own_definitions_from_elsewhere(places: tuple[Path, Path], tmp_path: Path) -> None:
    _, user = places
    dotfiles = tmp_path / "dotfiles.md"
    dotfiles.write_text(CODER.format("from my dotfiles"))
    (user / "coder.md").symlink_to(dotfiles)

    assert read_roster(user=user).agents["coder"].description == "from my dotfiles"
