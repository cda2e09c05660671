"""Compares tables of any kind, and shows what differs."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper.testing.given import Rows, given_rows
from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.run.trials.compare import Table
from vibepiper_interpreter.run.trials.fetching import fetch
from vibepiper_interpreter.run.trials.judging import judge


def assert_rows(actual: Rows, expected: Rows, *, columns: Sequence[str] | None = None) -> None:
    """Raises AssertionError, with a drawing of what differs, unless both have the same rows in whatever order.

    Either is what `run_asset` gives, a table of a project, a frame, an Arrow table, dictionaries, or the path of a CSV
    file. Compared are `columns`, or those that `expected` names; its values are read in the types of `actual`. Numbers
    with a floating point are equal within 1e-9 relative.
    """
    __tracebackhide__ = True
    with connect(SessionSettings(threads=1, writing_threads=0)) as connection:

        def as_table(rows: Rows) -> Table:
            table = getattr(rows, "table", None)
            if isinstance(table, Table):
                return table
            return fetch(connection, given_rows("actual", _unpacked(rows), ()).query())

        def as_given(rows: Rows) -> GivenRows:
            table = getattr(rows, "table", None)
            if isinstance(table, Table):
                return GivenRows(tuple((name, "") for name, _ in table.columns), table.rows)
            return given_rows("expected", _unpacked(rows), ())

        came, wanted = as_table(actual), as_given(expected)
        if columns is not None:
            named = {name.lower(): place for place, (name, _) in enumerate(wanted.columns)}
            places = [named.get(name.lower()) for name in columns]
            rows = tuple(tuple(None if p is None else row[p] for p in places) for row in wanted.rows)
            wanted = GivenRows(tuple((name, "") for name in columns), rows)
        told = judge(connection, wanted, came)
    if told:
        raise AssertionError("\n".join(told))


def _unpacked(rows: Rows) -> Rows:
    """A table of a project as the Arrow table that it gives."""
    from vibepiper.table import Table as Published

    return rows.arrow() if isinstance(rows, Published) else rows
