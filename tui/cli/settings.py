"""The person's own settings: `config.toml` in their configuration folder. Flags win over it.

theme = "paper"              # dusk, paper, high-contrast, clear-sight, or a file in themes/ beside this one
lanes = 6                    # lanes at the same time
flow = "auto"
allow_cloud = false
bell = true                  # ring when something needs you while you look elsewhere

[models]                     # what the words of the specialists' ladders mean, best first
quick = ["ollama/qwen3:4b"]
large = ["ollama/qwen3-coder:30b"]
cloud = ["anthropic/claude-sonnet-5-5"]

[keys]                       # by the ids that F1 shows
zoom = "z,enter"

[budget]                     # what each run may spend at most; leave out what you do not want to cap
usd = 2.50
tokens = "500k"
time = "20m"                 # of turns, added up over all lanes
on_cap = "ask"               # ask, local (on with a local model where money ran out), stop
task = {usd = 0.50}          # each task; the same three words
attempt = {time = "5m"}      # each attempt at a task

[prices]                     # dollars per million prompt and output tokens, where you know better than any table
"openai/house-model" = [0.5, 2.0]
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path

import msgspec

from engine.errors import DefinitionFault
from engine.places import config_home

FILE = "config.toml"
_FIELD = re.compile(r"unknown field `(\w+)`|\$\.(\w+)")


class CapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a task or an attempt may spend."""

    usd: float | None = None
    tokens: int | str | None = None
    time: float | str | None = None


class BudgetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run may spend."""

    usd: float | None = None
    tokens: int | str | None = None
    time: float | str | None = None
    on_cap: str = "ask"
    task: CapSettings = CapSettings()
    attempt: CapSettings = CapSettings()


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person may settle once; the module's docstring is its documentation."""

    theme: str = "dusk"
    lanes: int = 0
    flow: str = "auto"
    allow_cloud: bool = False
    bell: bool = True
    models: dict[str, list[str]] = {}
    keys: dict[str, str] = {}
    budget: BudgetSettings = BudgetSettings()
    prices: dict[str, tuple[float, float]] = {}


def settings_path() -> Path:
    """Where the file is looked for."""
    return config_home() / FILE


def read_settings(path: Path | None = None) -> Settings:
    """Read the person's settings; the defaults when there is no file.

    Raises: DefinitionFault with file, line and suggestion.
    """
    place = path or settings_path()
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionFault(f"The settings cannot be read: {error}.", path=place) from error
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionFault(f"The settings are not TOML: {error}.", remedy="Correct it.", path=place) from error
    except msgspec.ValidationError as error:
        raise _fault(place, text, str(error)) from error


def _fault(place: Path, text: str, words: str) -> DefinitionFault:
    found = _FIELD.search(words)
    name = (found[1] or found[2]) if found else ""
    near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
    lines = text.splitlines()
    line = next((number for number, words in enumerate(lines, 1) if name and words.strip(" [").startswith(name)), 0)
    remedy = f"Did you mean {near[0]!r}?" if near and near[0] != name else "Correct it or leave it out."
    return DefinitionFault(f"{words}.", remedy=remedy, path=place, line=line, field_name=name)
