"""Finds out whether a query failed because stored files are gone or damaged, and says what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import duckdb

from vibepiper_interpreter.engines.duckdb.failure import EngineFailure
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.state.published import Published
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place

# What no file has a part in: the query itself is wrong, or its values are.
_OF_THE_QUERY = frozenset({"Binder", "Parser", "Syntax", "Catalog", "Permission", "Conversion", "Out of Range"})


def lost_files(
    connection: duckdb.DuckDBPyConnection,
    failure: EngineFailure,
    candidates: Collection[Published],
    storage: Storage,
    root: Path,
    place: Callable[[Address], Place | None] = lambda address: None,
) -> Diagnostic | None:
    """VP509 for the first of `candidates`, which the failed query reads, that cannot be read by itself either."""
    if failure.kind in _OF_THE_QUERY:
        return None
    for published in candidates:
        if published.has_parts and not storage.has(published):
            return _lost(published.address, storage, published, root, place(published.address))
    for published in candidates:
        if published.has_parts and not _can_be_read(connection, published.address):
            return _damaged(published.address, storage, published, root, place(published.address))
    return None


def _can_be_read(connection: duckdb.DuckDBPyConnection, address: Address) -> bool:
    name = f"{quote(address.pipeline)}.{quote(address.name)}"
    try:
        connection.execute(f"SELECT count(hash(t)) FROM {name} AS t").fetchall()
    except duckdb.Error:
        return False
    return True


def _lost(address: Address, storage: Storage, published: Published, root: Path, place: Place | None) -> Diagnostic:
    gone = [part.path for part in published.parts if not storage.path(part).exists()]
    what = f"`{_shown(storage.root / gone[0], root)}` is gone" if gone else "one of its files is not as long as it was"
    return Diagnostic(
        "VP509",
        f"`{address}` is published, but its files are no longer whole in the storage: {what}.",
        place,
        fix=Fix("Build it anew: `vp plan` says so, and `vp apply` does it."),
    )


def _damaged(address: Address, storage: Storage, published: Published, root: Path, place: Place | None) -> Diagnostic:
    files = " and ".join(f"`{_shown(storage.path(part), root)}`" for part in published.parts)
    return Diagnostic(
        "VP509",
        f"`{address}` is published, but its files cannot be read: {files} is damaged.",
        place,
        fix=Fix("Have that noted with `vp state verify`: then `vp apply` builds it anew."),
    )


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
