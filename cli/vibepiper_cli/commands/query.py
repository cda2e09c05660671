"""Runs SQL against what is published, and prints the rows."""

from __future__ import annotations

import sys

import duckdb

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import load_for_state, stop_on_unknown_environment
from vibepiper_cli.query_errors import QUERY_PLACE, query_problem
from vibepiper_cli.query_statements import writing_statement
from vibepiper_cli.reading import fetch, stream, stream_json
from vibepiper_cli.views.asset import render_rows
from vibepiper_cli.views.rows import csv_lines, json_array
from vibepiper_cli.views.words import count
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.run.reading import open_warehouse
from vibepiper_interpreter.run.warehouse import files_in_reach
from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.diagnostics import DiagnosticError

_ROWS_OF_A_TABLE = 100


def query(invocation: Invocation, sql: str, environment: str, format: str, limit: int | None) -> ExitStatus:
    text = sys.stdin.read() if sql == "-" else sql
    if not text.strip(" \t\r\n;"):
        raise WrongUsage("there is no SQL to run.")
    project = load_for_state(invocation).project
    stop_on_unknown_environment(project.settings, environment)
    with open_state(project.root, project.settings) as state:
        _, published, _ = state.published(environment)
        warehouse = ensure_warehouse(project.root, project.settings, state, environment)
        reach = files_in_reach(project.root, project.settings, state, environment)
    invocation.texts[QUERY_PLACE] = text
    if refused := writing_statement(text):
        raise DiagnosticError(refused)
    with open_warehouse(warehouse, reach) as connection:
        try:
            _print(connection, text, format, limit, invocation)
        except duckdb.Error as error:
            storage = Storage(reach.storage)
            raise DiagnosticError(query_problem(connection, text, error, published, storage, project.root)) from error
    return ExitStatus.OK


def _print(
    connection: duckdb.DuckDBPyConnection, text: str, format: str, limit: int | None, invocation: Invocation
) -> None:
    printer = invocation.printer
    match format:
        case "json":
            printer.whole_lines(json_array(stream_json(connection, text, limit)))
        case "csv":
            printer.lines(csv_lines(stream(connection, text, limit)))
        case _:
            rows = fetch(connection, text, limit or _ROWS_OF_A_TABLE)
            if rows.columns:
                printer.data(render_rows(rows, printer.data_paint))
            shown = count(len(rows.rows), "row")
            printer.talk(f"\nThe first {shown}; `--limit` shows more." if rows.more else f"\n{shown}")
