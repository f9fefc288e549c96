"""One changed file as rules see it: parsed once, however many rules look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from engine.conformance import python_code, source
from engine.conformance.rule import Changed
from engine.conformance.source import Definition, Mention

_PYTHON = (".py", ".pyi")


class Reading:
    """A changed file and, once asked for, what its added lines import, call and define."""

    def __init__(self, change: Changed) -> None:
        self.change = change
        self.added = dict(change.added)

    @property
    def is_readable(self) -> bool:
        """Whether there is a text to look at, whole or not."""
        return self.change.is_text and not self.change.is_deleted

    @cached_property
    def _tree(self) -> ast.Module | None:
        return python_code.parsed(self.change.text) if self.change.path.endswith(_PYTHON) else None

    @cached_property
    def imports(self) -> tuple[Mention, ...]:
        """What the added lines import."""
        return self._added_of(python_code.imports(self._tree) if self._tree else source.imports_in(self.change.added))

    @cached_property
    def calls(self) -> tuple[Mention, ...]:
        """What the added lines call."""
        return self._added_of(python_code.calls(self._tree) if self._tree else source.calls_in(self.change.added))

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """What the diff defines, and does not merely write anew with another signature."""
        added = self.change.added
        found = python_code.definitions(self._tree) if self._tree else source.definitions_in(added)
        before = {(one.kind, one.name) for one in source.definitions_in(enumerate(self.change.removed))}
        return tuple(one for one in found if self._is_new(one) and (one.kind, one.name) not in before)

    def _is_new(self, one: Definition) -> bool:
        return self.change.is_new if one.kind == "modules" else one.line in self.added

    def _added_of(self, mentions: Iterable[Mention]) -> tuple[Mention, ...]:
        return tuple(one for one in mentions if one.line in self.added)
