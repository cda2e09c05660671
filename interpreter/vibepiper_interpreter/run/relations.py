"""Gives versions names in an engine session: a view for each version a run can see, schema = pipeline."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import FileDefinition, SqlDefinition
from vibepiper_interpreter.connectors.file import identify_files, read_expression
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, parameter_literals
from vibepiper_interpreter.engines.duckdb.session import quote, use_pipeline
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Part, SourceFile, Version
from vibepiper_spec.address import Address


class Unreadable(Exception):
    """An earlier version cannot be read any more: its files changed or are gone."""


def qualified(address: Address, catalog: str = "memory") -> str:
    """The name of an asset's view in the session."""
    return f"{quote(catalog)}.{quote(address.pipeline)}.{quote(address.name)}"


def view_query(version: Version, storage: Storage, root: Path, now: datetime) -> str:
    """The SELECT behind the name of `version`. That of a SQL view has bare names: its schema must be on the path.

    `now` is `$now` in it.
    """
    definition = version.asset.definition
    if version.parts:
        return table_query(version, storage)
    match definition:
        case FileDefinition():
            return f"SELECT * FROM {read_expression(root, definition, version.source_files)}"
        case SqlDefinition():
            literals = parameter_literals(definition.parameters, definition.values, now)
            return fill_parameters(definition.query, literals).text
        case _:
            raise ValueError(f"{version.address} has neither parts nor a definition that can be read in place")


def changed_file(root: Path, files: tuple[SourceFile, ...]) -> SourceFile | None:
    """The first of `files` that is not what it was; None where all are. One that was only touched still is."""
    for file in files:
        try:
            found = (root / file.path).stat()
        except OSError:
            return file
        if found.st_size != file.size:
            return file
        if found.st_mtime_ns != file.modified_ns and identify_files(root, [file.path])[0].sha256 != file.sha256:
            return file
    return None


