"""What Python users import: decorators that declare assets, rules, pipelines, and a project to look into."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vibepiper.decorators import asset, check, source, sql_asset, task, validate
from vibepiper.pipeline import Pipeline
from vibepiper.rules import (
    AcceptedValues,
    Between,
    Expression,
    Length,
    NotNull,
    Pattern,
    Query,
    References,
    RowCount,
    Rule,
    Unique,
)

if TYPE_CHECKING:
    from vibepiper.errors import RunFailed, SpecError
    from vibepiper.project import Project

    # Not in `__all__`: `import *` must not hide the builtin.
    from vibepiper.project import open as open
    from vibepiper.typed_rows import rows_of, table_of
    from vibepiper_interpreter.run.python.context import Context

# What brings the compiler with it, which a module that only declares does without.
_LATER = {
    "Context": ("vibepiper_interpreter.run.python.context", "Context"),
    "Project": ("vibepiper.project", "Project"),
    "RunFailed": ("vibepiper.errors", "RunFailed"),
    "SpecError": ("vibepiper.errors", "SpecError"),
    "open": ("vibepiper.project", "open"),
    "rows_of": ("vibepiper.typed_rows", "rows_of"),
    "table_of": ("vibepiper.typed_rows", "table_of"),
}

__all__ = [
    "AcceptedValues",
    "Between",
    "Context",
    "Expression",
    "Length",
    "NotNull",
    "Pattern",
    "Pipeline",
    "Project",
    "Query",
    "References",
    "RowCount",
    "Rule",
    "RunFailed",
    "SpecError",
    "Unique",
    "asset",
    "check",
    "rows_of",
    "source",
    "sql_asset",
    "table_of",
    "task",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    return getattr(import_module(module), attribute)
