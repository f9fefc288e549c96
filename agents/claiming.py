"""Claims, asked of a model as arguments of its ending tool and read back: what is said, and where it can be looked up.

Whether a place is really there is not decided here: the engine looks (`engine.claims`). Here, what a model meant is
read as generously as it can be without making anything up: a reference may stand flat beside the text, in a list, or
as `path:line`. Whatever points to somebody's words is kept as words, so that the engine can say why it counts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agents.answers import Complaint
from engine.claims import MAX_CLAIMS, MAX_REFS, told
from engine.clean import clean, clean_line
from engine.model import ToolCall, ToolSpec
from engine.sandbox.sandbox import CommandResult
from engine.words import CheckResult, Claim, Reference, Role

TEXT_CHARS = 600
QUOTE_CHARS = 4_000
WORD_CHARS = 400
OUTPUT_CHARS = 2_000
"""How much of a command's output can be named as evidence; the end tells most."""
_LAST_LINE = 10**8
_WHERE = re.compile(r"^(?P<path>[^\s:]+)(?::(?P<line>\d{1,8})(?:-\d{1,8})?)?$")
_WORDS = ("url", "source", "words", "agent", "task", "claim", "reviewer", "said_by", "reference")
"""Where models put what somebody else said."""
_TOLD = {"type": "string"}
_PLACE: dict[str, Any] = {
    "path": {**_TOLD, "description": "A file, relative to the top of the worktree."},
    "line": {"type": "integer", "description": "The line where the quote begins."},
    "quote": {**_TOLD, "description": "One to three whole lines, exactly as they are written there."},
    "symbol": {**_TOLD, "description": "In place of a quote: what that file defines, e.g. Client.connect."},
    "command": {**_TOLD, "description": "A command exactly as you ran it here; or the name of what the engine ran."},
    "exit_code": {"type": "integer", "description": "How that command ended."},
    "number": {"type": "number", "description": "A number that it printed and that you rely on."},
    "commit": {**_TOLD, "description": "The id of a commit; with a path, one that changed it."},
}
_CLAIMS = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_CLAIMS,
    "description": "Every statement that your text rests on, each with the places where it can be looked up.",
    "items": {
        "type": "object",
        "properties": {
            "text": {**_TOLD, "description": "One sentence that is true or false."},
            "refs": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": _PLACE}},
        },
        "required": ["text", "refs"],
    },
}
HOW = """\
The engine looks up every place you name: file, line and quote in this worktree, commands only as you ran them here.
What it does not find does not count, whoever agrees with it. Somebody's words, addresses and memories are no places."""


def with_claims(tool: ToolSpec, role: Role) -> ToolSpec:
    """An ending tool that asks for claims, or for places in its findings, as well."""
    properties, required = tool.parameters["properties"], tool.parameters["required"]
    if role is not Role.REVIEW:
        asked = {**tool.parameters, "properties": {**properties, "claims": _CLAIMS}, "required": [*required, "claims"]}
        return ToolSpec(tool.name, tool.description, asked)
    items = properties["findings"]["items"]
    described = {**items["properties"], **_PLACE}
    findings = {**properties["findings"], "items": {**items, "properties": described, "required": ["text"]}}
    about = (
        f"{tool.description} An acceptance counts with findings too: what you looked at that the author did not name."
    )
    return ToolSpec(tool.name, about, {**tool.parameters, "properties": {**properties, "findings": findings}})


def said_claims(role: Role) -> str:
    """What a task must show, in words."""
    if role is Role.REVIEW:
        return f"Each finding names a place: path, line and quote, or a command with its exit code. {HOW}"
    return f"Besides the text, `finish` takes `claims`: each statement with the places that show it. {HOW}"


def told_claims(claims: tuple[Claim, ...]) -> str:
    """An author's claims for whoever tries to break them."""
    return "\n".join(f"{number}. {one.text}\n{_places(one.refs)}" for number, one in enumerate(claims, 1))


def _places(refs: tuple[Reference, ...]) -> str:
    return "\n".join(f"   {told(ref)}" for ref in refs)


