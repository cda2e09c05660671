"""What DuckDB says about a query typed at the terminal, as a diagnostic with a caret in that query."""

from __future__ import annotations

import re
from collections.abc import Collection

import duckdb

from vibepiper_cli.views.words import listed
from vibepiper_interpreter.engines.duckdb.errors import sentence
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure, engine_failure
from vibepiper_interpreter.engines.duckdb.syntax import code_point
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, did_you_mean

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
            "",
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

# The name in `Table with name "shop.orders" does not exist`, in whatever quotes.
_QUOTED = re.compile(r"with name (\S+) does not exist")


def query_problem(
    connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error, published: Collection[Address]
) -> Diagnostic:
    """The diagnostic for `error`, which `sql` met; `published` is what the warehouse should show."""
    failure = engine_failure(_with_place(connection, sql, error))
    code, advice = next(
        ((code, advice) for pattern, code, advice in _KINDS if pattern.search(failure.message)), ("VP314", "")
    )
    place = _place(failure, sql)
    if code == "VP202":
        return _unknown_asset(failure, place, published)
    return Diagnostic(code, _detail(failure), place, fix=Fix(advice) if advice else None)


def _unknown_asset(failure: EngineFailure, place: Place, published: Collection[Address]) -> Diagnostic:
    found = _QUOTED.search(failure.message)
    name = found.group(1).replace('"', "") if found else ""
    lost = [address for address in published if name.casefold() in (str(address), address.name)]
    if lost:
        return Diagnostic(
            "VP509",
            f"`{lost[0]}` is published, but its files are no longer in the storage.",
            place,
            fix=Fix("Build it anew: `vp plan` says so, and `vp apply` does it."),
        )
    names = [str(address) for address in published]
    detail = f"Nothing of the name `{name}` is published.{did_you_mean(name, names)}"
    return Diagnostic("VP202", detail, place, fix=Fix(f"Published are {listed(names)}.") if names else None)


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


def _place(failure: EngineFailure, sql: str) -> Place:
    if failure.position is None:
        # The statement as a whole: its first word.
        start = len(sql) - len(sql.lstrip())
        word = re.match(r"\w*", sql[start:])
        return Place(
            QUERY_PLACE,
            Range(
                *_line_and_column(sql, start), *_line_and_column(sql, start + max(1, len(word.group() if word else "")))
            ),
        )
    encoded = None if sql.isascii() else sql.encode()
    start = code_point(encoded, sql, failure.position)
    end = max(start + 1, code_point(encoded, sql, failure.position + failure.length))
    return Place(QUERY_PLACE, Range(*_line_and_column(sql, start), *_line_and_column(sql, end)))


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
