"""Authors and sceptics over the wire: what they agree on, what they dispute, and how each of it ends, with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.state import Run
from engine.words import Failure, Reaction, TaskState
from tests.e2e.serving import serving
from tests.e2e.world import Done, World, call, entry, script, task, until
from tests.stubs.model_server import ModelServer

CLIENT = '''"""The client."""

RETRIES = 5


def connect(host):
    if not host:
        raise Refused(host)
    return open_socket(host)


def request(host):
    for attempt in range(RETRIES):
        try:
            return connect(host)
        except Busy:
            continue
'''
FILES = {"src/client.py": CLIENT, "README.md": "# A client\n"}
FLOW = """\
name: doubted
description: a researcher who answers and a sceptic who tries to break it
nodes:
  answer: {agent: researcher, goal: "{goal}", claims: true}
  doubt: {agent: sceptic, watch: answer, claims: true, goal: "Break it: {goal}"}
"""
MODELS: dict[str, Mapping[str, Any]] = {"small": {"slots": 2}, "big": {"large": True}, "third": {"large": True}}
ARBITER = """\
---
name: arbiter
description: Judges between two who do not agree.
model: [ollama/third]
tools: [read]
output: review
skills: [review]
---
Judge.
"""
GOAL = "is a refused connection retried?"


def place(line: int, quote: str, path: str = "src/client.py") -> dict[str, Any]:
    return {"path": path, "line": line, "quote": quote}


LOOP = place(13, "for attempt in range(RETRIES):")
RAISE = place(8, "raise Refused(host)")
INVENTED = {"path": "src/client.py", "symbol": "retry_refused"}


def says(text: str, *refs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Look at the file, then answer with one claim."""
    reading = call("read_file", path="src/client.py")
    return [reading, call("finish", output=text, claims=[{"text": text, "refs": list(refs)}])]


def accepts(*findings: Mapping[str, Any]) -> dict[str, Any]:
    return call("give_verdict", accepts=True, summary="I agree, it is so.", findings=list(findings))


def rejects(*findings: Mapping[str, Any]) -> dict[str, Any]:
    return call("give_verdict", accepts=False, summary="A refused host leaves the loop.", findings=list(findings))


def major(text: str, **where: Any) -> dict[str, Any]:
    return {"text": text, "severity": "major", **where}


def told(*entries: Mapping[str, Any]) -> str:
    return script(entries, **MODELS)


def with_arbiter(world: World) -> None:
    """A judge of the person's own, on a model that nobody else uses."""
    folder = world.home / "config" / "orchestra-tui" / "agents"
    folder.mkdir(parents=True)
    (folder / "arbiter.md").write_text(ARBITER)


def play(world: World, server: ModelServer) -> tuple[Done, Run]:
    """The flow from its goal to its end, with nobody there to ask."""
    world.make_repository(FILES)
    flow = world.home / "doubted.yaml"
    flow.write_text(FLOW)
    world.extra.update({"OLLAMA_HOST": server.url, "OLLAMA_NUM_PARALLEL": "4"})
    done = world.run("run", GOAL, "--flow", str(flow), "--yes")
    return done, world.state()


def said_to(server: ModelServer, *words: str) -> list[str]:
    """The requests that hold all of these words."""
    return [str(body) for body in server.chats() if all(word in str(body) for word in words)]


def reviews(run: Run) -> list[tuple[str, str, TaskState]]:
    return [(one.agent, one.model, one.state) for one in run.tasks.values() if one.spec.about]


def test_an_author_and_a_sceptic_who_agree_on_what_is_not_there_end_without_a_result(world: World) -> None:
    """Whoever is asked makes the same thing up; the sceptic would agree, and is never needed."""
    invented = {"turns": says("retry_refused() retries it.", INVENTED), "task": "answer"}
    with serving(told(invented, entry("sceptic", accepts()))) as server:
        done, run = play(world, server)

        answer = task(run, "answer")
        assert (done.code, run.outcome, answer.state) == (1, "failed", TaskState.FAILED)
        assert "0 of 1 claims found" in answer.reason
        assert "does not define `retry_refused`" in answer.reason
        assert run.reason.startswith("1 of 1 tasks not done: 0 of 1 claims found")
        assert (answer.last_failure, reviews(run)) == (Failure.CLAIM, [])
        assert answer.reactions[f"{Failure.CLAIM}:{Reaction.RETRY}"] == 1
        assert said_to(server, "Task: answer", "Attempt: 2", "src/client.py does not define `retry_refused`")


def test_a_false_line_is_mended_with_the_raw_reason_and_the_claim_is_shown_as_found(world: World) -> None:
    first = entry("researcher", *says("The loop is there.", place(40, LOOP["quote"])), task="answer", attempt=1)
    second = entry("researcher", *says("The loop is there.", LOOP), task="answer", attempt=2)
    with serving(told(first, second, entry("sceptic", accepts()))) as server:
        done, run = play(world, server)

    answer = task(run, "answer")
    assert (done.code, answer.state, answer.attempt) == (0, TaskState.DONE, 2)
    assert answer.proof == "1 of 1 claims found"
    assert [ref.line for claim in answer.claims for ref in claim.refs] == [13]
    assert said_to(server, "what the author claims", "src/client.py:13")


