"""Compares what came with rows that somebody wrote down."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows
from vibepiper_interpreter.run.trials.compare import Table, differences
from vibepiper_interpreter.run.trials.fetching import fetch


def judge(connection: duckdb.DuckDBPyConnection, expected: GivenRows, came: Table) -> Sequence[str]:
    """Nothing where they are the same in the columns that are expected; else sentences, and a drawing at the end."""
    kinds = {name.lower(): kind for name, kind in came.columns}
    names = [name for name, _ in expected.columns]
    if unknown := [name for name in names if name.lower() not in kinds]:
        has = ", ".join(f"`{name}`" for name, _ in came.columns)
        return [f"There is no column {', '.join(f'`{name}`' for name in unknown)}; it has {has}."]
    if not names:
        # Only how many there are is expected, and that is none.
        return differences(Table(came.columns, ()), came)
    try:
        wanted = fetch(connection, expected.typed(kinds).query())
    except duckdb.Error as error:
        return [f"What is expected has not the types that came: {error}"]
    return differences(wanted, came.only(names))