def read_claims(arguments: Mapping[str, Any]) -> tuple[Claim, ...]:
    """The claims out of a model's arguments.

    Raises: Complaint when there is none.
    """
    raw = arguments.get("claims")
    many = raw if isinstance(raw, list) else [raw] if isinstance(raw, dict | str) else []
    claims = tuple(claim for one in many[: MAX_CLAIMS + 1] if (claim := _claim(one)))
    if not claims:
        raise Complaint(f"`claims` is missing: a list of statements, each with `refs`. {HOW}")
    return claims


def _claim(raw: Any) -> Claim | None:
    if isinstance(raw, str):
        return Claim(clean_line(raw, TEXT_CHARS)) if raw.strip() else None
    text = _line(raw.get("text") or raw.get("claim"), TEXT_CHARS) if isinstance(raw, dict) else ""
    flat = {name: value for name, value in raw.items() if name not in ("text", "claim")} if text else {}
    return Claim(text, read_refs(flat)) if text else None


def read_refs(raw: Mapping[str, Any]) -> tuple[Reference, ...]:
    """The references of a claim or a finding: those in its list, and the one that stands flat beside its text."""
    listed: Any = raw.get("refs") or raw.get("references") or []
    many = listed if isinstance(listed, list) else [listed]
    found = [ref for one in (*many[: MAX_REFS + 1], dict(raw)) if (ref := _reference(one))]
    return tuple(dict.fromkeys(found))


def finding_refs(raw: Mapping[str, Any], evidence: str) -> tuple[Reference, ...]:
    """The references of a finding; with a path and nothing else, its evidence is taken for the quote."""
    is_bare = raw.get("path") and not any(raw.get(name) for name in ("quote", "symbol", "command", "commit", "refs"))
    return read_refs({**raw, "quote": evidence} if is_bare else raw)


def _reference(raw: Any) -> Reference | None:
    if isinstance(raw, str):
        match = _WHERE.match(raw.strip())
        is_path = match is not None and ("/" in raw or "." in raw) and "://" not in raw
        path, line = (match["path"], int(match["line"] or 0)) if match and is_path else ("", 0)
        return Reference(path, line) if path else Reference(words=_line(raw, WORD_CHARS)) if raw.strip() else None
    if not isinstance(raw, dict):
        return None
    path, line = _path(raw)
    ref = Reference(
        path=path,
        line=line,
        quote=_text(raw.get("quote"), QUOTE_CHARS).strip("\n"),
        symbol=_line(raw.get("symbol"), WORD_CHARS),
        commit=_line(raw.get("commit"), WORD_CHARS),
        command=_text(raw.get("command"), QUOTE_CHARS).strip(),
        exit_code=_whole(raw.get("exit_code")),
        number=_number(raw.get("number")),
        digest=_line(raw.get("digest"), WORD_CHARS),
        words=next((word for name in _WORDS if (word := _line(raw.get(name), WORD_CHARS))), ""),
    )
    return ref if ref != Reference(line=line) else None


def _path(raw: Mapping[str, Any]) -> tuple[str, int]:
    """Path and line, also where the line stands behind the path or is a range."""
    told_path = _line(raw.get("path") or raw.get("file"), WORD_CHARS)
    match = _WHERE.match(told_path)
    path, behind = (match["path"], match["line"]) if match and match["line"] else (told_path, None)
    first = re.match(r"\d{1,8}", str(raw.get("line") or raw.get("lines") or behind or ""))
    return path, min(int(first[0]), _LAST_LINE) if first else 0


def ran(call: ToolCall, result: CommandResult, commit: str) -> CheckResult:
    """A command of an attempt as evidence, bound to the commit that the attempt started from."""
    command = str(call.arguments.get("command") or " ".join((call.name, *map(str, call.arguments.values()))))
    output = clean(result.output)[-OUTPUT_CHARS:]
    exit_code = 124 if result.timed_out else result.exit_code
    return CheckResult(clean(command)[:QUOTE_CHARS], commit, exit_code, None, output, result.digest)


def _text(value: Any, limit: int) -> str:
    return clean(value)[:limit] if isinstance(value, str) else ""


def _line(value: Any, limit: int) -> str:
    told_value = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    return clean_line(told_value, limit) if isinstance(told_value, str) else ""


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,4}", value.strip()):
        return int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and abs(value) < 10**4 else None


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**15
    return float(value) if is_number else None
