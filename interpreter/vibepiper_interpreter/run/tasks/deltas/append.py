"""Mode `append`: what comes is added to what is there."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

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
_TOGETHER = "together"


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


def of_several_deliveries(part: Part) -> bool:
    """Whether rows that came one after the other are in one part: nothing tells any more which came first."""
    return Path(part.path).name.startswith(_TOGETHER)


def _fewer(session: RunSession, folder: Folder, base: Version) -> tuple[Part, ...]:
    """The same rows in few parts. What comes stays a part of its own: whoever reads it has not seen it yet.

    Only neighbours are written together: parts stand in the order in which their rows came.
    """
    if sum(_is_small(part) for part in base.parts) < MANY:
        return base.parts
    parts: list[Part] = []
    for number, (small, run) in enumerate(groupby(base.parts, _is_small)):
        alike = list(run)
        if small and len(alike) > 1:
            query = rows_query(base, session.storage, alike)
            alike = [write_part(session.cursor(), folder, query, f"{_TOGETHER}-{number}.parquet")]
        parts += alike
    return tuple(parts)


def _is_small(part: Part) -> bool:
    return part.bytes < _LARGE