class Relations:
    """The names of one session. Safe to use from several threads, each with its own cursor."""

    def __init__(
        self, storage: Storage, root: Path, now: datetime, versions: Mapping[str, Version], tables: SmallTables
    ) -> None:
        """`versions` holds, by id, every earlier version that may be asked for, and what earlier views read."""
        self.tables = tables
        self._storage = storage
        self._root = root
        self._now = now
        self._versions = versions
        self._lock = threading.Lock()
        self._showing = threading.Lock()
        self._schemas: set[str] = set()
        self._catalogs: dict[str, str] = {}
        self._catalogs_made = 0
        self._declared: dict[Address, Version] = {}
        # Where each cursor's bare names lead, so that a statement is spent only on a change. A cursor that goes through
        # `use` lives as long as the session, so its id is never another's.
        self._paths: dict[int, str] = {}

    def declare(self, cursor: duckdb.DuckDBPyConnection, version: Version) -> None:
        """Let the asset's own name mean `version`. Afterwards the cursor's bare names are the asset's pipeline's."""
        address = version.address
        self.use(cursor, address.pipeline)
        if self.tables.holds_version(version):
            self._declared[address] = version
            return
        if self.tables.holds(address):
            self._drop_table(cursor, address)
        query = view_query(version, self._storage, self._root, self._now)
        cursor.execute(f"CREATE OR REPLACE VIEW {qualified(address)} AS {query}\n")
        self._declared[address] = version

    def show(self, cursor: duckdb.DuckDBPyConnection, versions: Iterable[Version]) -> None:
        """`declare` those of `versions` that are not, each after what it reads: another worker may have made them."""
        with self._showing:
            for version in versions:
                shown = self._declared.get(version.address)
                if shown is None or shown.id != version.id:
                    self.declare(cursor, version)

    def make_table(self, cursor: duckdb.DuckDBPyConnection, address: Address, statement: str, part: str) -> bool:
        """Let the asset's name mean the table that `statement` makes, of the rows that the file `part` will hold.

        False, and no table, where it is not small after all. Until `declare`, `forsake_table` takes it back.
        """
        for unread in self.tables.spare():
            self._drop_table(cursor, unread)
        if self.tables.holds(address):
            self._drop_table(cursor, address)
        elif address in self._declared:
            cursor.execute(f"DROP VIEW {qualified(address)}")
        try:
            [(rows,)] = cursor.execute(statement).fetchall()
        except BaseException:
            self._declare_again(cursor, address)
            raise
        self.tables.add(address, part, rows)
        if rows < SmallTables.MOST_ROWS:
            return True
        self.forsake_table(cursor, address)
        return False

    def forsake_table(self, cursor: duckdb.DuckDBPyConnection, address: Address) -> None:
        """Let the asset's name mean what it meant before `make_table`."""
        self._drop_table(cursor, address)
        self._declare_again(cursor, address)

    def _declare_again(self, cursor: duckdb.DuckDBPyConnection, address: Address) -> None:
        if address in self._declared:
            self.declare(cursor, self._declared[address])

    def _drop_table(self, cursor: duckdb.DuckDBPyConnection, address: Address) -> None:
        cursor.execute(f"DROP TABLE {qualified(address)}")
        self.tables.remove(address)

    def parts_read(self, address: Address) -> tuple[Part, ...]:
        """The stored files behind an asset's name, its own or those behind a view."""
        version = self._declared.get(address)
        if version is None or self.tables.holds_version(version):
            return ()
        return version.parts or tuple(part for read in version.asset.inputs for part in self.parts_read(read.address))

    def files_read_in_place(self, version: Version) -> tuple[SourceFile, ...]:
        """The files that whoever reads `version` reads: its own, or those behind a view, and no copy of them."""
        if version.parts:
            return ()
        if isinstance(version.asset.definition, FileDefinition):
            return version.source_files
        behind = [self._declared[read.address] for read in version.asset.inputs if read.address in self._declared]
        return tuple(file for read in behind for file in self.files_read_in_place(read))

    def use(self, cursor: duckdb.DuckDBPyConnection, pipeline: str) -> None:
        """Let the cursor's bare names be assets of `pipeline`."""
        if self._paths.get(id(cursor)) == pipeline:
            return
        with self._lock:
            if pipeline not in self._schemas:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{quote(pipeline)}")
                self._schemas.add(pipeline)
        use_pipeline(cursor, pipeline)
        self._paths[id(cursor)] = pipeline

    def earlier(self, cursor: duckdb.DuckDBPyConnection, version: Version) -> str:
        """A relation for a FROM clause with the rows of a version that is not the current one. Raises Unreadable."""
        if version.parts:
            if not self._storage.has(version):
                raise Unreadable(str(version.address))
        elif isinstance(version.asset.definition, FileDefinition):
            if changed_file(self._root, version.source_files) is not None:
                raise Unreadable(str(version.address))
        else:
            return qualified(version.address, self._earlier_catalog(cursor, version))
        return f"({view_query(version, self._storage, self._root, self._now)})"

    @contextmanager
    def shown_as(
        self, cursor: duckdb.DuckDBPyConnection, pipeline: str, shown: Mapping[Address, str]
    ) -> Iterator[dict[Address, str]]:
        """Meanwhile the cursor's names, bare in `pipeline`, mean these relations; yields them in full by address."""
        with self._lock:
            self._catalogs_made += 1
            catalog = f"shown_{self._catalogs_made}"
        cursor.execute(f"ATTACH ':memory:' AS {quote(catalog)}")
        try:
            for name in {pipeline, *(address.pipeline for address in shown)}:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(catalog)}.{quote(name)}")
            for address, relation in shown.items():
                cursor.execute(f"CREATE VIEW {qualified(address, catalog)} AS SELECT * FROM {relation}")
            use_pipeline(cursor, pipeline, catalog)
            self._paths.pop(id(cursor), None)
            yield {address: qualified(address, catalog) for address in shown}
        finally:
            self.use(cursor, pipeline)
            cursor.execute(f"DETACH {quote(catalog)}")

    def _earlier_catalog(self, cursor: duckdb.DuckDBPyConnection, version: Version) -> str:
        """A catalog in which an earlier SQL view and the versions it read have their names.

        Its query names other assets by schema and name, so each such version needs a world of its own.
        """
        with self._lock:
            known = self._catalogs.get(version.id)
        if known is not None:
            return known
        inputs = []
        for read in version.inputs:
            if read.version_id not in self._versions:
                raise Unreadable(str(read.address))
            inputs.append(self._versions[read.version_id])
        relations = {read.address: self.earlier(cursor, read) for read in inputs}
        with self._lock:
            if version.id not in self._catalogs:
                catalog = f"earlier_{version.id}"
                cursor.execute(f"ATTACH ':memory:' AS {quote(catalog)}")
                for pipeline in {version.address.pipeline, *(address.pipeline for address in relations)}:
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(catalog)}.{quote(pipeline)}")
                for address, relation in relations.items():
                    cursor.execute(f"CREATE VIEW {qualified(address, catalog)} AS SELECT * FROM {relation}")
                use_pipeline(cursor, version.address.pipeline, catalog)
                self._paths.pop(id(cursor), None)
                query = view_query(version, self._storage, self._root, self._now)
                cursor.execute(f"CREATE VIEW {qualified(version.address, catalog)} AS {query}\n")
                self._catalogs[version.id] = catalog
            return self._catalogs[version.id]
