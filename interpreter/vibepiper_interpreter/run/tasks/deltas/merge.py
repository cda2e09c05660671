"""Mode `merge`: what comes takes the place of the row with its key; where it is flagged, that row goes."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.changes import CHANGES, Changes, bring_in_changes, rows_of_keys
from vibepiper_interpreter.run.tasks.deltas.differences import differ, same_key
from vibepiper_interpreter.run.tasks.deltas.incoming import Brought, Incoming
from vibepiper_interpreter.run.tasks.deltas.keys import require_keys
from vibepiper_interpreter.run.tasks.deltas.parts import BASE, drop_part, rename_part, write_part
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.storage.table_query import files_query, table_query
from vibepiper_interpreter.storage.version import Version

# Where no greater share of the table comes than this, its keys are looked for before anything else is read, and all of
# it is taken over: to find out which of these rows come as they were, every column of the table has to be read, and all
# that it wins is a smaller delta.
FEW = 0.01


def merge(
    session: RunSession,
    asset: CompiledAsset,
    settings: Merge,
    folder: Folder,
    base: Version | None,
    incoming: Incoming,
) -> Brought | None:
    """The parts of `base` with `incoming` merged into it; None where that changes nothing."""
    cursor = session.cursor()
    rows = require_keys(cursor, asset, settings.key, incoming.relation, incoming.at_once)
    columns = table_columns(incoming.columns, settings)
    goes = "false" if settings.delete_flag is None else f"came.{quote(settings.delete_flag)} IS TRUE"
    if base is None:
        return _begin(session, asset, settings, folder, columns, incoming)
    names = Changes.of(columns)
    few = base.rows is not None and rows <= FEW * base.rows
    if few:
        there = rows_of_keys(session.storage, base, settings.key, incoming.relation, names.there)
    else:
        there = f"SELECT *, true AS {names.there} FROM ({table_query(base, session.storage)})"
    match = same_key("came", "there", settings.key)
    is_there = f"there.{names.there} IS NOT NULL"
    updated = _updated(settings, columns)
    values = ", ".join(
        f"came.{quote(column.name)}"
        if column in updated
        else f"CASE WHEN {is_there} THEN there.{quote(column.name)} ELSE came.{quote(column.name)} END "
        f"AS {quote(column.name)}"
        for column in columns
    )
    different = differ("came", "there", updated)
    take_all = few and updated == columns
    changed = write_part(
        cursor,
        folder,
        f"SELECT {values}, {goes} AS {names.goes}, {is_there} AS {names.there} "
        f"FROM {incoming.relation} AS came LEFT JOIN ({there}) AS there ON {match} "
        f"WHERE CASE WHEN {goes} THEN {is_there} ELSE {take_all} OR NOT {is_there} OR {different} END",
        CHANGES,
    )
    if take_all and changed.rows:
        taken = files_query(session.storage, [changed])
        certain = f"SELECT 1 FROM {taken} WHERE {names.goes} OR NOT {names.there}"
        # Ends at the first row that differs, which is most often among the first.
        any_differs = f"SELECT 1 FROM {taken} AS came JOIN ({there}) AS there ON {match} WHERE {different}"
        if not any(cursor.execute(f"{query} LIMIT 1").fetchall() for query in (certain, any_differs)):
            drop_part(folder, CHANGES)
            return None
    return bring_in_changes(session, asset, settings.key, folder, base, changed, names)


def _begin(
    session: RunSession,
    asset: CompiledAsset,
    settings: Merge,
    folder: Folder,
    columns: tuple[Column, ...],
    incoming: Incoming,
) -> Brought:
    """The table of nothing but what comes."""
    if settings.delete_flag is None and incoming.part is not None:
        part = rename_part(folder, incoming.part, BASE)
    else:
        listed = ", ".join(quote(column.name) for column in columns)
        where = "" if settings.delete_flag is None else f" WHERE {quote(settings.delete_flag)} IS NOT TRUE"
        query = f"SELECT {listed} FROM {incoming.relation}{where}"
        part = write_part(session.cursor(), folder, query, BASE, order_by=asset.order_by)
    return Brought((part,), part.rows)


def _updated(settings: Merge, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns that change in a row that is there already."""
    if settings.update_columns is None:
        return columns
    names = {name.casefold() for name in settings.update_columns}
    return tuple(column for column in columns if column.name.casefold() in names)
