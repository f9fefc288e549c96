"""Budgets, policies and the word on cloud models through the real command line and the real engine's process."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from engine.budget import Cap, Spend
from engine.codec import decode
from engine.spending import spent, total
from engine.words import TaskState
from tests.e2e.serving import serving
from tests.e2e.world import World, call, entry, lane, script, task

HUGE = {"cloud": True, "price_in": 10.0, "price_out": 50.0, "slots": 4}
SMALL = {"large": True}
THINKS = call("read_file", "Let me look.", path="README") | {"usage": {"prompt_tokens": 3_000, "output_tokens": 400}}
"""A turn that costs five cents on the huge model."""
WRITES = call("write_file", "I write it.", path="note.txt", content="done\n")
FINISHES = call("finish", summary="it is written")


def set_up(world: World, *cloud: dict[str, Any]) -> tuple[str, ...]:
    """A repository and a script: what the cloud says, and a local model that does the work at once."""
    world.make_repository({"README": "a repository\n", **{f"f{n}": f"{n}\n" for n in range(40)}})
    said = [
        entry("architect", *(cloud or [look(n) for n in range(40)])) | {"model": "huge"},
        entry("architect", WRITES, FINISHES) | {"model": "small"},
    ]
    world.home.joinpath("script.yaml").write_text(script(said, huge=HUGE, small=SMALL))
    return ("think it over", "--flow", "deep", "--allow-cloud", "--script", str(world.home / "script.yaml"))


def look(number: int) -> dict[str, Any]:
    """A turn that looks at another file each time: no loop."""
    return THINKS | call("read_file", f"Let me look at f{number}.", path=f"f{number}")


def of_kind(world: World, kind: str) -> list[Any]:
    """The events of a kind, decoded."""
    return [decode(row.kind, row.payload) for row in world.rows() if row.kind == kind]


def test_a_run_stops_below_its_cap_and_says_why(world: World) -> None:
    words = set_up(world)

    done = world.run("run", *words, "--budget", "0.40", "--yes")

    run = world.state()
    assert done.code == 1, done.out + done.err
    assert "are left" in done.out or "used up" in done.out
    assert 250_000 < total(run).micro_usd <= 400_000
    assert total(run) == spent(run)
    assert [event.per_cent for event in of_kind(world, "BudgetWarned")] in ([70], [70, 90])
    shown = world.run("budget", "r1")
    assert f"${total(run).micro_usd / 1e6:.2f} of $0.40" in shown.out


def test_a_run_that_may_goes_on_with_a_local_model_where_money_ran_out(world: World) -> None:
    words = set_up(world)

    done = world.run("run", *words, "--budget", "0.30", "--on-budget", "local", "--yes")

    run = world.state()
    assert done.code == 0, done.out + done.err
    assert task(run, "work").model == "scripted/small"
    assert "stays local" in done.out
    assert total(run).micro_usd <= 300_000
    assert world.git("show", "orchestra/r1:note.txt") == "done"


def test_tokens_and_time_are_capped_too(world: World) -> None:
    words = set_up(world)

    done = world.run("run", *words, "--budget-tokens", "40k", "--budget-time", "5m", "--yes")

    assert done.code == 1
    assert world.state().budget.run == Cap(tokens=40_000, ms=300_000)
    assert 20_000 < total(world.state()).tokens <= 40_000


def test_the_cap_is_raised_while_the_run_waits_for_it(world: World) -> None:
    words = set_up(world, *[look(number) for number in range(9)], WRITES, FINISHES)
    world.engine()
    world.send("start", world.wish(*words, "--budget", "0.30"))
    world.wait_for(lambda run: run.open_approvals())

    (asked,) = world.state().open_approvals()
    world.run("budget", "r1", "--budget", "0.31")
    still = world.state()
    raised = world.run("budget", "r1", "--budget", "5")

    assert (asked.form, asked.options) == ("budget", ("raise", "local", "stop"))
    assert still.open_approvals() == (asked,)
    assert raised.out.strip() == "the budget is set"
    run = world.wait_for(lambda run: run.is_over)
    assert (task(run, "work").state, task(run, "work").model) == (TaskState.DONE, "scripted/huge")


def test_a_call_that_was_out_at_a_kill_counts_with_its_worst_case_and_the_cap_holds(world: World) -> None:
    slow = look(2) | {"text": "I think and think. " * 40, "delay_s": 0.2, "chunk_chars": 20}
    words = set_up(world, look(0), look(1), slow, WRITES, FINISHES)
    engine = world.engine()
    world.send("start", world.wish(*words, "--budget", "3.00", "--yes"))
    world.wait_for(lambda run: lane(run, "work").in_turn and lane(run, "work").turn == 3)
    before = world.state()
    engine.send_signal(signal.SIGKILL)
    engine.wait(10)

    world.run("resume", "r1")

    held = lane(before, "work").account.held
    after = world.state()
    assert held.micro_usd > 50_000
    assert counted(world, held) == spent(after)
    assert total(after).micro_usd <= 3_000_000


def counted(world: World, unseen: Spend) -> Spend:
    """What the log says all calls cost, with the one whose end nobody saw."""
    for event in of_kind(world, "TurnEnded"):
        unseen = unseen.plus(event.charged)
    return unseen


def test_a_call_in_the_cloud_is_cut_when_the_permission_is_taken_back(world: World) -> None:
    slow = look(0) | {"text": "I think and think. " * 400, "delay_s": 0.2, "chunk_chars": 20}
    words = set_up(world, slow)
    world.engine()
    world.send("start", world.wish(*words, "--yes"))
    world.wait_for(lambda run: lane(run, "work").in_turn)

    world.run("models", "--forbid-cloud")

    run = world.wait_for(lambda run: run.is_over)
    assert not run.cloud_allowed
    assert (task(run, "work").state, task(run, "work").model) == (TaskState.DONE, "scripted/small")


def test_a_run_that_is_taken_up_again_follows_the_newest_word(world: World) -> None:
    slow = look(0) | {"text": "I think and think. " * 400, "delay_s": 0.2, "chunk_chars": 20}
    words = set_up(world, slow)
    engine = world.engine()
    world.send("start", world.wish(*words, "--yes"))
    world.wait_for(lambda run: lane(run, "work").in_turn)
    engine.send_signal(signal.SIGKILL)
    engine.wait(10)

    world.run("models", "--forbid-cloud")
    done = world.run("resume", "r1")

    assert done.code == 0, done.out + done.err
    assert task(world.state(), "work").model == "scripted/small"
    after = world.kinds()[world.kinds().index("RunResumed") :]
    assert "CloudPermitted" in after
    assert [event.model for event in of_kind(world, "TurnStarted")].count("scripted/huge") == 1


def test_a_permission_that_was_taken_back_before_a_run_does_not_bind_what_the_person_allows_it(world: World) -> None:
    words = set_up(world, WRITES, FINISHES)
    world.run("models", "--forbid-cloud")
    world.engine()

    done = world.run("run", *words, "--yes")

    assert done.code == 0, done.out + done.err
    assert task(world.state(), "work").model == "scripted/huge"


def test_a_trusted_policy_of_the_repository_decides_and_the_log_says_so(world: World) -> None:
    words = set_up(world, call("finish", summary="nothing"))
    world.write({".orchestra/policy.yaml": "failures:\n  check: [retry 2, fail]\n"})

    untrusted = world.run("policy", "check")
    trusted = world.run("policy", "--trust")
    effective = world.run("policy", "check")

    assert "retry → reassign → climb 2 → ask" in untrusted.out
    assert trusted.code == 0, trusted.err
    assert "retry 2 → fail" in effective.out
    assert ".orchestra/policy.yaml:2" in effective.out
    tries = [
        entry("architect", call("write_file", "", path="note.txt", content=f"{number}\n"), FINISHES, attempt=number)
        for number in (1, 2, 3)
    ]
    world.home.joinpath("script.yaml").write_text(script(tries, huge=HUGE))

    world.run("run", *words, "--check", "test ! -f note.txt", "--yes")

    revised = [event.rule for event in of_kind(world, "TaskRevised")]
    assert revised == [f"check: retry {n} of 2 (.orchestra/policy.yaml:2)" for n in (1, 2)]
    assert [event.rule for event in of_kind(world, "TaskFailed")] == ["check: fail (.orchestra/policy.yaml:2)"]


def test_a_malformed_policy_starts_nothing_and_names_its_line(world: World) -> None:
    words = set_up(world)
    own = world.home / "config" / "orchestra-tui" / "policy.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("failures:\n  check: [retyr]\n")

    done = world.run("run", *words, "--yes")

    assert done.code == 2
    assert "policy.yaml:2" in done.err
    assert "Did you mean `retry`?" in done.err
    assert world.last_kind() == ""


@pytest.mark.parametrize("amount", ["-1", "much"])
def test_what_is_no_budget_starts_nothing(world: World, amount: str) -> None:
    words = set_up(world)

    assert world.run("run", *words, f"--budget={amount}").code == 2


def test_settings_hold_budgets_and_flags_win(world: World) -> None:
    words = set_up(world, WRITES, FINISHES)
    own = world.home / "config" / "orchestra-tui" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[budget]\nusd = 9\ntokens = "2M"\ntask = {usd = 3}\nattempt = {time = "5m"}\n')

    done = world.run("run", *words, "--budget", "4", "--yes")

    assert done.code == 0, done.err
    budget = world.state().budget
    assert budget.run == Cap(2_000_000, 4_000_000)
    assert (budget.task, budget.attempt) == (Cap(micro_usd=3_000_000), Cap(ms=300_000))


def test_nothing_is_sent_to_a_model_without_a_price_while_money_is_capped(world: World) -> None:
    words = set_up(world)
    said = [entry("architect", WRITES, FINISHES)]
    world.home.joinpath("script.yaml").write_text(script(said, huge={"cloud": True}))

    done = world.run("run", *words, "--budget", "100", "--yes")

    assert done.code == 1
    assert "nobody knows what scripted/huge costs" in done.out
    assert "TurnStarted" not in world.kinds()


def test_over_the_wire_the_last_replies_are_asked_for_shorter_and_then_nothing_is_sent(world: World) -> None:
    set_up(world)
    said = script([entry("quick-editor", *[look(number) for number in range(40)])], small={"slots": 4})
    with serving(said) as server:
        world.extra.update(OLLAMA_HOST=server.url)
        done = world.run(
            "run", "fix it", "--flow", "quick", "--model", "ollama/small", "--budget-tokens", "30k", "--yes"
        )

        limits = [body["options"]["num_predict"] for body in server.chats()]
    run = world.state()
    assert done.code == 1, done.out + done.err
    assert limits[0] == max(limits) > limits[-1] >= 256
    assert 3_400 * len(limits) <= total(run).tokens <= 30_000
    assert len(limits) == world.kinds().count("TurnStarted")
