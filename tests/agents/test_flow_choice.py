"""A run gets the flow that was meant, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from agents.flow_builder import flow, node
from agents.flow_choice import (
    choose_flow,
    goes_over_items,
    proves_work,
    refuse_unasked_commands,
    refuse_unplayable,
    without_tools,
)
from agents.flow_folder import read_flows, typed_flow
from agents.ladder import NO_TOOLS
from engine.errors import DefinitionFault, UserFault
from engine.flow import Flow
from engine.model import ModelProfile, ModelRef, Tier
from engine.words import AgentCard, Rung
from tests.stubs.runs import QUICK, card

LOCAL = ModelProfile(ModelRef("ollama", "small"), "host", True, Tier.QUICK, 8000, 8000, True, False)
TEXT = "name: mine\nnodes:\n  m: {run: make}\n  a: {agent: coder, edits: true, until: {critic: reviewer}}\n"


def roster(*names: str, ladder: tuple[Rung, ...] = (QUICK,)) -> dict[str, AgentCard]:
    return {name: card(name, ladder=ladder) for name in names}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A repository with an untrusted flow."""
    folder = tmp_path / ".orchestra" / "flows"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(TEXT)
    return tmp_path


def test_auto_routes_and_a_name_is_taken_as_it_is(tmp_path: Path) -> None:
    known = read_flows(user=tmp_path)

    assert choose_flow({"goal": "fix the typo in a.md"}, (), [LOCAL], known).flow.name == "quick"
    assert choose_flow({"flow": "deep", "goal": "x"}, (), [LOCAL], known).reason == "deep: you chose it"
    assert choose_flow({"plan": [1]}, (), [LOCAL], known).reason == "build: you brought a plan"


def test_a_flow_that_is_not_used_is_refused_with_the_reason(here: Path) -> None:
    known = read_flows(here, {}, here / "none")

    with pytest.raises(UserFault, match="not trusted yet"):
        choose_flow({"flow": "mine", "goal": "x"}, (), [LOCAL], known)
    with pytest.raises(UserFault, match="Did you mean `build`"):
        choose_flow({"flow": "biuld", "goal": "x"}, (), [LOCAL], known)


def test_a_file_named_by_hand_is_the_persons_word(here: Path) -> None:
    known, wish = read_flows(here, {}, here / "none"), {"flow": "mine", "goal": "x"}
    file = {"name": "mine", "path": ".orchestra/flows/mine.yaml", "text": TEXT}

    chosen = choose_flow({**wish, "flow_file": file}, (), [LOCAL], known, ["coder", "reviewer"])

    assert chosen.flow.origin == "typed"
    with pytest.raises(DefinitionFault, match="Nobody is called `reviewer`"):
        choose_flow({**wish, "flow_file": file}, (), [LOCAL], known, ["coder"])
    with pytest.raises(UserFault, match="not trusted yet"):
        choose_flow({**wish, "flow_file": {**file, "name": "other"}}, (), [LOCAL], known)


EVERYBODY = flow(
    "all",
    "",
    node("a", "coder", edits=True, until={"critic": "critic"}, handoff={"to": ["other"]}),
    node("v", "judge", answers={"ok": ["y", "n"]}, vote={"n": 2, "agents": ["judge", "second"]}),
    node("m", run="make"),
    node("g", human=True),
)


@pytest.mark.parametrize("missing", ["coder", "critic", "other", "judge", "second"])
def test_everybody_whom_a_node_may_need_must_be_there_with_a_model(missing: str) -> None:
    people = roster("coder", "critic", "other", "judge", "second")
    refuse_unplayable(EVERYBODY, people, [LOCAL])

    with pytest.raises(UserFault, match=f"names '{missing}', whom nobody defined"):
        refuse_unplayable(EVERYBODY, {name: one for name, one in people.items() if name != missing}, [LOCAL])
    with pytest.raises(UserFault, match=f"do the work of {missing}"):
        refuse_unplayable(EVERYBODY, {**people, **roster(missing, ladder=())}, [LOCAL])


def test_gates_and_commands_need_nobody() -> None:
    refuse_unplayable(flow("f", "", node("m", run="make"), node("g", human=True, needs=["m"])), {}, [])
    with pytest.raises(UserFault, match="model"):
        refuse_unplayable(flow("f", "", node("a", "coder")), roster("coder"), [])


def test_only_what_edits_with_the_runs_check_asks_for_one() -> None:
    assert proves_work(flow("f", "", node("a", "coder", edits=True)))
    assert not proves_work(flow("f", "", node("a", "coder", edits=True, check=False), node("b", "c", writes="x.md")))


def test_only_a_node_over_items_goes_over_items() -> None:
    assert goes_over_items(flow("f", "", node("a", "coder", each="items")))
    assert not goes_over_items(flow("f", "", node("a", "coder", each=["x"])))


def test_a_model_without_tools_is_told_whoever_it_plays() -> None:
    rung = Rung("local/odd", "quick", notes=(NO_TOOLS,))

    assert without_tools(EVERYBODY, roster("critic", ladder=(rung,)))[0].startswith("local/odd calls no tools")


def of_repository() -> Flow:
    return replace(typed_flow(TEXT, Path("mine.yaml")), origin="repository")


@pytest.mark.parametrize("wish", [{"unattended": True}, {"plan": [1]}])
def test_commands_of_a_repository_that_nothing_holds_are_refused_where_nobody_is_asked(wish: dict[str, object]) -> None:
    with pytest.raises(UserFault, match=r"--flow \.orchestra/flows/mine\.yaml"):
        refuse_unasked_commands(of_repository(), "D", wish)
    refuse_unasked_commands(of_repository(), "B", wish)
    refuse_unasked_commands(of_repository(), "D", {})
    refuse_unasked_commands(typed_flow(TEXT, Path("mine.yaml")), "D", wish)
