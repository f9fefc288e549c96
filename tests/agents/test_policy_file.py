"""Policies as files: the package's is the built-in one, each failure is merged by itself, faults name their line."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from msgspec import structs

from agents.policy_file import REPOSITORY_FILE, Effective, read_policy
from agents.retries import Retries
from engine.errors import DefinitionFault
from engine.flow import Flow, Node
from engine.ladders import LADDERS, Requests, Step, built_in
from engine.policy import react
from engine.words import Failure, Reaction
from tests.stubs.runs import Played

R = Reaction


def read(tmp_path: Path, user: str = "", repository: str = "", *, is_trusted: bool = True) -> Effective:
    """The policy with these files."""
    own, root = tmp_path / "policy.yaml", tmp_path / "repo"
    if user:
        own.write_text(user)
    theirs = root / REPOSITORY_FILE
    theirs.parent.mkdir(parents=True, exist_ok=True)
    trusted = {}
    if repository:
        theirs.write_text(repository)
        digest = read_policy(root, {}, own).files[-1].digest
        trusted = {REPOSITORY_FILE.as_posix(): digest} if is_trusted else {}
    return read_policy(root, trusted, own)


def test_the_package_s_file_says_what_the_engine_does_by_itself(tmp_path: Path) -> None:
    policy = read(tmp_path).policy

    assert policy.ladders == {failure: built_in(failure) for failure in LADDERS}
    assert set(LADDERS) == set(Failure)
    assert policy.requests == Requests()


def test_a_person_s_ladder_replaces_one_failure_and_leaves_the_others(tmp_path: Path) -> None:
    policy = read(tmp_path, "failures:\n  check:\n    - retry 3\n    - ask\n").policy

    assert policy.ladders["check"] == (Step(R.RETRY, 3, "policy.yaml:3"), Step(R.ASK, origin="policy.yaml:4"))
    assert policy.ladders["stuck"] == built_in(Failure.STUCK)


def test_the_repository_s_word_counts_over_the_person_s_once_it_is_trusted(tmp_path: Path) -> None:
    user, theirs = "failures: {check: [ask], scope: [fail]}\n", "failures: {check: [retry 2, fail]}\n"

    trusted = read(tmp_path, user, theirs)
    untrusted = read(tmp_path, user, theirs, is_trusted=False)

    assert trusted.policy.ladders["check"][0] == Step(R.RETRY, 2, ".orchestra/policy.yaml:1")
    assert trusted.policy.ladders["scope"] == (Step(R.FAIL, origin="policy.yaml:1"),)
    assert untrusted.policy.ladders["check"] == (Step(R.ASK, origin="policy.yaml:1"),)
    assert "not trusted yet" in untrusted.files[-1].reason


def test_an_edit_takes_the_trust_away(tmp_path: Path) -> None:
    read(tmp_path, repository="failures: {check: [ask]}\n")
    root = tmp_path / "repo"
    digest = read_policy(root, {}, tmp_path / "none").files[-1].digest
    (root / REPOSITORY_FILE).write_text("failures: {check: [retry 20, ask]}\n")

    found = read_policy(root, {REPOSITORY_FILE.as_posix(): digest}, tmp_path / "none")

    assert found.policy.ladders["check"] == built_in(Failure.CHECK)
    assert "changed since you trusted it" in found.files[-1].reason


def test_a_link_in_the_repository_is_not_followed(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "secret.yaml").write_text("failures: {check: [ask]}\n")
    (tmp_path / "repo" / REPOSITORY_FILE).symlink_to(tmp_path / "secret.yaml")

    assert [file.origin for file in read_policy(tmp_path / "repo", {}, tmp_path / "none").files] == ["package"]


def test_numbers_about_requests_are_merged_one_by_one(tmp_path: Path) -> None:
    found = read(tmp_path, "requests:\n  tries: 7\n  first_s: 0.5\n")

    assert found.policy.requests == Requests(7, 0.5)
    assert found.numbers_from["tries"] == "policy.yaml:2"
    assert found.numbers_from["factor"] == "built in"


@pytest.mark.parametrize(
    ("text", "line", "said", "advice"),
    [
        ("failures:\n  chek: [ask]\n", 2, "no kind of failure", "`check`"),
        ("failures:\n  check:\n    - retyr\n", 3, "`retyr` is no step", "`retry`"),
        ("failures:\n  check: [retry 0]\n", 2, "no number of times", "1 to 20"),
        ("failures:\n  check: [retry often]\n", 2, "no number of times", "`retry 2`"),
        ("failures:\n  check: [nudge]\n", 2, "only for `stuck`", ""),
        ("failures:\n  scope: [resolve]\n", 2, "only for `conflict`", ""),
        ("failures:\n  check: [local]\n", 2, "only for `budget`", ""),
        ("failures:\n  check: [ask, retry]\n", 2, "Nothing comes after `ask`", "last"),
        ("failures:\n  check: [retry, retry]\n", 2, "there twice", "`retry 2`"),
        ("failures:\n  check: [ask 2]\n", 2, "takes no number", ""),
        ("failures:\n  check: ask\n", 2, "a list of steps", "[retry, ask]"),
        ("failures: 3\n", 1, "must hold", ""),
        ("failure:\n  check: [ask]\n", 1, "not a part of a policy", "`failures`"),
        ("requests:\n  trys: 3\n", 2, "not a field", "`tries`"),
        ("requests:\n  tries: 0\n", 2, "cannot be 0", "1 to 20"),
        ("requests:\n  tries: 2.5\n", 2, "cannot be 2.5", ""),
        ("requests:\n  factor: true\n", 2, "cannot be True", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_was_meant(
    tmp_path: Path, text: str, line: int, said: str, advice: str
) -> None:
    with pytest.raises(DefinitionFault) as caught:
        read(tmp_path, text)

    assert caught.value.line == line
    assert said in str(caught.value)
    assert advice in caught.value.remedy


def test_a_decision_says_its_rule_and_where_the_rule_stands(tmp_path: Path) -> None:
    policy = read(tmp_path, "failures:\n  check: [retry 2, ask]\n").policy
    run = Played(policy=policy).start().run
    task = run.tasks[next(iter(run.tasks))]

    assert react(run, task, Failure.CHECK, "red").rule == "check: retry 1 of 2 (policy.yaml:2)"
    assert react(run, task, Failure.SCOPE, "x").rule == "scope: retry 1 of 1 (built in)"


def test_a_node_s_own_ladder_comes_first_and_an_empty_one_ends_the_task(tmp_path: Path) -> None:
    node = Node("edit", agent="coder", edits=True, policy={"check": (("climb", 1),), "empty": ()})
    policy = read(tmp_path, "failures: {scope: []}\n").policy
    played = Played(Flow("mine", "", (node,)), policy=policy).start()
    task = played.task()

    climb = react(played.run, task, Failure.CHECK, "red")
    assert (climb.reaction, climb.rule) == (R.CLIMB, "check: climb 1 of 1 (flow mine, edit)")
    assert react(played.run, task, Failure.EMPTY, "x").reaction is R.FAIL
    assert react(played.run, task, Failure.SCOPE, "x").reaction is R.FAIL


def test_a_run_follows_the_policy_it_began_with(tmp_path: Path) -> None:
    policy = read(tmp_path, "failures: {check: [retry 3, fail]}\n").policy
    played = Played(policy=policy).start()
    for _ in range(3):
        played.fail(Failure.CHECK).start()
    played.fail(Failure.CHECK)

    assert played.state() == "failed"
    assert played.replayed().policy == policy


def test_requests_are_the_numbers_that_retries_go_by() -> None:
    assert asdict(Retries()) == structs.asdict(Requests())


def test_limits_are_merged_and_say_where_they_come_from(tmp_path: Path) -> None:
    effective = read(tmp_path, "limits:\n  attempts: 5\n")

    assert (effective.policy.attempts, effective.policy.breaks_from) == (5, 0.8)
    assert effective.numbers_from["attempts"] == "policy.yaml:2"


@pytest.mark.parametrize("line", ["attempts: 0", "attempts: 2.5", "breaks_from: 2", "tries: 3"])
def test_a_limit_out_of_range_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(DefinitionFault) as caught:
        read(tmp_path, f"limits:\n  {line}\n")

    assert caught.value.line == 2