def test_author_and_sceptic_who_both_show_evidence_end_disputed_after_a_third_who_adds_nothing(world: World) -> None:
    """The quote is there and the conclusion is wrong: two rounds, a third on another model, then nobody is there."""
    with_arbiter(world)
    objection = rejects(major("Refused is raised in connect and caught nowhere.", **RAISE))
    with serving(
        told(
            entry("researcher", *says("It is retried five times.", LOOP)),
            entry("sceptic", objection),
            entry("arbiter", accepts()),
        )
    ) as server:
        done, run = play(world, server)

    answer = task(run, "answer")
    assert (done.code, run.outcome, answer.state) == (1, "failed", TaskState.FAILED)
    assert answer.reason.startswith("disputed: researcher and sceptic both show evidence")
    assert answer.reason.endswith("A refused host leaves the loop.")
    assert (answer.attempt, answer.last_failure) == (2, Failure.DISPUTE)
    heard = reviews(run)
    assert [agent for agent, _, _ in heard] == ["sceptic", "sceptic", "arbiter"]
    assert (answer.model, {model for _, model, _ in heard}) == ("ollama/small", {"ollama/big", "ollama/third"})


def test_a_third_judge_with_new_evidence_clears_the_author(world: World) -> None:
    with_arbiter(world)
    objection = rejects(major("Refused is raised in connect.", **RAISE))
    cleared = accepts({"text": "Busy is what the loop catches.", "severity": "minor", **place(16, "except Busy:")})
    third = entry("arbiter", cleared)
    author = entry("researcher", *says("A busy connection is retried.", LOOP))
    with serving(told(author, entry("sceptic", objection), third)) as server:
        done, run = play(world, server)

    assert (done.code, task(run, "answer").state) == (0, TaskState.DONE)
    assert task(run, "answer").output == "A busy connection is retried."
    assert len(reviews(run)) == 3


def test_a_sceptic_whose_objection_points_to_nothing_is_asked_once_more_and_then_abstains(world: World) -> None:
    empty = rejects(major("It is overridden.", **place(2, "RETRIES = 0  # off", "src/overrides.py")))
    author = entry("researcher", *says("The default is five.", place(3, "RETRIES = 5")))
    with serving(told(author, entry("sceptic", empty))) as server:
        done, run = play(world, server)

    assert (done.code, task(run, "answer").state) == (0, TaskState.DONE)
    review = task(run, "answer.doubt1")
    assert (review.state, review.attempt) == (TaskState.FAILED, 2)
    assert review.reason.startswith("abstains: rejects, and nothing that it names can be found")
    assert said_to(server, "Task: answer.doubt1", "Attempt: 2", "there is no file src/overrides.py")


def test_a_command_counts_only_as_it_ran_and_the_person_settles_the_dispute(world: World) -> None:
    """The sceptic's evidence is a command of its own lane; the person accepts the answer all the same."""
    command = "grep -c Refused src/client.py"
    run_it = call("run_command", command=command)
    objection = rejects(major("It is named once and caught nowhere.", command=command, exit_code=0, number=1))
    author = entry("researcher", *says("It is retried five times.", LOOP))
    world.make_repository(FILES)
    flow = world.home / "doubted.yaml"
    flow.write_text(FLOW)
    with serving(told(author, entry("sceptic", run_it, objection))) as server:
        world.extra.update({"OLLAMA_HOST": server.url, "OLLAMA_NUM_PARALLEL": "4"})
        wish = world.wish(GOAL, "--flow", str(flow))
        world.engine()
        world.send("start", wish)

        asked = answer_all(world, {"command": "allow", "stuck": "accept"})

    run = world.state()
    assert (task(run, "answer").state, asked[-1]) == (TaskState.DONE, "stuck")
    (finding,) = next(one.verdict for one in run.tasks.values() if one.spec.about and one.verdict).findings
    assert (finding.is_found, finding.refs[0].command, finding.refs[0].exit_code) == (True, command, 0)
    asked_for = next(one for one in run.approvals.values() if one.form == "stuck")
    assert asked_for.why.startswith("disputed: ")


def answer_all(world: World, answers: Mapping[str, str]) -> Sequence[str]:
    """Answer every question until the run is over; their forms in order."""
    asked: dict[str, str] = {}

    def look() -> bool:
        run = world.state() if world.last_kind() else None
        for question in run.open_approvals() if run else ():
            if question.approval not in asked:
                asked[question.approval] = question.form
                world.send("answer", {"approval": question.approval, "answer": answers[question.form]}, "r1")
        return bool(run and run.is_over)

    until(look)
    return list(asked.values())
