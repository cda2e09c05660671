"""The rows that a query or a function gives for one slice, and the part that holds none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from vibepiper_interpreter.compile.compiled import CompiledAsset, Kind
from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.build_python import python_rows
from vibepiper_interpreter.run.tasks.build_sql import sql_rows
from vibepiper_interpreter.run.tasks.staging import EVERYTHING, Rows
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Part
from vibepiper_spec.address import Address

_RowsOf = Callable[
    [RunSession, Task, Mapping[str, ParameterValue], Mapping[Address, str]], AbstractContextManager[Rows]
]
_ROWS: Mapping[Kind, _RowsOf] = {
    "sql": sql_rows,
    "python": python_rows,
}


def slice_rows(
    session: RunSession,
    task: Task,
    values: Mapping[str, ParameterValue],
    shown: Mapping[Address, str] = EVERYTHING,
) -> AbstractContextManager[Rows]:
    """What is given for the slice that `values` name; `shown` is what it sees by the names that it reads."""
    return _ROWS[task.asset.kind](session, task, values, shown)


def empty_part(session: RunSession, asset: CompiledAsset, file: Path) -> Part:
    """A table without rows, for whoever reads it before its first slice is there."""
    statement = copy_statement(no_rows(asset), file)
    return copy_to_parquet(session.cursor(), statement, file.relative_to(session.storage.root).as_posix())


def no_rows(asset: CompiledAsset) -> str:
    """A SELECT of the asset's columns that gives nothing."""
    nulls = ", ".join(f"CAST(NULL AS {column.type}) AS {quote(column.name)}" for column in asset.columns)
    return f"SELECT {nulls} WHERE false"
