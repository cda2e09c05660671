"""Mode `scd2`: what comes is how everything is now; every state that a key was in is kept, with its times.

The states of a key follow each other: none begins before the one before it ended, and only the last one may be open.
"""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import History
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.changes import CHANGES, Changes, bring_in_changes
from vibepiper_interpreter.run.tasks.deltas.differences import differ, same_key
from vibepiper_interpreter.run.tasks.deltas.incoming import Brought, Incoming
from vibepiper_interpreter.run.tasks.deltas.keys import require_keys, require_own_key, require_some_key
from vibepiper_interpreter.run.tasks.deltas.parts import BASE, drop_part, write_part
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.storage.table_query import files_query, table_query
from vibepiper_interpreter.storage.version import Version

_STATES = "states.parquet"


def add_to_history(
    session: RunSession,
    asset: CompiledAsset,
    settings: History,
    folder: Folder,
    base: Version | None,
    incoming: Incoming,
) -> Brought | None:
    """The parts of `base` with the states that `incoming` shows to have changed; None where none has."""
    if base is None:
        require_keys(session.cursor(), asset, settings.key, incoming.relation)
        return _begin(session, asset, settings, folder, incoming)
    try:
        return _History(session, asset, settings, folder, base, incoming).brought()
    finally:
        drop_part(folder, _STATES)


def _begin(session: RunSession, asset: CompiledAsset, settings: History, folder: Folder, incoming: Incoming) -> Brought:
    """The first state of everything."""
    listed = ", ".join(quote(column.name) for column in incoming.columns)
    query = (
        f"SELECT {listed}, {_since(session, settings)} AS {quote(settings.valid_from)}, "
        f"CAST(NULL AS TIMESTAMPTZ) AS {quote(settings.valid_to)} FROM {incoming.relation}"
    )
    part = write_part(session.cursor(), folder, query, BASE, order_by=asset.order_by)
    return Brought((part,), part.rows)


def _since(session: RunSession, settings: History) -> str:
    """Since when a row that comes is as it is: as it says itself, or since now."""
    if settings.updated_at is None:
        return literal(session.now)
    return f"coalesce(CAST({quote(settings.updated_at)} AS TIMESTAMPTZ), {literal(session.now)})"


