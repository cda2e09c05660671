"""Which of the rows that come are new, by a column that only grows.

A row above the greatest value so far is new. One below it, by no more than the lag, is new unless it is there already:
only the rows of that window are compared, however long the table grows. What comes later than that is counted and told.
"""

from __future__ import annotations

from typing import Any

from vibepiper_interpreter.compile.build_settings import CursorSettings, Merge
from vibepiper_interpreter.compile.cursors import TIMES, start_sql
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.bad_rows import came_late, cursor_is_null
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.differences import same_key
from vibepiper_interpreter.run.tasks.deltas.keys import sample
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.slices import Built
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import DiagnosticError

_SHOWN = 5  # rows


class CursorWindow:
    """`rows` (SQL for a FROM clause) as the cursor of the task's source sees them. VP534 where a row has no value."""

    def __init__(self, session: RunSession, task: Task, cursor: CursorSettings, rows: str) -> None:
        asset = task.asset
        name = (cursor.column or "").casefold()
        self._column = next(column for column in asset.given_columns if column.name.casefold() == name)
        self._task, self._session, self._rows = task, session, rows
        self._name = quote(self._column.name)
        # What a message shows of a row: not from which file it is, by a path of this machine.
        self._shown = ", ".join(quote(column.name) for column in asset.given_columns)
        self._engine = session.cursor()
        self._started = "true" if cursor.start is None else f"{self._name} >= {start_sql(cursor.start, self._column)}"
        self._require_values()
        self._passed = None if task.base is None else passed(task.base)
        self._from = "true" if self._passed is None else f"{self._name} >= {self._bound(self._passed, cursor.lag)}"

    @property
    def reached(self) -> tuple[Built, ...]:
        """The greatest value so far, as a version keeps it."""
        seen = f"SELECT max({self._name}) AS value FROM {self._rows} WHERE {self._started}"
        if self._passed is not None:
            seen += f" UNION ALL SELECT {self._typed(self._passed)}"
        greatest = self._one(f"SELECT CAST(max(value) AS VARCHAR) FROM ({seen})")
        return () if greatest is None else (Built(greatest, ""),)

    def rows_to_append(self) -> str:
        """The rows that are new: those above the greatest value, and of the window those that are not there."""
        base = self._task.base
        listed = ", ".join(quote(column.name) for column in self._task.asset.columns)
        new = f"SELECT {listed} FROM {self._rows} WHERE {self._started} AND {self._from}"
        if base is not None:
            there = f"SELECT {listed} FROM ({table_query(base, self._session.storage)})"
            late = f"SELECT {listed} FROM {self._rows} WHERE {self._started} AND NOT {self._from}"
            oldest = f"{self._name} >= (SELECT min({self._name}) FROM ({late}))"
            self._tell_late(f"{late} EXCEPT ALL {there} WHERE NOT {self._from} AND {oldest}")
            new = f"{new} EXCEPT ALL {there} WHERE {self._from}"
        return f"({new})"

    def rows_to_merge(self, settings: Merge) -> str:
        """The rows that are no older than the lag allows. What they change is found out where they are merged."""
        base = self._task.base
        if base is not None:
            late = f"SELECT * FROM {self._rows} WHERE {self._started} AND NOT {self._from}"
            newer = f"{same_key('late', 'there', settings.key)} AND there.{self._name} >= late.{self._name}"
            there = f"({table_query(base, self._session.storage)}) AS there"
            self._tell_late(f"SELECT late.* FROM ({late}) AS late ANTI JOIN {there} ON {newer}")
        return f"(SELECT * FROM {self._rows} WHERE {self._started} AND {self._from})"

    def _require_values(self) -> None:
        without = f"SELECT {self._shown} FROM {self._rows} WHERE {self._name} IS NULL"
        count = self._one(f"SELECT count(*) FROM ({without})")
        if count:
            shown = sample(self._engine, f"{without} LIMIT {_SHOWN}")
            raise DiagnosticError(cursor_is_null(self._task.asset, self._column.name, count, *shown))

    def _tell_late(self, late: str) -> None:
        count = self._one(f"SELECT count(*) FROM ({late})")
        if count:
            shown = sample(self._engine, f"SELECT {self._shown} FROM ({late}) LIMIT {_SHOWN}")
            self._task.warnings.append(
                came_late(self._task.asset, self._column.name, self._passed or "", count, *shown)
            )

    def _bound(self, passed: str, lag: float) -> str:
        """The smallest value that is looked at again."""
        value = self._typed(passed)
        if not lag or self._column.type not in TIMES:
            return value
        return f"({value} - to_microseconds({int(lag * 1_000_000)}))"

    def _typed(self, value: str) -> str:
        return f"CAST({literal(value)} AS {self._column.type})"

    def _one(self, query: str) -> Any:
        [(value,)] = self._engine.execute(query).fetchall()
        return value


def passed(version: Version) -> str | None:
    """The greatest value that the cursor of a source has seen, as text; None before the first row."""
    return next((each.slice for each in version.built if isinstance(each.slice, str)), None)
