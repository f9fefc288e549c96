"""How an attempt ends well: the tool that hands over a role's result, and the outcome read out of its arguments.

work    finish(summary)                           → Produced
text    finish(output), or simply the last reply  → Produced with the text
plan    propose_plan(tasks, remark)               → Planned
review  give_verdict(accepts, summary, findings)  → Judged
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.answers import Complaint, read_answers, with_answers
from agents.claiming import finding_refs, read_claims, with_claims
from agents.document import nearest, read_yaml
from agents.plan_file import drafted
from agents.tools.tool import Finish
from engine.clean import clean, clean_line
from engine.errors import DefinitionFault
from engine.model import ToolSpec
from engine.ports import Brief, Failed, HandedOff, Judged, Outcome, Planned, Produced
from engine.words import Failure, Finding, Role, Verdict

SUMMARY_CHARS = 1600
"""About 400 tokens: what another agent is told of this one's work."""
OUTPUT_CHARS = 200_000
MAX_FINDINGS = 40
SEVERITIES = ("blocker", "major", "minor")
_FENCE = re.compile(r"```(?:json|ya?ml)?[ \t]*\n(.*?)```", re.DOTALL)
_TEXTS = {"type": "array", "items": {"type": "string"}}

FINISH_TEXT = ToolSpec(
    "finish",
    "Hand over the text that was asked for. Call it once; nothing after it is read.",
    {
        "type": "object",
        "properties": {"output": {"type": "string", "description": "The whole text, as it is to be read."}},
        "required": ["output"],
    },
)
PROPOSE_PLAN = ToolSpec(
    "propose_plan",
    "Propose the tasks. Call it once, after you have looked at the repository.",
    {
        "type": "object",
        "properties": {
            "tasks": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string", "description": "Short lower-case words with dashes."},
                        "title": {"type": "string", "description": "A few words for the screen."},
                        "agent": {"type": "string", "description": "A specialist from the list."},
                        "goal": {"type": "string", "description": "All that the agent will be told. Name files."},
                        "needs": {**_TEXTS, "description": "Ids of tasks whose result this one uses."},
                        "scope": {**_TEXTS, "description": "Globs of files it may write, e.g. src/parser/**."},
                        "check": {"type": "string", "description": "A command that proves it; leave out if unsure."},
                    },
                    "required": ["id", "agent", "goal"],
                },
            },
            "remark": {"type": "string", "description": "One or two sentences for the person: why this plan."},
        },
        "required": ["tasks"],
    },
)
GIVE_VERDICT = ToolSpec(
    "give_verdict",
    "Give your judgement. Call it once. Reject only with at least one blocker or major finding.",
    {
        "type": "object",
        "properties": {
            "accepts": {"type": "boolean"},
            "summary": {"type": "string", "description": "One or two sentences."},
            "findings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "path": {"type": "string"},
                        "line": {"type": "integer"},
                        "severity": {"type": "string", "enum": list(SEVERITIES)},
                        "text": {"type": "string", "description": "What goes wrong, for which input."},
                        "evidence": {"type": "string", "description": "Output you saw, or the lines that prove it."},
                    },
                    "required": ["text", "evidence"],
                },
            },
        },
        "required": ["accepts", "summary"],
    },
)

ENDING_TOOLS: dict[Role, ToolSpec] = {
    Role.TEXT: FINISH_TEXT,
    Role.PLAN: PROPOSE_PLAN,
    Role.REVIEW: GIVE_VERDICT,
}
"""Offered beside the agent's tools; work ends with the tool `finish`."""
NUDGES: dict[Role, str] = {
    Role.WORK: "Your reply called no tool. Go on with a tool, or call `finish` with a summary if the work is done.",
    Role.TEXT: "Your reply holds no result. Call `finish`, or answer with the text that was asked for.",
    Role.PLAN: "Your reply holds no plan. Call `propose_plan` with the tasks.",
    Role.REVIEW: "Your reply holds no verdict. Call `give_verdict`.",
}


def outcome_of(role: Role, brief: Brief, arguments: Mapping[str, Any]) -> Outcome:
    """Read the result out of an ending tool's arguments.

    Raises: Complaint with what to mend, written for the model.
    """
    if role is Role.PLAN:
        return _planned(brief, arguments)
    if role is Role.REVIEW:
        return _judged(brief, arguments)
    # Small models write the text where another tool's example had it.
    names = ("output", "text", "summary")
    answers = read_answers(brief.task.answers, arguments)
    claims = read_claims(arguments) if brief.claims else ()
    output = next((text for name in names if (text := _text(arguments, name, OUTPUT_CHARS))), "")
    return replace(produced_text(output or _as_lines(answers)), answers=answers, claims=claims)


def ending_tool(role: Role, brief: Brief) -> ToolSpec | None:
    """The tool that hands over a role's result, with the fields that the task asks for; None for work."""
    tool = ENDING_TOOLS.get(role)
    tool = with_claims(tool, role) if tool and brief.claims else tool
    return with_answers(tool, brief.task.answers) if tool and role is Role.TEXT else tool


