"""What DuckDB says about a query typed at the terminal, as a diagnostic with a caret in that query."""

from __future__ import annotations

import re

import duckdb

from vibepiper_interpreter.engines.duckdb.errors import sentence
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure, engine_failure
from vibepiper_interpreter.engines.duckdb.syntax import code_point
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range

# Stands for the file where there is none.
QUERY_PLACE = "query"

# The first pattern found in DuckDB's message decides on the code and on the advice.
_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), code, fix)
    for pattern, code, fix in (
        (r"^syntax error|^unterminated|^Parser", "VP301", ""),
        (r"^Referenced (column|table)|does not have a column named", "VP302", "`vp show ASSET` lists the columns."),
        (r"^Ambiguous reference", "VP303", "Put the table's name before the column."),
        (
            r"^Table with name|^Catalog .* does not exist|^Schema with name",
            "VP202",
            '`vp query "show all tables"` lists what is published.',
        ),
        (r"Function with name .* does not exist", "VP305", ""),
        (
            r"^No function matches|^Could not convert|^Cannot (compare|mix|cast)|^Conversion",
            "VP304",
            "Cast one of them.",
        ),
        (r"read-only mode", "VP306", "Change specs instead; `vp apply` publishes what they say."),
        (r"^Values were not provided", "VP308", "Write the value itself: `vp query` takes no parameters."),
    )
)


def query_problem(connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error) -> Diagnostic:
    """The diagnostic for `error`, which `sql` met."""
    failure = engine_failure(_with_place(connection, sql, error))
    code, advice = next(
        ((code, advice) for pattern, code, advice in _KINDS if pattern.search(failure.message)), ("VP314", "")
    )
    return Diagnostic(code, _detail(failure), _place(failure, sql), fix=Fix(advice) if advice else None)


def _with_place(connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error) -> duckdb.Error:
    """The same error, met by `execute`: a relation does not tell where in the query it was."""
    if engine_failure(error).position is not None:
        return error
    try:
        connection.execute(sql)
    except duckdb.Error as located:
        return located
    return error


def _detail(failure: EngineFailure) -> str:
    # The rest of a long message is every signature of the function.
    head = failure.message.split("\n\tCandidate functions")[0].split(" You might need to add")[0]
    return sentence(head.replace("\n", " ").replace("! ", ". ").replace(': : "', ': "'))


def _place(failure: EngineFailure, sql: str) -> Place | None:
    if failure.position is None:
        return None
    encoded = None if sql.isascii() else sql.encode()
    start = code_point(encoded, sql, failure.position)
    end = max(start + 1, code_point(encoded, sql, failure.position + failure.length))
    return Place(QUERY_PLACE, Range(*_line_and_column(sql, start), *_line_and_column(sql, end)))


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
