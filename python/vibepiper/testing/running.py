"""Makes an asset of rows that a test gives, in an engine that sees nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from vibepiper.errors import AssetFailed
from vibepiper.testing.given import Rows, given_rows
from vibepiper_interpreter.compile.asset_tests import moment
from vibepiper_interpreter.compile.build_settings import Intervals, Partitions
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, CompiledProject, SqlDefinition
from vibepiper_interpreter.compile.compiled_operator import USUAL_NOW
from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows
from vibepiper_interpreter.engines.duckdb.parameters import cast_failure
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.run.python.modules import shared_modules
from vibepiper_interpreter.run.trials.compare import Table, shown
from vibepiper_interpreter.run.trials.run_tests import Surroundings, trial_worker
from vibepiper_interpreter.run.trials.trial import Trial, trial_session, try_asset, try_cte
from vibepiper_interpreter.run.trials.work import Work, measure_work
from vibepiper_spec import load_settings
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from vibepiper.project import Project
    from vibepiper_interpreter.run.session import RunSession

__all__ = ["AssetFailed", "RunAsset", "Tried", "running"]

_LOG = logging.getLogger("vibepiper")
_SHOWN = 50  # rows in a representation


@contextmanager
def running(project: Project) -> Iterator[RunAsset]:
    """Assets of `project` can be tried meanwhile. Raises vibepiper.SpecError where the project has mistakes."""
    compiled = project.compiled().project
    settings = load_settings(project.root)
    around = Surroundings(project.root, settings, project.env, compiled.variables)
    # Its modules are pytest's, too: what a test has patched is what runs, and its output is captured like any other.
    with shared_modules(project.root), trial_worker(around, _log, python=False) as session:
        yield RunAsset(compiled, session)


def _log(address: Address, level: str, message: str) -> None:
    _LOG.log(logging.getLevelNamesMapping().get(level.upper(), logging.INFO), "%s: %s", address, message)


class RunAsset:
    """Makes assets of one project: what the fixture `run_asset` is."""

    def __init__(self, project: CompiledProject, session: RunSession) -> None:
        self._project, self._session = project, session

    def __call__(
        self,
        asset: str,
        given: Mapping[str, Rows] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        now: datetime | date | None = None,
        start: datetime | date | None = None,
        end: datetime | date | None = None,
        partition: Any = None,
    ) -> Tried:
        """What `asset` is made of the rows in `given`: of every input a list of dictionaries, a table of any library
        or the path of a CSV file. A column that a row leaves out is NULL.

        `variables` are those that are others than in the environment, `now` what time it is (UTC; 2000-01-01 if not
        said), `start` and `end` or `partition` the slice of an asset that is made slice by slice.

        Raises vibepiper.testing.AssetFailed where the asset fails, KeyError where there is none, ValueError for what
        does not fit: an input that is not there or not given, a column that is not there, a value of another type.
        """
        compiled = self._asset(asset)
        trial = Trial(
            compiled,
            self._given(compiled, given or {}),
            moment(now) or USUAL_NOW,
            self._variables(compiled, variables or {}),
            _slice(compiled, start, end, partition),
        )
        return Tried(self._session, trial, self._run(trial))

    def _run(self, trial: Trial) -> Table:
        with _failing(), self._session.attempt(trial.asset.address, 1), trial_session(self._session, trial) as inner:
            return try_asset(inner, trial)

    def _asset(self, name: str) -> CompiledAsset:
        known = {str(address): address for address in self._project.assets}
        found = [address for text, address in known.items() if name.lower() in (text, address.name)]
        if not found:
            raise KeyError(f"the project has no asset `{name}`.{did_you_mean(name, known)}")
        if len(found) > 1:
            raise KeyError(f"`{name}` is in several pipelines: {', '.join(map(str, found))}")
        asset = self._project.assets[found[0]]
        if asset.kind == "source":
            raise ValueError(f"`{asset.address}` is a source: it is made of nothing that could be given")
        return asset

    def _given(self, asset: CompiledAsset, given: Mapping[str, Rows]) -> dict[Address, str]:
        inputs = {read.address: self._project.assets[read.address].columns for read in asset.inputs}
        if asset.own is not None:
            inputs[asset.address] = asset.columns
        names = {_called(address, asset): address for address in inputs}
        found: dict[Address, str] = {}
        with connect(SessionSettings(threads=1, writing_threads=0)) as connection:
            for name, rows in given.items():
                address = names.get(name.lower()) or next((a for a in inputs if str(a) == name.lower()), None)
                if address is None:
                    reads = f"It reads {', '.join(f'`{each}`' for each in names)}." if names else "It reads none."
                    near = did_you_mean(name, names)
                    raise ValueError(f"`{name}` is no input of `{asset.address}`.{near} {reads}")
                found[address] = given_rows(f"given `{name}`", rows, inputs[address], connection).query()
        if asset.own is not None:
            none = GivenRows(tuple((column.name, column.type) for column in asset.columns), ())
            found.setdefault(asset.address, none.query())
        if missing := [name for name, address in names.items() if address not in found]:
            raise ValueError(
                f"not given is what `{asset.address}` reads of {', '.join(f'`{each}`' for each in missing)}; "
                "`[]` are no rows"
            )
        return found

    def _variables(self, asset: CompiledAsset, variables: Mapping[str, Any]) -> dict[str, Any]:
        known = {name.lower(): name for name in self._project.variables}
        types = dict(asset.definition.parameters) if isinstance(asset.definition, SqlDefinition) else {}
        for name, value in variables.items():
            if name.lower() not in known:
                raise ValueError(f"the project has no variable `{name}`.{did_you_mean(name, known.values())}")
            kind = types.get(name.lower())
            if kind is not None and cast_failure(self._session.connection, value, kind) is not None:
                raise ValueError(f"the variable `{name}` is {kind}, and {value!r} is none")
        return {known[name.lower()]: value for name, value in variables.items()}

    def columns_of(self, asset: str) -> tuple[Column, ...]:
        """The columns of an asset as the specs say."""
        return self._asset(asset).columns


class Tried:
    """Rows that an asset was made of. Their order is none; representations are sorted, so they can be snapshots."""

    def __init__(self, session: RunSession, trial: Trial, table: Table) -> None:
        self._session, self._trial = session, trial
        self.table = table

    @property
    def columns(self) -> dict[str, str]:
        """The type of each column, in DuckDB's spelling."""
        return dict(self.table.columns)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        names = [name for name, _ in self.table.columns]
        return [dict(zip(names, row, strict=True)) for row in self.table.rows]

    def cte(self, name: str) -> Tried:
        """The rows of a common table expression at the head of the query. Raises ValueError where there is none."""
        from vibepiper_interpreter.engines.duckdb.cte_queries import cte_names

        definition = self._trial.asset.definition
        names = cte_names(definition.query) if isinstance(definition, SqlDefinition) else ()
        spelled = {each.lower(): each for each in names}.get(name.lower())
        if spelled is None:
            raise ValueError(f"the query has no common table expression `{name}`.{did_you_mean(name, names)}")
        with _failing(), trial_session(self._session, self._trial) as inner:
            return Tried(self._session, self._trial, try_cte(inner, self._trial, spelled))

    def work(self) -> Work:
        """The rows that each step of the query handles. Raises ValueError for an asset that is none of SQL."""
        with _failing(), trial_session(self._session, self._trial) as inner:
            return measure_work(inner, self._trial)

    def arrow(self) -> pa.Table:
        """The rows as a pyarrow table."""
        with connect(SessionSettings(threads=1, writing_threads=0)) as connection:
            found: pa.Table = connection.sql(GivenRows(self.table.columns, self.table.rows).query()).to_arrow_table()
            return found

    def pandas(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        frame: pd.DataFrame = self.arrow().to_pandas()
        return frame

    def polars(self) -> pl.DataFrame:
        """The rows as a polars frame."""
        import polars

        frame = polars.from_arrow(self.arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def __len__(self) -> int:
        return len(self.table.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return drawn(self.table)


def drawn(table: Table) -> str:
    """Columns, types and rows, sorted by what is shown of them."""
    cells = sorted([shown(value) for value in row] for row in table.rows)
    lines = [[name for name, _ in table.columns], [kind for _, kind in table.columns], *cells[:_SHOWN]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.columns))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    if len(cells) > _SHOWN:
        text.append(f"… and {len(cells) - _SHOWN:,} more")
    text.append(f"{len(cells):,} row{'' if len(cells) == 1 else 's'}")
    return "\n".join(text)


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except DiagnosticError as error:
        raise AssetFailed(error.diagnostics) from error.__cause__


def _called(address: Address, asset: CompiledAsset) -> str:
    return address.name if address.pipeline == asset.address.pipeline else str(address)


def _slice(asset: CompiledAsset, start: Any, end: Any, partition: Any) -> dict[str, Any]:
    """The values that say which interval or partition is made."""
    said = {"start": moment(start), "end": moment(end), "partition": partition}
    wanted: Sequence[str] = ()
    if isinstance(asset.settings, Intervals):
        wanted = ("start", "end")
    elif isinstance(asset.settings, Partitions):
        wanted = ("partition",)
    for name, value in said.items():
        if value is not None and name not in wanted:
            kind = "partition" if name == "partition" else "interval"
            raise ValueError(f"`{asset.address}` is not built by {kind}, so there is no `{name}`")
        if value is None and name in wanted:
            raise ValueError(f"`{asset.address}` is made slice by slice: say `{name}`")
    return {name: said[name] for name in wanted}
