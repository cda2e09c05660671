"""The columns of a query that could not be bound before its inputs were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.types import stored_type
from vibepiper_interpreter.run.failures import declared_at
from vibepiper_interpreter.run.session import RunSession
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

_RENAME = "Give one of them another name with AS, or leave it out (`* EXCLUDE (…)`)."


def late_columns(session: RunSession, asset: CompiledAsset, described: Sequence[Sequence[Any]]) -> list[Column]:
    """What DESCRIBE says (a name and a type in each row), as it is stored.

    Raises DiagnosticError with what compiling tells of other queries: VP112 for a type that Parquet cannot hold, VP311
    for two columns of one name.
    """
    columns: list[Column] = []
    seen: set[str] = set()
    for name, kind, *_ in described:
        if name.casefold() in seen:
            raise _mistake(session, asset, "VP311", f"The result has two columns `{name}`.", _RENAME)
        seen.add(name.casefold())
        stored = stored_type(kind, name)
        if isinstance(stored, SqlProblem):
            raise _mistake(session, asset, stored.code, stored.message, stored.fix)
        columns.append(Column(name, stored))
    return columns


def _mistake(session: RunSession, asset: CompiledAsset, code: str, detail: str, fix: str) -> DiagnosticError:
    said = f"{detail} It shows only now, for `{asset.address}` reads what only a run can tell the columns of."
    return DiagnosticError(Diagnostic(code, said, declared_at(asset), fix=Fix(fix) if fix else None))