class _History:
    """Inside its queries the columns have numbers for names, so that none of ours is one of theirs."""

    def __init__(
        self,
        session: RunSession,
        asset: CompiledAsset,
        settings: History,
        folder: Folder,
        base: Version,
        incoming: Incoming,
    ) -> None:
        self._session, self._asset, self._settings = session, asset, settings
        self._folder, self._base, self._incoming = folder, base, incoming
        self._cursor = session.cursor()
        self._rows = f"({table_query(base, session.storage)})"
        self._now = literal(session.now)
        self._from, self._to = quote(settings.valid_from), quote(settings.valid_to)
        folded = {name.casefold() for name in settings.key}
        numbered = [Column(str(number), column.type) for number, column in enumerate(incoming.columns)]
        is_key = [column.name.casefold() in folded for column in incoming.columns]
        self._key = [column.name for column, of_key in zip(numbered, is_key, strict=True) if of_key]
        self._others = [column for column, of_key in zip(numbered, is_key, strict=True) if not of_key]
        self._columns = [(str(number), column.name) for number, column in enumerate(incoming.columns)]

    def brought(self) -> Brought | None:
        asset, key, relation = self._asset, self._settings.key, self._incoming.relation
        rows = require_some_key(self._cursor, asset, key, relation)
        states = write_part(self._cursor, self._folder, self._states(), _STATES)
        if not self._came_once(rows, files_query(self._session.storage, [states])):
            require_own_key(self._cursor, asset, key, relation)
        if not states.rows:
            return None
        names = Changes.of(table_columns(self._incoming.columns, self._settings))
        query = self._changes(files_query(self._session.storage, [states]), names)
        changed = write_part(self._cursor, self._folder, query, CHANGES)
        key = (*key, self._settings.valid_from)
        return bring_in_changes(self._session, asset, key, self._folder, self._base, changed, names)

    def _came_once(self, rows: int, states: str) -> bool:
        """Whether it is proven that of the `rows` that came no two have one key.

        Every row that is not new met the one open state of its key. If as many states were met, each was met once.
        """
        [(new, unmet)] = self._cursor.execute(
            f"SELECT count(*) FILTER (WHERE NOT there), count(*) FILTER (WHERE NOT came) FROM {states}"
        ).fetchall()
        [(open_,)] = self._cursor.execute(
            f"SELECT count(*) FROM {self._rows} AS row WHERE row.{self._to} IS NULL"
        ).fetchall()
        if rows - new != open_ - unmet:
            return False
        key = ", ".join(f"c{number}" for number in self._key)
        twice = f"SELECT {key} FROM {states} WHERE NOT there GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
        return not self._cursor.execute(twice).fetchall()

    def _states(self) -> str:
        """Of each key that is new, gone or different: the row that came (c0, …), the open one (t0, …), their times."""
        numbered = ", ".join(f'{quote(name)} AS "{number}"' for number, name in self._columns)
        came = f"SELECT {numbered}, {_since(self._session, self._settings)} AS since, true AS here "
        there = f"SELECT {numbered}, {self._from} AS began, true AS here FROM {self._rows} WHERE {self._to} IS NULL"
        both = ", ".join(f'came."{number}" AS c{number}, there."{number}" AS t{number}' for number, _ in self._columns)
        return (
            f"SELECT {both}, came.since, there.began, came.here IS TRUE AS came, there.here IS TRUE AS there "
            f"FROM ({came} FROM {self._incoming.relation}) AS came FULL JOIN ({there}) AS there "
            f"ON {same_key('came', 'there', self._key)} "
            f"WHERE came.here IS NULL OR there.here IS NULL OR {differ('came', 'there', self._others)}"
        )

    def _changes(self, states: str, names: Changes) -> str:
        """The rows of the table that these states change: those that end, and those that begin or are corrected."""
        before = self._row("t", "began", "$until", "true", names)
        now = self._row("c", "starts", "CAST(NULL AS TIMESTAMPTZ)", "(there AND starts = began) IS TRUE", names)
        again = self._row("c", "starts", "CAST(NULL AS TIMESTAMPTZ)", "(starts = last_began) IS TRUE", names)
        return (
            f"WITH changed AS (SELECT *, {self._starts()} AS starts FROM {states}), "
            f"again AS (SELECT came.* EXCLUDE (starts), last_began, "
            f"CASE WHEN ended IS NULL OR since >= ended THEN since ELSE greatest({self._now}, ended) END AS starts "
            f"FROM changed AS came LEFT JOIN ({self._closed(states)}) AS closed "
            f"ON {' AND '.join(f'came.c{number} = closed.k{number}' for number in self._key)} "
            "WHERE came.came AND NOT came.there) "
            f"{before.replace('$until', 'starts')} FROM changed WHERE came AND there AND starts > began "
            f"UNION ALL {before.replace('$until', f'greatest({self._now}, began)')} FROM changed WHERE NOT came "
            f"UNION ALL {now} FROM changed WHERE came AND there "
            f"UNION ALL {again} FROM again"
        )

    def _starts(self) -> str:
        """When the new state of a key that has an open one begins: not before that one began.

        Where it says that it is as old as that one, it is that one, corrected.
        """
        now = self._now
        return f"CASE WHEN since >= began THEN since WHEN {now} > began THEN {now} ELSE began END"

    def _closed(self, states: str) -> str:
        """Of keys that came and are not open: when the last of their earlier states began, and when it ended."""
        names = dict(self._columns)
        keys = ", ".join(f"closed.{quote(names[number])} AS k{number}" for number in self._key)
        match = " AND ".join(f"closed.{quote(names[number])} = came.c{number}" for number in self._key)
        return (
            f"SELECT {keys}, max(closed.{self._from}) AS last_began, max(closed.{self._to}) AS ended "
            f"FROM {self._rows} AS closed SEMI JOIN (SELECT * FROM {states} WHERE came AND NOT there) AS came "
            f"ON {match} GROUP BY ALL"
        )

    def _row(self, prefix: str, begins: str, ends: str, there: str, names: Changes) -> str:
        listed = ", ".join(f"{prefix}{number} AS {quote(name)}" for number, name in self._columns)
        return (
            f"SELECT {listed}, {begins} AS {self._from}, {ends} AS {self._to}, false AS {names.goes}, "
            f"{there} AS {names.there}"
        )
