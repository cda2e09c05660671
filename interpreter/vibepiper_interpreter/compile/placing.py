"""Turns a problem inside a SQL string into a diagnostic at its exact place in a file."""

from __future__ import annotations

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_spec.diagnostics import Diagnostic, Fix, Related, TextEdit
from vibepiper_spec.load.locator import Locator
from vibepiper_spec.load.origin import Origin


def place_problem(locator: Locator, origin: Origin, keys: tuple[str | int, ...], problem: SqlProblem) -> Diagnostic:
    """`problem` of the SQL that stands at `keys` below `origin`."""
    place = locator.inside(origin, *keys, start=problem.start, end=problem.end)
    edits = () if problem.suggestion is None else (TextEdit(place, problem.suggestion),)
    title = problem.fix or (f"Replace it by `{problem.suggestion}`." if problem.suggestion else "")
    related = tuple(
        Related(locator.inside(origin, *keys, start=start, end=end), message) for start, end, message in problem.related
    )
    return Diagnostic(
        problem.code, problem.message, place, related=related, fix=Fix(title, edits) if title or edits else None
    )


def at_value(locator: Locator, origin: Origin, keys: tuple[str | int, ...], problem: SqlProblem) -> Diagnostic:
    """`problem` of a value that holds more or less than its SQL, such as a type's name: shown at the whole value."""
    place = locator.place(origin, *keys)
    title = problem.fix or (f"Replace it by `{problem.suggestion}`." if problem.suggestion else "")
    return Diagnostic(problem.code, problem.message, place, fix=Fix(title) if title else None)
