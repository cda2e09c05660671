"""What DuckDB says about a query typed at the terminal, as a diagnostic with a caret in that query."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from vibepiper_cli.lost_files import lost_files
from vibepiper_cli.views.words import listed
from vibepiper_interpreter.engines.duckdb.bind_errors import Sight, explain
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure, engine_failure
from vibepiper_interpreter.engines.duckdb.syntax import code_point
from vibepiper_interpreter.engines.duckdb.syntax_errors import syntax_problem
from vibepiper_interpreter.state.published import Published
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, did_you_mean

# Stands for the file where there is none.
QUERY_PLACE = "query"

_FORBIDDEN = re.compile(r'^Cannot access (?:file|directory) "(?P<path>[^"]+)"')
_UNKNOWN_TABLE = re.compile(r"^Table with name (?P<name>\S+) does not exist")


def query_problem(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    error: duckdb.Error,
    published: Mapping[Address, Published],
    storage: Storage,
    root: Path,
) -> Diagnostic:
    """The diagnostic for `error`, which `sql` met; `published` is what the warehouse should show."""
    failure = _placed(connection, sql) or replace(engine_failure(error), position=None)
    start, end = _span(failure, sql)
    place = place_in_query(sql, start, end)
    unknown = _UNKNOWN_TABLE.search(failure.message)
    if unknown:
        return _unknown_asset(unknown["name"].replace('"', ""), place, published)
    if "read-only mode" in failure.message:
        detail = "What is published is made by specs alone, so a query can only read it."
        return Diagnostic("VP306", detail, place, fix=Fix("Change the specs; `vp apply` publishes what they say."))
    if failure.kind == "Permission":
        return _out_of_reach(sql, failure.message, place)
    if failure.kind == "Parser":
        problem = syntax_problem(sql, failure.message, start)
        place = place_in_query(sql, problem.start, problem.end)
        return Diagnostic(problem.code, problem.message, place, fix=Fix(problem.fix) if problem.fix else None)
    words = sql.casefold()

    def where(address: Address) -> Place:
        named = words.find(str(address)) if len(words) == len(sql) else -1
        return place_in_query(sql, named, named + len(str(address))) if named >= 0 else place

    # Of what a view reads, only the message may tell.
    read = [
        each
        for address, each in published.items()
        if address.name in words or any(part.path in failure.message for part in each.parts)
    ]
    if lost := lost_files(connection, failure, read, storage, root, where):
        return lost
    told = explain(failure.message, Sight(sql[start:end], (), {}, {}))
    return Diagnostic(told.code, told.message, place, fix=Fix(told.fix) if told.fix else None)


def _out_of_reach(sql: str, message: str, place: Place) -> Diagnostic:
    named = _FORBIDDEN.search(message)
    if named is not None and (start := sql.find(named["path"])) >= 0:
        place = place_in_query(sql, start, start + len(named["path"]))
    detail = "A query reads what is published, and no other file, folder, database or address."
    return Diagnostic("VP307", detail, place, fix=Fix("Declare the file as a `[source.file.NAME]`, and apply."))


def _unknown_asset(name: str, place: Place, published: Collection[Address]) -> Diagnostic:
    lost = [address for address in published if name.casefold() in (str(address), address.name)]
    if lost:
        detail = f"`{lost[0]}` is published, but its files are no longer in the storage."
        return Diagnostic("VP509", detail, place, fix=Fix("Build it anew: `vp plan` says so, and `vp apply` does it."))
    names = [str(address) for address in published]
    detail = f"Nothing of the name `{name}` is published.{did_you_mean(name, names)}"
    fix = f"Published: {listed(names)}." if names else "Publish something first: `vp apply`."
    return Diagnostic("VP202", detail, place, fix=Fix(fix))


def _placed(connection: duckdb.DuckDBPyConnection, sql: str) -> EngineFailure | None:
    """The same error with its place in `sql`. A relation tells none, or one in the statement that we made of it."""
    try:
        connection.execute(sql).fetchone()
    except duckdb.Error as located:
        return engine_failure(located)
    return None


def _span(failure: EngineFailure, sql: str) -> tuple[int, int]:
    """Where the error is, in code points; the first word, which stands for all, where DuckDB does not tell."""
    if failure.position is None:
        start = len(sql) - len(sql.lstrip())
        return start, start + max(1, len(sql[start:].split()[0]))
    encoded = None if sql.isascii() else sql.encode()
    start = code_point(encoded, sql, failure.position)
    return start, max(start + 1, code_point(encoded, sql, failure.position + failure.length))


def place_in_query(sql: str, start: int, end: int) -> Place:
    return Place(QUERY_PLACE, Range(*_line_and_column(sql, start), *_line_and_column(sql, end)))


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
