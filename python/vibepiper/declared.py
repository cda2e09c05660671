"""What a module declares by decorators and calls: plain tables, as TOML would give them, kept in the module itself.

The compiler imports the module in a process of its own and reads them there; see `vibepiper_interpreter`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

# The name under which a module's global variables hold what it declares, as a list of `Declared`.
KEPT_AS = "__vibepiper_declared__"
# Set in the process that imports modules to see what they declare.
IMPORTING = "VIBEPIPER_IMPORTING"
_HERE = str(Path(__file__).parent)


@dataclass(slots=True)
class Declared:
    """A block: `header` is what stands in the brackets of TOML before its name, `("sql",)` for `[sql.NAME]`.

    `line` is where it is declared in the module's file. `mistake` is said instead, where it cannot be used.
    """

    header: tuple[str, ...]
    name: str
    keys: dict[str, Any] = field(default_factory=dict)
    line: int = 1
    mistake: str = ""


def declare_function(header: tuple[str, ...], name: str | None, function: Callable[..., object]) -> Declared:
    """The block of a decorated function, which takes its name unless it is given another."""
    code = getattr(function, "__code__", None)
    if code is None:
        raise TypeError(f"a decorator of vibepiper stands above a `def`; this is a {type(function).__name__}")
    declared = Declared(header, function.__name__ if name is None else name, line=code.co_firstlineno)
    _keep(vars(sys.modules[function.__module__]), declared)
    return declared


def declare_here(header: tuple[str, ...], name: str, keys: Mapping[str, Any]) -> Declared:
    """The block that a call in a module declares."""
    frame = calling_frame()
    declared = Declared(header, name, dict(keys), line=frame.f_lineno)
    _keep(frame.f_globals, declared)
    return declared


def take_back(function: Callable[..., object], declared: Declared) -> None:
    """Forget what was declared of a function."""
    vars(sys.modules[function.__module__])[KEPT_AS].remove(declared)


def declared_in(variables: Mapping[str, Any]) -> list[Declared]:
    """What the module with these global variables has declared so far."""
    return list(variables.get(KEPT_AS, ()))


def calling_frame() -> FrameType:
    """The frame of the user's code that called into this package."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_HERE) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _keep(variables: dict[str, Any], declared: Declared) -> None:
    variables.setdefault(KEPT_AS, []).append(declared)
