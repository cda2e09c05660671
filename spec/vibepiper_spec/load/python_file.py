"""A Python module that declares assets by decorators, as the loader sees it: one more file of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.scan import PROJECT_FILE


@dataclass(frozen=True, slots=True)
class PythonFile:
    """What importing a module declared. `path` is relative to the root, with `/`."""

    path: str
    parsed: ParsedFile
    # In which line each block is declared, by its header with the name.
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)
    # The project's other files that importing the module runs: what it declares may hang on any of them.
    imports: tuple[str, ...] = ()


# Imports modules by their names, and says what is wrong with the names themselves. Whoever cannot run Python gives
# `no_modules`.
ReadModules = Callable[[Sequence[str]], tuple[Sequence[PythonFile], Sequence[Problem]]]


def no_modules(names: Sequence[str]) -> tuple[Sequence[PythonFile], Sequence[Problem]]:
    """For what does without the assets that are declared in Python."""
    return (), ()


def place_of_module(index: int) -> tuple[Origin, tuple[str | int, ...]]:
    """Where `[project] modules` names the module at `index`."""
    return Origin(PROJECT_FILE, ("project",)), ("modules", index)
