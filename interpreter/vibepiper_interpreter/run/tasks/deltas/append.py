"""Mode `append`: what comes is added to what is there."""

from __future__ import annotations

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.incoming import Brought, Incoming
from vibepiper_interpreter.run.tasks.deltas.parts import BASE, drop_part, rename_part, write_part
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.storage.table_query import rows_query
from vibepiper_interpreter.storage.version import Part, Version

# As soon as there are so many parts that are not large, they are written together: each costs every reader a file.
MANY = 100
_LARGE = 128_000_000  # bytes
_TOGETHER = "together.parquet"


def append(
    session: RunSession, asset: CompiledAsset, folder: Folder, base: Version | None, incoming: Incoming
) -> Brought | None:
    """The parts of `base` and one with what comes; None where nothing does."""
    part = _written(session, asset, folder, incoming)
    if base is None:
        return Brought((part,), part.rows)
    if not part.rows:
        drop_part(folder, BASE)
        return None
    if base.rows is None:
        raise ValueError(f"nobody has counted the rows of {base.address}")
    return Brought((*_fewer(session, folder, base), part), base.rows + part.rows)


def _written(session: RunSession, asset: CompiledAsset, folder: Folder, incoming: Incoming) -> Part:
    if incoming.part is not None:
        return rename_part(folder, incoming.part, BASE)
    listed = ", ".join(quote(column.name) for column in table_columns(incoming.columns, asset.settings))
    query = f"SELECT {listed} FROM {incoming.relation}"
    return write_part(session.cursor(), folder, query, BASE, order_by=asset.order_by)


def _fewer(session: RunSession, folder: Folder, base: Version) -> tuple[Part, ...]:
    """The same rows in few parts. What comes stays a part of its own: whoever reads it has not seen it yet."""
    small = [part for part in base.parts if part.bytes < _LARGE]
    if len(small) < MANY:
        return base.parts
    together = write_part(session.cursor(), folder, rows_query(base, session.storage, small), _TOGETHER)
    return (*(part for part in base.parts if part not in small), together)
