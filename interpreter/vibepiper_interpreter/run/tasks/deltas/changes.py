"""Brings changed rows into a version: one part of upserts and one of deleted keys beside its base, or a new base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.differences import same_key
from vibepiper_interpreter.run.tasks.deltas.incoming import Brought
from vibepiper_interpreter.run.tasks.deltas.parts import BASE, drop_part, write_part
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.storage.storage import Storage
from vibepiper_interpreter.storage.table_query import base_query, files_query, parts_with, rows_query
from vibepiper_interpreter.storage.version import Part, PartRole, Version

CHANGES = "changes.parquet"
# A delta that holds a greater share of the base's rows than this is written together with it: whoever reads the table
# looks for every row of the base in the delta.
FOLD_ABOVE = 0.1


@dataclass(frozen=True, slots=True)
class Changes:
    """The columns of a file of changes beside the table's own, quoted: whether the row goes, and whether one was
    there."""

    goes: str
    there: str

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Changes:
        """Names that the table does not have."""
        taken = {column.name.casefold() for column in columns}
        ending = ""
        while {f"vp_goes{ending}", f"vp_there{ending}"} & taken:
            ending += "_"
        return cls(quote(f"vp_goes{ending}"), quote(f"vp_there{ending}"))


def rows_of_keys(storage: Storage, base: Version, key: Sequence[str], wanted: str, mark: str) -> str:
    """The rows of `base` whose key is in the relation `wanted`, with a column `mark` that is true.

    The keys are looked for in each kind of part by itself, so that of a large base only these rows are read in full.
    """
    listed = ", ".join(f"row.{quote(column.name)}" for column in base.columns)
    match, changed_match = same_key("row", "wanted", key), same_key("row", "changed", key)
    found = f"SELECT row.* FROM ({base_query(base, storage)}) AS row SEMI JOIN {wanted} AS wanted ON {match}"
    changed = [parts_with(base.parts, role) for role in ("upserts", "deletes")]
    keys = " UNION ALL ".join(rows_query(base, storage, parts, key) for parts in changed if parts)
    if keys:
        found = f"SELECT row.* FROM ({found}) AS row ANTI JOIN ({keys}) AS changed ON {changed_match}"
    found = f"SELECT {listed}, true AS {mark} FROM ({found}) AS row"
    if upserts := parts_with(base.parts, "upserts"):
        found += (
            f" UNION ALL SELECT {listed}, true AS {mark} FROM ({rows_query(base, storage, upserts)}) AS row "
            f"SEMI JOIN {wanted} AS wanted ON {match}"
        )
    return found


def bring_in_changes(
    session: RunSession,
    asset: CompiledAsset,
    key: Sequence[str],
    folder: Folder,
    base: Version,
    changed: Part,
    names: Changes,
) -> Brought | None:
    """The parts of `base` with the file `changed` brought in, which is deleted: its rows, of unique `key`, take the
    place of those that are there, or go. None where it is empty."""
    try:
        return _Fold(session, asset, key, folder, base, changed, names).brought() if changed.rows else None
    finally:
        drop_part(folder, CHANGES)


class _Fold:
    def __init__(
        self,
        session: RunSession,
        asset: CompiledAsset,
        key: Sequence[str],
        folder: Folder,
        base: Version,
        changed: Part,
        names: Changes,
    ) -> None:
        self._cursor, self._storage = session.cursor(), session.storage
        self._asset, self._base, self._folder, self._names = asset, base, folder, names
        self._changed, self._changes = changed, files_query(session.storage, [changed])
        self._key_names, self._names_of_all = tuple(key), tuple(column.name for column in base.columns)
        self._key, self._columns = _quoted(self._key_names), _quoted(self._names_of_all)
        self._match = same_key("row", "changed", key)

    def brought(self) -> Brought:
        goes, there = self._names.goes, self._names.there
        [(going, coming)] = self._cursor.execute(
            f"SELECT count(*) FILTER (WHERE {goes}), count(*) FILTER (WHERE NOT {there}) FROM {self._changes}"
        ).fetchall()
        if self._base.rows is None:
            raise ValueError(f"nobody has counted the rows of {self._base.address}")
        rows = self._base.rows + coming - going
        kept = parts_with(self._base.parts, "rows")
        most = FOLD_ABOVE * sum(part.rows for part in kept)
        delta = sum(part.rows for part in self._base.parts if part.role != "rows")
        if self._changed.rows + delta > most and self._size_of_delta() > most:
            part = write_part(self._cursor, self._folder, self._everything(), BASE, order_by=self._asset.order_by)
            return Brought((part,), part.rows)
        roles: list[tuple[PartRole, str]] = [("upserts", self._upserts())]
        if going or parts_with(self._base.parts, "deletes"):
            roles.append(("deletes", self._deletes()))
        parts = [write_part(self._cursor, self._folder, query, f"{role}.parquet", role) for role, query in roles]
        for part in parts:
            if not part.rows:
                drop_part(self._folder, f"{part.role}.parquet")
        return Brought((*kept, *(part for part in parts if part.rows)), rows)

    def _size_of_delta(self) -> int:
        """How many rows and keys the delta will have."""
        [(size,)] = self._cursor.execute(
            f"SELECT (SELECT count(*) FROM ({self._upserts()})) + (SELECT count(*) FROM ({self._deletes()}))"
        ).fetchall()
        return int(size)

    def _upserts(self) -> str:
        return self._with_earlier("upserts", self._names_of_all, f"NOT {self._names.goes}")

    def _deletes(self) -> str:
        return self._with_earlier("deletes", self._key_names, self._names.goes)

    def _with_earlier(self, role: PartRole, names: Sequence[str], which: str) -> str:
        """Those of the changes, and of those of before what the changes do not concern."""
        columns = _quoted(names)
        query = f"SELECT {columns} FROM {self._changes} WHERE {which}"
        if earlier := parts_with(self._base.parts, role):
            rest = rows_query(self._base, self._storage, earlier, names)
            unchanged = f"({rest}) AS row ANTI JOIN {self._changes} AS changed ON {self._match}"
            query += f" UNION ALL SELECT {columns} FROM {unchanged}"
        return query

    def _everything(self) -> str:
        """All rows of the table, read from base and delta together."""
        delta = " UNION ALL ".join(f"SELECT {self._key} FROM ({query})" for query in (self._upserts(), self._deletes()))
        base = f"SELECT {self._columns} FROM ({base_query(self._base, self._storage)}) AS row"
        return f"{base} ANTI JOIN ({delta}) AS changed ON {self._match} UNION ALL {self._upserts()}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(quote(name) for name in names)
