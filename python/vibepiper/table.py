"""A table of a project: its rows in the reader's own form, what it was, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibepiper.results import Listed, html_table

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from vibepiper.project import Project
    from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, CompiledProject
    from vibepiper_spec.address import Address

_SHOWN = 10  # rows in a notebook


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version that was made of the table, here or in another environment."""

    version_id: str
    made_at: datetime
    rows: int | None


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """That a column of `reader` hangs on columns of `source`; `columns` is None where that cannot be told."""

    source: str
    reader: str
    columns: tuple[str, ...] | None


class Table:
    """An asset. Rows are read when they are asked for, always those that are published then."""

    def __init__(self, project: Project, address: Address, compiled: CompiledProject) -> None:
        self._project, self._address, self._compiled = project, address, compiled

    @property
    def address(self) -> str:
        """`pipeline.asset`."""
        return str(self._address)

    @property
    def compiled(self) -> CompiledAsset:
        """The asset as it is compiled: its checks, its contract, its inputs."""
        return self._compiled.assets[self._address]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Names and types, as the specs say; where only a run can tell, those that are published, if any are."""
        known = self._compiled.assets[self._address].columns
        if known:
            return known
        with self._project.state() as state:
            published = state.pointers(self._project.env).get(self._address)
            return () if published is None else state.versions([published.version_id])[published.version_id].columns

    def arrow(self, limit: int | None = None) -> pa.Table:
        """The rows as a pyarrow table, at most `limit` of them. Raises LookupError before the first apply."""
        from vibepiper_interpreter.engines.duckdb.session import quote

        with self._project.state() as state:
            if self._address not in state.pointers(self._project.env):
                raise LookupError(f"nothing of `{self._address}` is published in `{self._project.env}` yet")
        name = f"{quote(self._address.pipeline)}.{quote(self._address.name)}"
        return self._project.sql(f"from {name}" + ("" if limit is None else f" limit {int(limit)}"))

    def polars(self, limit: int | None = None) -> pl.DataFrame:
        """The rows as a polars frame."""
        import polars

        frame = polars.from_arrow(self.arrow(limit))
        assert isinstance(frame, polars.DataFrame)
        return frame

    def pandas(self, limit: int | None = None) -> pd.DataFrame:
        """The rows as a pandas frame."""
        frame: pd.DataFrame = self.arrow(limit).to_pandas()
        return frame

    def history(self, limit: int = 20) -> list[PastVersion]:
        """The versions that were made of it, the newest first."""
        with self._project.state() as state:
            versions = state.history(self._address, limit)
        return Listed(PastVersion(each.id, each.created_at, each.rows) for each in versions)

    def lineage(self) -> list[LineageEdge]:
        """All it is made of, and all that is made of it, as pairs of assets with the columns that are read."""
        assets = self._compiled.assets
        edges = {(read.address, asset.address): read.columns for asset in assets.values() for read in asset.inputs}
        above, below = _reached(self._address, edges, up=True), _reached(self._address, edges, up=False)
        return Listed(
            LineageEdge(str(source), str(reader), columns)
            for (source, reader), columns in edges.items()
            if (source in above and reader in above) or (source in below and reader in below)
        )

    def __repr__(self) -> str:
        return f"Table({self.address!r})"

    def _repr_html_(self) -> str:
        rows = self.arrow(_SHOWN + 1)
        shown = [[None if value is None else str(value) for value in row.values()] for row in rows[:_SHOWN].to_pylist()]
        more = f"<p>the first {_SHOWN} rows</p>" if rows.num_rows > _SHOWN else ""
        return html_table(rows.column_names, shown) + more


def _reached(start: Address, edges: dict[tuple[Address, Address], tuple[str, ...] | None], *, up: bool) -> set[Address]:
    """`start` and all that it is made of, or all that is made of it."""
    found, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        for source, reader in edges:
            here, there = (reader, source) if up else (source, reader)
            if here == at and there not in found:
                found.add(there)
                waiting.append(there)
    return found