def _as_lines(answers: Mapping[str, tuple[str, ...]]) -> str:
    return "\n".join(f"{name}: {', '.join(values)}" for name, values in answers.items())


def outcome_of_finish(finish: Finish) -> Outcome:
    """Read the end of an attempt out of what `finish` claims or `hand_off` passes on."""
    if finish.to:
        return HandedOff(finish.to, finish.reason, finish.summary)
    proof = "".join(f"\n- {clean_line(one, 200)}" for one in finish.evidence)
    summary = (clean(finish.summary).strip() + proof)[:SUMMARY_CHARS]
    if finish.outcome == "gave_up":
        return failed(Failure.GAVE_UP, summary, finish.summary)
    return Produced(summary, follow_ups=finish.follow_ups)


def outcome_of_text(role: Role, brief: Brief, text: str) -> Outcome | None:
    """Read the result out of a reply without a tool call; None when there is none in it.

    A plan or a verdict counts when the reply holds it as JSON or YAML; work is never finished by words alone.
    """
    if role is Role.TEXT and not brief.task.answers and not brief.claims:
        return produced_text(text) if text.strip() else None
    if role is Role.WORK:
        return None
    for candidate in (*_FENCE.findall(text), text):
        arguments = _mapping(candidate)
        if arguments and {"tasks", "accepts", "claims", *brief.task.answers} & arguments.keys():
            try:
                return outcome_of(role, brief, arguments)
            except Complaint:
                continue
    return None


def produced_text(text: str) -> Produced:
    """A text as a result, with its beginning as the summary."""
    whole = clean(text).strip()[:OUTPUT_CHARS]
    if not whole:
        raise Complaint("The text is empty.")
    return Produced(clean_line(whole, 200), whole)


def failed(failure: Failure, reason: str, feedback: str = "") -> Failed:
    """An end without a result; the reason is cleaned for the screen, the feedback stays raw for the next attempt."""
    return Failed(failure, clean_line(reason, 400), feedback)


def _planned(brief: Brief, arguments: Mapping[str, Any]) -> Planned:
    tasks = drafted(arguments)
    if isinstance(tasks, str):
        raise Complaint(f"The plan cannot be read:\n{tasks}")
    known = [name for name, _ in brief.specialists]
    stranger = next((task for task in tasks if known and task.agent not in known), None)
    if stranger:
        advice = nearest(stranger.agent, known) or f"Name one of {', '.join(known)}."
        raise Complaint(f"{stranger.task}: `{clean_line(stranger.agent, 60)}` cannot be given work. {advice}")
    return Planned(tasks, _text(arguments, "remark", SUMMARY_CHARS))


def _judged(brief: Brief, arguments: Mapping[str, Any]) -> Judged:
    accepts = arguments.get("accepts")
    if not isinstance(accepts, bool):
        raise Complaint("`accepts` must be true or false.")
    listed = _list(arguments.get("findings"))
    findings = tuple(found for one in listed if (found := _finding(one, brief.claims)))[:MAX_FINDINGS]
    if not accepts and not any(one.severity != "minor" for one in findings):
        raise Complaint(
            "A rejection needs at least one finding of severity blocker or major with `text` and `evidence`. "
            "If there is none, accept."
        )
    summary = _text(arguments, "summary", SUMMARY_CHARS) or ("accepted" if accepts else findings[0].text)
    return Judged(Verdict(accepts, summary, brief.subject.commit if brief.subject else "", findings))


def _finding(raw: Any, has_places: bool) -> Finding | None:
    if not isinstance(raw, dict) or not _text(raw, "text", 2000):
        return None
    path, _, tail = _text(raw, "path", 400).partition(":")
    line = raw.get("line")
    if not isinstance(line, int) or isinstance(line, bool):
        line = int(tail) if tail.isdecimal() and len(tail) < 9 else 0
    severity, evidence = _text(raw, "severity", 20).lower(), _text(raw, "evidence", 4000)
    if severity not in SEVERITIES:
        severity = "major"
    refs = finding_refs(raw, evidence) if has_places else ()
    # Without evidence it is a suspicion: worth a word, never a reason to send work back.
    severity = severity if evidence or path or refs else "minor"
    return Finding(_text(raw, "text", 2000), path, min(max(line, 0), 10**8), severity, evidence, refs)


def _text(arguments: Mapping[str, Any], name: str, limit: int) -> str:
    value = arguments.get(name, "")
    return clean(value).strip()[:limit] if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(text: str) -> dict[str, Any]:
    """A text that is one JSON or YAML mapping, with what a model says around the JSON left out."""
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        try:
            value = json.loads(text[start : end + 1])
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
    try:
        return read_yaml(text).values
    except DefinitionFault:
        return {}
