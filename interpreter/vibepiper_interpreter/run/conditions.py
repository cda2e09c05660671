"""Evaluates a plan's conditions: whether an input came out equal in the columns that a reader uses."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.multiset import MultisetHash, multiset_hash
from vibepiper_interpreter.plan.plan import Condition
from vibepiper_interpreter.run.relations import Unreadable, qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address


class Conditions:
    """Compares versions, each pair of version and columns hashed once in a run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hashes: dict[tuple[str, tuple[str, ...]], Future[MultisetHash]] = {}

    def hold(
        self,
        session: RunSession,
        conditions: tuple[Condition, ...],
        earlier: Mapping[Address, Version],
        current: Mapping[Address, Version],
    ) -> bool:
        """Whether every input of `conditions` is equal in `earlier` and `current`."""
        return all(
            condition.input in earlier
            and self.equal(session, earlier[condition.input], current[condition.input], condition.columns)
            for condition in conditions
        )

    def equal(self, session: RunSession, earlier: Version, current: Version, columns: tuple[str, ...] | None) -> bool:
        """Whether both versions hold the same multiset of rows in `columns` (None: all, in the same order).

        False wherever that cannot be told: needless work is forgiven, a wrong skip is not.
        """
        if earlier.id == current.id:
            return True
        used = used_columns(earlier, columns)
        if used is None or used != used_columns(current, columns):
            return False
        if earlier.parts and earlier.parts == current.parts:
            return True  # a source has read files that hold no row, or one was recorded anew as the other
        if earlier.rows is not None and current.rows is not None and earlier.rows != current.rows:
            return False
        if _differ_in_statistics(earlier, current, used):
            return False
        cursor = session.cursor()
        try:
            before = self._hash(cursor, earlier, session.relations.earlier(cursor, earlier), used)
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise
        except (Unreadable, duckdb.Error):  # what an earlier version held cannot be told any more
            return False
        return before == self._hash(cursor, current, qualified(current.address), used)

    def _hash(
        self, cursor: duckdb.DuckDBPyConnection, version: Version, relation: str, columns: tuple[Column, ...]
    ) -> MultisetHash:
        key = (version.id, tuple(column.name for column in columns))
        with self._lock:
            known = self._hashes.get(key)
            if known is None:
                mine: Future[MultisetHash] = Future()
                self._hashes[key] = mine
        if known is not None:
            return known.result()
        try:
            found = multiset_hash(cursor, relation, columns)
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(found)
        return found


def used_columns(version: Version, names: tuple[str, ...] | None) -> tuple[Column, ...] | None:
    """Name and type of the columns to compare, None where one is missing. Names are compared without case."""
    if names is None:
        return tuple(Column(column.name, column.type) for column in version.columns)
    by_name = {column.name.casefold(): Column(column.name, column.type) for column in version.columns}
    found = [by_name.get(name.casefold()) for name in names]
    return tuple(column for column in found if column is not None) if None not in found else None


def _differ_in_statistics(earlier: Version, current: Version, columns: tuple[Column, ...]) -> bool:
    """Whether what is known without reading a row proves a difference: equal rows in one part have equal statistics."""
    before, now = _statistics(earlier), _statistics(current)
    names = before.keys() & now.keys() & {column.name for column in columns}
    return any(before[name] != now[name] for name in names)


def _statistics(version: Version) -> dict[str, tuple[int, str | None, str | None]]:
    if len(version.parts) != 1 or not version.plain:
        return {}
    return {column.name: (column.null_count, column.minimum, column.maximum) for column in version.parts[0].statistics}
