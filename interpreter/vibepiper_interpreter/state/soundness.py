"""Whether a state contradicts itself: rows that refer to nothing, pointers that no publish has set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import DBAPIError

from vibepiper_interpreter.state.past import pointers_at
from vibepiper_interpreter.state.reading import environment_pointers
from vibepiper_interpreter.state.rows import definition_from_text, inputs_from_text
from vibepiper_interpreter.state.tables import definitions, environments, metadata, pointers, publications, versions


def contradictions(connection: Connection) -> list[str]:
    """All there are, in words."""
    return [words for look in LOOKS for words in look(connection)]


def _the_file(connection: Connection) -> Iterator[str]:
    """SQLite can look through its own file; a server does so when it reads."""
    if connection.dialect.name == "sqlite":
        try:
            found = connection.exec_driver_sql("pragma integrity_check(3)").scalars().all()
        except DBAPIError as error:
            found = [str(error.orig)]
        yield from (f"the SQLite file is damaged: {words}" for words in found if words != "ok")


def _references(connection: Connection) -> Iterator[str]:
    """Rows that refer to others which are not there. The databases see to that, unless somebody has switched it off."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            parent: Table = key.column.table
            missing = connection.execute(
                select(func.count())
                .select_from(table.outerjoin(parent, key.parent == key.column))
                .where(key.parent.is_not(None), key.column.is_(None))
            ).scalar_one()
            if missing:
                rows = "1 row" if missing == 1 else f"{missing:,} rows"
                yield f"{rows} of `{table.name}` refer to `{parent.name}` that are not there"


def _definitions(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(definitions)):
        if sha256(row.asset.encode()).hexdigest() != row.id:
            yield f"definition {row.id[:12]} is not what its hash says"
            continue
        try:
            definition_from_text(row.asset)
        except Exception as error:
            yield f"definition {row.id[:12]} cannot be read: {type(error).__name__}"


def _history(connection: Connection) -> Iterator[str]:
    """Every environment points to where its publishes, one after the other, have led it."""
    for name, serial in connection.execute(select(environments.c.name, environments.c.serial).order_by("name")).all():
        last = connection.execute(
            select(func.max(publications.c.serial)).where(publications.c.environment == name)
        ).scalar()
        if (last or 0) > serial:
            yield f"environment `{name}` stands at serial {serial}, and was published at {last}"
        elif pointers_at(connection, name, serial) != environment_pointers(connection, name):
            yield f"environment `{name}` does not point to what was published to it"


def _views(connection: Connection) -> Iterator[str]:
    """What a published view reads is known."""
    known = set(connection.execute(select(versions.c.id)).scalars())
    shown = connection.execute(
        select(versions.c.address, versions.c.inputs)
        .join(pointers, pointers.c.version_id == versions.c.id)
        .where(versions.c.build == "view")
        .distinct()
        .order_by(versions.c.address)
    )
    for address, inputs in shown:
        for read in inputs_from_text(inputs):
            if read.version_id not in known:
                yield f"view `{address}` reads a version of `{read.address}` that nobody knows"


LOOKS: tuple[Callable[[Connection], Iterator[str]], ...] = (_the_file, _references, _definitions, _history, _views)
