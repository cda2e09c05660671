"""Turns a problem inside a SQL string into a diagnostic at its exact place in a file."""

from __future__ import annotations

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_spec.diagnostics import Diagnostic, Fix, Related, TextEdit
from vibepiper_spec.load.locator import Locator
from vibepiper_spec.load.origin import Origin

# What to do where the problem itself does not say.
_FIXES = {
    "VP108": "Write one of DuckDB's types, such as `bigint`, `double`, `decimal(18,2)`, `varchar`, `date`, `timestamp` "
    "or `bigint[]`.",
    "VP301": "Look for a missing or surplus comma, bracket, quote or keyword here and just before.",
    "VP304": "Say which type is meant, as in `cast(x as bigint)`, or use the column that is meant.",
    "VP305": "DuckDB's functions are listed at https://duckdb.org/docs/stable/sql/functions/overview; your own macros "
    "and functions of extensions are not loaded.",
    "VP314": "Change this part of the query; `vp query` tries pieces of it over what is published.",
}


def place_problem(locator: Locator, origin: Origin, keys: tuple[str | int, ...], problem: SqlProblem) -> Diagnostic:
    """`problem` of the SQL that stands at `keys` below `origin`."""
    place = locator.inside(origin, *keys, start=problem.start, end=problem.end)
    title = _title(problem)
    edits = () if problem.suggestion is None else (TextEdit(place, problem.suggestion),)
    related = tuple(
        Related(locator.inside(origin, *keys, start=start, end=end), message) for start, end, message in problem.related
    )
    return Diagnostic(
        problem.code, problem.message, place, related=related, fix=Fix(title, edits) if title or edits else None
    )


def at_value(locator: Locator, origin: Origin, keys: tuple[str | int, ...], problem: SqlProblem) -> Diagnostic:
    """`problem` of a value that holds more or less than its SQL, such as a type's name: shown at the whole value."""
    place = locator.place(origin, *keys)
    title = _title(problem)
    return Diagnostic(problem.code, problem.message, place, fix=Fix(title) if title else None)


def _title(problem: SqlProblem) -> str:
    if not problem.fix and problem.suggestion:
        return f"Replace it by `{problem.suggestion}`."
    return problem.fix or _FIXES.get(problem.code, "")
