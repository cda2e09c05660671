"""Makes a version of a SQL asset: its query's rows, or nothing but a name for a view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import SqlDefinition
from vibepiper_interpreter.engines.duckdb.copy import (
    Statement,
    copy_statement,
    copy_table,
    copy_to_parquet,
    describe_statement,
    table_statement,
)
from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue, fill_parameters, parameter_literals
from vibepiper_interpreter.run.failures import engine_diagnostic
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.late_columns import late_columns
from vibepiper_interpreter.run.tasks.staging import EVERYTHING, NO_VALUES, Rows, stage, virtual
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError


def build_sql(session: RunSession, task: Task) -> Version:
    if task.asset.build == "view":
        return virtual(session, task)
    with sql_rows(session, task) as rows:
        return stage(session, task, rows)


@contextmanager
def sql_rows(
    session: RunSession,
    task: Task,
    values: Mapping[str, ParameterValue] = NO_VALUES,
    shown: Mapping[Address, str] = EVERYTHING,
) -> Iterator[Rows]:
    """The rows of the asset's query; `values` are those of the parameters that say which slice is wanted.

    `shown` are relations with what it is to see by a name that it reads, where that is not all of an input.
    """
    asset = task.asset
    definition = asset.definition
    if not isinstance(definition, SqlDefinition):
        raise ValueError(f"{asset.address} is no SQL asset")
    given = (*definition.values, *values.items())
    filled = fill_parameters(definition.query, parameter_literals(definition.parameters, given, session.now))
    cursor = session.cursor()
    relations, table = session.relations, qualified(asset.address)
    columns = list(asset.given_columns)  # none are known before where one of its inputs is a function's that tells none

    def write(file: Path, part_path: str) -> Part:
        if asset.settings is None and relations.tables.wanted(asset, task.inputs.values()):
            most_rows = relations.tables.MOST_ROWS
            statement = table_statement(filled.text, table, asset.columns, asset.order_by, most_rows=most_rows)
            with told(statement):
                made = relations.make_table(cursor, asset.address, statement.text, part_path)
            if made:
                try:
                    return copy_table(session.plain_cursor(), table, file, part_path)
                except BaseException:
                    relations.forsake_table(cursor, asset.address)
                    raise
        if not columns:
            described = describe_statement(filled.text)
            with told(described):
                columns.extend(late_columns(session, asset, cursor.execute(described.text).fetchall()))
        statement = copy_statement(filled.text, file, columns, asset.order_by)
        with told(statement):
            return copy_to_parquet(cursor, statement, part_path)

    @contextmanager
    def told(statement: Statement) -> Iterator[None]:
        """Errors of the engine in the words of the asset's own query."""
        try:
            yield
        except duckdb.Error as error:
            located = filled if _own_text_only(task) else None
            raise DiagnosticError(engine_diagnostic(session, asset, error, located, statement.query_offset)) from error

    if shown:
        # The others are seen whole, by the same kind of name.
        whole = {address: qualified(address) for address in task.inputs}
        with relations.shown_as(cursor, asset.address.pipeline, {**whole, **shown}):
            yield Rows(write, lambda: columns)
    else:
        relations.use(cursor, asset.address.pipeline)
        yield Rows(write, lambda: columns)


def _own_text_only(task: Task) -> bool:
    """Whether a position can only be one in this asset's own query.

    DuckDB counts an error inside a view that the query reads in that view's text, and does not say so.
    """
    return all(version.parts for version in task.inputs.values())
