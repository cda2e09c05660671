"""Compares the rows of the versions that two environments show, in an engine that reads these and nothing else."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.connectors.file import folders_of
from vibepiper_interpreter.diff.published import AssetDifference
from vibepiper_interpreter.diff.rows import RowDifference, compare_rows
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.plan.readable import with_all_they_show
from vibepiper_interpreter.run.relations import Relations, Unreadable
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Version


def compare_data(
    differences: Sequence[AssetDifference], root: Path, storage: Storage, state: State
) -> Iterator[tuple[AssetDifference, RowDifference | None]]:
    """The rows of each asset that both sides show; None where one of the versions cannot be read any more."""
    both = [difference for difference in differences if difference.left is not None and difference.right is not None]
    ids = {version.id for difference in both for version in (difference.left, difference.right) if version is not None}
    versions = with_all_they_show(ids, state)
    now = datetime.now(UTC)
    spill = storage.scratch(f"diff-{secrets.token_hex(4)}")
    files = [file for version in versions.values() if not version.parts for file in version.source_files]
    connection = connect(
        SessionSettings(temp_directory=spill, allowed_directories=(storage.root, *folders_of(root, files))), now=now
    )
    try:
        relations = Relations(storage, root, now, versions, SmallTables())
        for difference in both:
            yield difference, _compare(connection.cursor(), relations, difference)
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _compare(
    cursor: duckdb.DuckDBPyConnection, relations: Relations, difference: AssetDifference
) -> RowDifference | None:
    left, right = difference.left, difference.right
    if left is None or right is None:
        return None
    columns = _common(left, right)
    try:
        return compare_rows(
            cursor,
            relations.earlier(cursor, left),
            relations.earlier(cursor, right),
            columns,
            _key(left, right, columns),
        )
    except (Unreadable, duckdb.IOException):
        return None


def _common(left: Version, right: Version) -> list[Column]:
    """Columns that both have with one type, in the spelling and order of the right one."""
    types = {column.name.casefold(): column.type for column in left.columns}
    return [column for column in right.columns if types.get(column.name.casefold()) == column.type]


def _key(left: Version, right: Version, columns: Sequence[Column]) -> tuple[str, ...]:
    """Columns that both sides have been checked to be unique in; the fewest there are."""
    names = {column.name.casefold(): column.name for column in columns}
    found = sorted(_unique(left) & _unique(right), key=lambda key: (len(key), sorted(key)))
    for key in found:
        if key <= names.keys():
            return tuple(name for folded, name in names.items() if folded in key)
    return ()


def _unique(version: Version) -> set[frozenset[str]]:
    keys = set()
    for check in version.asset.checks:
        if check.rule != "unique" or check.severity != "error" or check.where is not None:
            continue
        columns = dict(check.arguments).get("columns") or (check.column,)
        keys.add(frozenset(str(column).casefold() for column in columns if column is not None))
    return keys
