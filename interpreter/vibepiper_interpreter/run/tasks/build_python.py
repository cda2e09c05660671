"""Makes a version of a Python asset: calls the function, and streams what it returns into a part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, PythonDefinition
from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue
from vibepiper_interpreter.run.failures import Cancelled, declared_at, engine_diagnostic
from vibepiper_interpreter.run.python.arguments import argument
from vibepiper_interpreter.run.python.calling import context_of, failure_of, planned_function, require_planned
from vibepiper_interpreter.run.python.columns import INEXACT, fit
from vibepiper_interpreter.run.python.datasets import ready_for_datasets
from vibepiper_interpreter.run.python.failures import (
    batches_differ,
    columns_differ,
    no_columns,
    no_table,
)
from vibepiper_interpreter.run.python.held_rows import hold_input, hold_result
from vibepiper_interpreter.run.python.output import TaskLog, told_to
from vibepiper_interpreter.run.python.returned import BatchesDiffer, BatchStream, NotATable
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.staging import EVERYTHING, NO_VALUES, Rows, stage
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    import pyarrow

_RESULT = "vp_returned"


def build_python(session: RunSession, task: Task) -> Version:
    with python_rows(session, task) as rows:
        return stage(session, task, rows)


@contextmanager
def python_rows(
    session: RunSession,
    task: Task,
    values: Mapping[str, ParameterValue] = NO_VALUES,
    shown: Mapping[Address, str] = EVERYTHING,
) -> Iterator[Rows]:
    """What the asset's function returns; `values` say which slice is wanted, and are in its context.

    `shown` are relations with what it is to see by a name that it reads, where that is not all of an input.
    """
    asset = task.asset
    if not isinstance(asset.definition, PythonDefinition):
        raise ValueError(f"{asset.address} is no Python asset")
    log = TaskLog(
        lambda level, message: session.say("log", asset.address, {"level": level, "message": message}),
        session.redactor,
    )
    # Relations given to the user live on a cursor of their own: they are read while the result is being written.
    users = session.new_cursor()
    writer = session.new_cursor()
    try:
        with told_to(log):
            called = _call(session, task, asset.definition, users, log, values, shown)
            stream = _open(session, task, asset.definition, called, log)
        try:
            yield _rows(session, task, asset.definition, writer, stream)
        finally:
            writer.unregister(_RESULT)
            with told_to(log):
                stream.close()
    finally:
        log.close()
        users.close()
        writer.close()


def _call(
    session: RunSession,
    task: Task,
    definition: PythonDefinition,
    cursor: duckdb.DuckDBPyConnection,
    log: TaskLog,
    values: Mapping[str, ParameterValue],
    shown: Mapping[Address, str],
) -> Any:
    asset = task.asset
    function = planned_function(session, asset, definition)
    require_planned(session, asset, definition)
    if definition.uses_datasets:
        ready_for_datasets(session)
    arguments: dict[str, Any] = {}
    for parameter in definition.parameters:
        if parameter.address is None:
            arguments[parameter.name] = context_of(session, asset, log, values)
        else:
            relation, version = shown.get(parameter.address), task.inputs.get(parameter.address)
            given = version if relation is None else relation
            assert given is not None, f"nothing is given for {parameter.name}"
            if version is not None:  # what a test writes down is no version of anything
                hold_input(session, asset, parameter, version.asset, relation)
            arguments[parameter.name] = argument(session, cursor, parameter, given, declared_at(asset))
    try:
        return function(**arguments)
    except BaseException as error:
        raise failure_of(session, asset, error) from error


def _open(session: RunSession, task: Task, definition: PythonDefinition, value: Any, log: TaskLog) -> BatchStream:
    def stop() -> None:
        if session.stopped:
            raise Cancelled

    try:
        return BatchStream(value, stop, lambda: _empty_schema(session, task.asset.given_columns), lambda: told_to(log))
    except NotATable as error:
        raise DiagnosticError(no_table(task.asset, definition, str(error))) from error
    except Cancelled:
        raise
    except BaseException as error:
        raise failure_of(session, task.asset, error) from error


def _empty_schema(session: RunSession, columns: tuple[Column, ...]) -> pyarrow.Schema | None:
    """The schema of no rows at all, where the asset declares one."""
    if not columns or not all(column.type for column in columns):
        return None
    casts = ", ".join(f"CAST(NULL AS {column.type}) AS c{index}" for index, column in enumerate(columns))
    schema = session.cursor().sql(f"SELECT {casts} WHERE false").to_arrow_table().schema
    for index, column in enumerate(columns):
        schema = schema.set(index, schema.field(index).with_name(column.name))
    return schema


def _rows(
    session: RunSession,
    task: Task,
    definition: PythonDefinition,
    cursor: duckdb.DuckDBPyConnection,
    stream: BatchStream,
) -> Rows:
    asset = task.asset
    fitted = fit(_returned_columns(session, asset, cursor, stream), asset.given_columns)
    if fitted.problems:
        raise DiagnosticError(columns_differ(asset, definition, fitted.problems))
    if not fitted.columns:
        raise DiagnosticError(no_columns(asset, definition))

    def write(file: Path, part_path: str) -> Part:
        query = f"SELECT {fitted.projection} FROM {_RESULT}"
        statement = copy_statement(query, file, order_by=asset.order_by)
        try:
            part = copy_to_parquet(cursor, statement, part_path)
        except duckdb.Error as error:
            raise _stopped(session, task, definition, stream, error) from error
        # The function may have imported more while it ran.
        require_planned(session, asset, definition)
        hold_result(session, asset, file)
        return part

    return Rows(write, lambda: fitted.columns)


def _returned_columns(
    session: RunSession, asset: CompiledAsset, cursor: duckdb.DuckDBPyConnection, stream: BatchStream
) -> list[Column]:
    if not stream.reader.schema.names:
        return []  # the engine knows no such table
    try:
        cursor.register(_RESULT, stream.reader)
        return [Column(row[0], row[1]) for row in cursor.execute(f"DESCRIBE {_RESULT}").fetchall()]
    except duckdb.Error:
        raise
    except Exception as error:  # Arrow's own, of a type that it cannot hand on
        raise failure_of(session, asset, error) from error


def _stopped(
    session: RunSession, task: Task, definition: PythonDefinition, stream: BatchStream, error: duckdb.Error
) -> BaseException:
    """Why writing stopped: the user's generator raised, a value lost something in its cast, or the engine failed."""
    match stream.error:
        case Cancelled():
            return Cancelled()
        case NotATable():
            return DiagnosticError(no_table(task.asset, definition, str(stream.error)))
        case BatchesDiffer():
            return DiagnosticError(batches_differ(task.asset, definition, str(stream.error)))
        case BaseException():
            return failure_of(session, task.asset, stream.error)
    message = engine_failure(error).message
    if message.startswith(INEXACT):
        column, _, value = message.removeprefix(INEXACT).partition(": ")
        declared = next(each.type for each in task.asset.given_columns if each.name == column)
        sentence = f"Column `{column}` holds `{session.redactor(value)}`, which is no {declared}, as is declared."
        return DiagnosticError(columns_differ(task.asset, definition, [sentence]))
    return DiagnosticError(engine_diagnostic(session, task.asset, error))
