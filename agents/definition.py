"""A specialist's definition: Markdown whose front matter says what it is and whose body is its prompt.

    ---
    name: coder
    description: Writes code and tests for one task.
    model: [quick, large, cloud]     # a ladder; a word, `provider/name`, or `inherit`
    tools: [list, read, search, edit, write, run]
    scope: ["src/**", "tests/**"]
    max_turns: 40                    # also maxTurns, steps, maxSteps
    temperature: 0.2
    output: work                     # work, text, plan or review
    ---
    You are …

Files made for other tools are read as far as they mean the same; what is not understood stays in `extras` and is shown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from agents.document import Document, checked, nearest, read_text, read_yaml
from agents.tools.registry import NAMES
from engine.clean import clean_line
from engine.errors import DefinitionFault
from engine.words import Role

RULE_FILES = ("AGENTS.md", "CLAUDE.md")
MODEL_WORDS = ("quick", "large", "cloud", "inherit")

_FENCE = re.compile(r"^---[ \t]*\r?\n(?P<head>.*?)^---[ \t]*(?:\r?\n|\Z)(?P<body>.*)", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9._/-]{0,63}\Z")
_OTHER_NAMES = {
    "list_files": "list ls glob",
    "read_file": "read view cat",
    "search": "grep search_files",
    "edit_file": "edit str_replace multiedit patch",
    "write_file": "write create",
    "run_command": "run bash shell execute",
}
_TOOL_WORDS = {word: name for name, words in _OTHER_NAMES.items() for word in words.split()}
"""Shorter words, and what other programs call the same thing."""
_ABSENT_TOOLS = re.compile(
    r"mcp_.*|web_?(?:fetch|search)|todo.*|task|agent(?:\(.*)?|skill|notebook.*|lsp|\*", re.IGNORECASE
)
"""Tools of other programs that have no counterpart here: left out and shown, not a fault."""
_FOREIGN_MODELS = {"haiku": "cloud", "sonnet": "cloud", "opus": "cloud", "default": "inherit"}


def _words(value: Any) -> Any:
    """A comma string as a list, and a map of truth values as the names that are true (both are in use elsewhere)."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, dict):
        return tuple(name for name, is_on in value.items() if is_on is True)
    return value


def _rule_files(value: Any) -> Any:
    if isinstance(value, bool):
        return RULE_FILES if value else ()
    return _words(value)


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class AgentDefinition(BaseModel):
    """What a Markdown file says of a specialist."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    name: str
    description: str = ""
    model: Words = ("inherit",)
    """The ladder: `provider/name`, or quick, large, cloud, inherit."""
    tools: Words = ("list_files", "read_file", "search")
    """Never everything by default: a definition that names none can read and that is all."""
    scope: Words = ()
    """Globs it may write to; empty leaves it to the task."""
    max_turns: int = Field(
        default=30, ge=1, le=500, validation_alias=AliasChoices("max_turns", "maxTurns", "steps", "maxSteps")
    )
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    think: bool | Literal["low", "medium", "high"] | None = None
    """Asked for only where the model can think."""
    rules: Annotated[tuple[str, ...], BeforeValidator(_rule_files)] = RULE_FILES
    """File names of the repository's rules; false for none."""
    memory: bool = False
    """Whether its notes come back in its next task."""
    output: Literal["work", "text", "plan", "review"] = "work"
    skills: Words = ()
    window: int = Field(default=0, ge=0)
    """Tokens of context it wants at most; 0 leaves it to the model."""
    prompt: str = ""
    path: Path | None = None
    origin: str = "package"
    """package, user or repository."""
    absent_tools: tuple[str, ...] = ()
    """Tools that the file asks for and that do not exist here."""

    @property
    def role(self) -> Role:
        """What its result is, in the engine's word."""
        return Role(self.output)

    @property
    def extras(self) -> dict[str, Any]:
        """Fields that we do not understand, kept to be shown."""
        return dict(self.model_extra or {})

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not _NAME.match(value):
            raise ValueError("a name is lower-case letters, digits, `-`, `_`, `.` and `/`, at most 64")
        return value

    @field_validator("description")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return clean_line(value, 400)

    @field_validator("tools")
    @classmethod
    def _our_tools(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_TOOL_WORDS.get(name.lower(), name.lower()) for name in value))

    @field_validator("model")
    @classmethod
    def _a_ladder(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        value = tuple(_FOREIGN_MODELS.get(rung, rung) for rung in value)
        for rung in value:
            if rung not in MODEL_WORDS and not all(rung.partition("/")):
                hint = nearest(rung, MODEL_WORDS) or "Write `provider/name`, e.g. `ollama/qwen3:4b`."
                raise ValueError(f"`{clean_line(rung, 60)}` is neither {', '.join(MODEL_WORDS)} nor a model. {hint}")
        return value or ("inherit",)


def load_definition(path: Path, origin: str = "package", name: str = "") -> AgentDefinition:
    """Read a definition file.

    In:     name is the one to use when the file gives none (its place below the agents folder).
    Raises: DefinitionFault with file, line, field and suggestion.
    """
    return parse_definition(read_text(path), path, origin, name or path.stem)


def parse_definition(text: str, path: Path | None = None, origin: str = "package", name: str = "") -> AgentDefinition:
    """Read a definition from its text.

    Raises: DefinitionFault; nothing else, whatever the text is.
    """
    found = _FENCE.match(text)
    if not found:
        what = "There is no front matter between two `---` lines at the top."
        raise DefinitionFault(what, "Nothing was read from it.", "Start the file with `---`.", path, 1)
    document = read_yaml(found["head"], path, lines_before=1)
    for reserved in ("prompt", "path", "origin", "absent_tools"):
        if reserved in document.values:
            raise document.fault(f"`{reserved}` is not a field: the body is the prompt.", (reserved,), "Remove it.")
    document.values.setdefault("name", name.lower())
    definition = checked(document, AgentDefinition)
    tools, absent = _known_tools(document, definition.tools)
    if not found["body"].strip():
        line = text[: found.start("body")].count("\n") + 1
        raise DefinitionFault("The body, which is the prompt, is empty.", remedy="Write it.", path=path, line=line)
    update = {
        "prompt": found["body"].strip(),
        "path": path,
        "origin": origin,
        "tools": tools,
        "absent_tools": absent,
    }
    return definition.model_copy(update=update)


def _known_tools(document: Document, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tools that exist here and those that only exist elsewhere; a fault for one that exists nowhere."""
    absent = tuple(name for name in names if name not in NAMES and _ABSENT_TOOLS.fullmatch(name))
    for name in names:
        if name not in NAMES and name not in absent:
            advice = nearest(name, (*NAMES, *_TOOL_WORDS)) or f"Tools are {', '.join(NAMES)}."
            raise document.fault(f"There is no tool `{clean_line(name, 60)}`.", ("tools",), advice)
    return tuple(name for name in names if name not in absent), absent
