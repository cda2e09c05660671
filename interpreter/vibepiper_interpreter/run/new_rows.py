"""The rows that an input has got since an earlier version of it, where all that it does is to grow."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Append
from vibepiper_interpreter.engines.duckdb.multiset import hashable
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.relations import Unreadable, qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.table_query import rows_query
from vibepiper_interpreter.storage.version import Part, Version


def only_grows(version: Version) -> bool:
    """Whether `version` is of an asset to which rows are added, and nothing else is done."""
    return isinstance(version.asset.settings, Append)


def new_parts(current: Version, earlier: Version) -> tuple[Part, ...] | None:
    """The parts of `current` that `earlier` has not, in the order in which they came; None where others are gone."""
    before = {part.path for part in earlier.parts}
    if not before <= {part.path for part in current.parts}:
        return None
    return tuple(part for part in current.parts if part.path not in before)


def new_rows(session: RunSession, current: Version, earlier: Version | None) -> str | None:
    """A relation for a FROM clause with the rows of `current`, which is declared, that `earlier` has not.

    None where that cannot be told, because `earlier` is not known any more, or has rows that `current` has not.
    """
    if earlier is None or not current.parts:
        return None
    more = new_parts(current, earlier)
    if more is not None:
        return f"({rows_query(current, session.storage, more or current.parts[:1])}{'' if more else ' LIMIT 0'})"
    if earlier.columns != current.columns:
        return None
    try:
        relation = session.relations.earlier(session.cursor(), earlier)
    except Unreadable:
        return None
    # Parts were written together, so rows have to be compared: exactly, in what SQL calls equal as well.
    columns = ", ".join(quote(column.name) for column in current.columns)
    shown = {column.name: quote(column.name) for column in current.columns}
    exactly = ", ".join(
        f"{expression} AS {quote(f'{number} {name}')}"
        for number, (column, (name, plain)) in enumerate(zip(current.columns, shown.items(), strict=True))
        if (expression := hashable(plain, column)) != plain
    )
    listed = f"{columns}, {exactly}" if exactly else columns
    now, then = f"SELECT {listed} FROM {qualified(current.address)}", f"SELECT {listed} FROM {relation}"
    lost = f"SELECT count(*) FROM ({then} EXCEPT ALL {now})"
    [(count,)] = session.cursor().execute(lost).fetchall()
    return None if count else f"(SELECT {columns} FROM ({now} EXCEPT ALL {then}))"
