"""What the modes that keep what was made before ask of an asset: its settings, its columns, its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from vibepiper_interpreter.compile.build_settings import (
    Append,
    BuildSettings,
    CursorSettings,
    History,
    Intervals,
    Merge,
    Partitions,
)
from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.compiled import Column, Input
from vibepiper_interpreter.compile.partition_values import written_otherwise
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.grains import floor
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Severity, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.asset import AssetSpec
from vibepiper_spec.model.build import Build, BuildMode, Write, is_incremental
from vibepiper_spec.model.duration import duration_seconds
from vibepiper_spec.model.file_source import FileSource

# What a query may name as `$name` beside the variables, by the mode it is built in.
_PARAMETERS: Mapping[BuildMode, Mapping[str, str]] = {
    "interval": {"start": "TIMESTAMP", "end": "TIMESTAMP"},
    "partition": {"partition": "VARCHAR"},
}
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
# Grains shorter than a day: a column of dates cannot tell their intervals apart.
_WITHIN_A_DAY = ("minute", "five_minutes", "quarter_hour", "half_hour", "hour")


@dataclass(frozen=True, slots=True)
class Built:
    """The columns of the table that is kept of a query's (or a function's, or the files') columns, and the settings."""

    columns: tuple[Column, ...]
    settings: BuildSettings | None = None
    problems: tuple[Diagnostic, ...] = ()


def mode_of(spec: AssetSpec) -> BuildMode:
    """How the asset is built, or how what a source reads is written."""
    if isinstance(spec, FileSource) and spec.write.mode != "replace":
        return spec.write.mode
    return spec.build.mode


def cursor_of(spec: AssetSpec) -> CursorSettings | None:
    if not isinstance(spec, FileSource) or spec.cursor is None:
        return None
    cursor = spec.cursor
    return CursorSettings(cursor.by, cursor.column, cursor.start, duration_seconds(cursor.lag or "0s") or 0.0)


def slice_parameters(spec: AssetSpec) -> Mapping[str, str]:
    """The parameters that say which interval or partition a query is to give, with their types."""
    return _PARAMETERS.get(mode_of(spec), {})


def table_of(state: Compilation, declared: DeclaredAsset, columns: tuple[Column, ...]) -> Built:
    """What is kept of rows with these columns. Without problems where the columns are known only at run time."""
    spec = declared.spec
    write: Build | Write = spec.write if isinstance(spec, FileSource) and spec.write.mode != "replace" else spec.build
    if not is_incremental(write):
        return Built(columns)
    return _Judge(state, declared, write, columns).judge()


class _Judge:
    def __init__(
        self, state: Compilation, declared: DeclaredAsset, write: Build | Write, columns: tuple[Column, ...]
    ) -> None:
        self._state, self._declared, self._write = state, declared, write
        self._key = "build" if isinstance(write, Build) else "write"
        self._columns = columns
        self._by_name = {column.name.casefold(): column for column in columns}
        self._problems: list[Diagnostic] = []

    def judge(self) -> Built:
        settings = self._settings()
        return Built(table_columns(self._columns, settings), settings, tuple(self._problems))

    def _settings(self) -> BuildSettings:
        write = self._write
        match write.mode:
            case "interval":
                return self._intervals()
            case "append":
                return Append()
            case "merge":
                return self._merge()
            case "scd2":
                return self._history()
            case _:
                return self._partitions()

    def _intervals(self) -> Intervals:
        write = self._write
        assert write.column is not None
        assert write.grain is not None
        column = self._column(write.column, "column")
        if self._declared.kind == "python" and (not self._columns or any(not column.type for column in self._columns)):
            self._tell(
                "VP104",
                "An asset that is built by interval declares its columns with their types: there is a table of it "
                "before its first interval is over.",
                f'Add `columns.{write.column} = "timestamp"` and the others.',
            )
        elif column is not None and column.type not in _TIMES:
            self._tell(
                "VP304",
                f"Column `{column.name}` is {column.type}, and only a date or a timestamp says to which interval a row "
                "belongs.",
                self._cast("timestamp") + ", or name another column.",
                "column",
            )
        elif column is not None and column.type == "DATE" and write.grain in _WITHIN_A_DAY:
            self._tell(
                "VP304",
                f"Column `{column.name}` holds dates, and the grain `{write.grain}` is shorter than a day.",
                'Use `grain = "day"`, or a column of timestamps.',
                "grain",
            )
        try:
            ZoneInfo(write.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            self._tell(
                "VP109",
                f"There is no time zone `{write.time_zone}`.{did_you_mean(write.time_zone, available_timezones())}",
                "Write a name of the time zone database, such as `Europe/Berlin`.",
                "time_zone",
            )
        start, end = self._moment(write.start, "start"), self._moment(write.end, "end")
        if start is None and isinstance(write, Build):
            start = self._inherited_start()
        own_past = self._declared.address in self._state.own_past
        if own_past:
            start = None if start is None else floor(start, write.grain)  # any moment in the first interval means it
            if write.batch_size is not None and write.batch_size > 1:
                self._tell(
                    "VP109",
                    f"`{self._declared.address}` reads its own earlier intervals, so each is made after the one before "
                    "it, and never several at once.",
                    "Leave `batch_size` out.",
                    "batch_size",
                    severity="warning",
                )
        return Intervals(
            self._spelled(column, write.column),
            write.grain,
            start,
            end,
            write.lookback,
            write.batch_size,
            write.time_zone,
            separable=write.batch_size is not None and not own_past,
            own_past=own_past,
        )

    def _moment(self, written: date | datetime | None, key: str) -> datetime | None:
        """A wall time; a date is its first moment."""
        if written is None:
            return None
        moment = written if isinstance(written, datetime) else datetime(written.year, written.month, written.day)
        if moment.tzinfo is not None:
            moment = moment.replace(tzinfo=None)
            self._tell(
                "VP109",
                f"`{key}` is the wall time in `time_zone`, so it takes no offset.",
                f"Write `{moment.isoformat()}`.",
                key,
            )
        return moment

    def _inherited_start(self) -> datetime | None:
        """Where the cursor of the one source begins that this asset reads; VP104 where nothing says it."""
        starts = {start for read in self._reads() if (start := self._cursor_start(read)) is not None}
        if len(starts) == 1:
            return starts.pop()
        self._tell(
            "VP104",
            "Nothing says when the first interval begins"
            + (": the sources that it reads begin at different times." if starts else "."),
            "Add `start = 2024-01-01`.",
        )
        return None

    def _reads(self) -> tuple[Address, ...]:
        address = self._declared.address
        if address in self._state.python:
            parameters = self._state.python[address].definition.parameters
            return tuple(each.address for each in parameters if each.address is not None)
        return self._state.reads.get(address, ())

    def _cursor_start(self, address: Address) -> datetime | None:
        declared = self._state.declared.get(address)
        recalled = self._state.recalled.assets.get(address)
        cursor = recalled.cursor if declared is None and recalled is not None else None
        if declared is not None:
            cursor = cursor_of(declared.spec)
        start = None if cursor is None else cursor.start
        if isinstance(start, datetime):
            return start.replace(tzinfo=None)
        return datetime(start.year, start.month, start.day) if isinstance(start, date) else None

    def _partitions(self) -> Partitions:
        write = self._write
        assert write.column is not None
        found = self._column(write.column, "column")
        name = self._spelled(found, write.column)
        if not isinstance(write, Build):
            return Partitions(name)
        if write.values is not None:
            values = tuple(_as_text(value) for value in write.values)
            if found is not None:
                self._judge_values(values, found)
            return Partitions(name, values)
        asset, _, column = (write.values_of or "").rpartition(".")
        pipeline = self._declared.address.pipeline
        address = self._state.names.resolve(asset, pipeline)
        if address is None:
            place = self._state.loaded.locator.place(self._declared.origin, self._key, "values_of")
            self._problems.append(self._state.names.unknown(asset, pipeline, place))
            return Partitions(name, ())
        known = {item.name.casefold(): item.name for item in self._state.columns.get(address, ())}
        if known and column.casefold() not in known:
            self._tell(
                "VP302",
                f"`{address}` has no column `{column}`.{did_you_mean(column, known.values())}",
                f"It has {_listed(known.values())}.",
                "values_of",
            )
        return Partitions(name, None, (address, known.get(column.casefold(), column)))

    def _judge_values(self, values: Iterable[str], column: Column) -> None:
        for index, value in enumerate(values):
            written = written_otherwise(value, column.type)
            if written:
                self._tell(
                    "VP304",
                    f"`{value}` is written `{written}` in column `{column.name}`, which is {column.type}: partitions "
                    "are told apart by their text.",
                    f'Write `"{written}"`.',
                    "values",
                    index,
                )
            elif written is not None:
                self._tell(
                    "VP304",
                    f"Column `{column.name}` is {column.type}, and `{value}` can never stand in it.",
                    "Write a value of the column's type, or remove it.",
                    "values",
                    index,
                )

    def _merge(self) -> Merge:
        write = self._write
        flag = None
        if write.delete_flag is not None:
            column = self._column(write.delete_flag, "delete_flag")
            flag = self._spelled(column, write.delete_flag)
            if column is not None and column.type != "BOOLEAN":
                self._tell(
                    "VP304",
                    f"Column `{column.name}` is {column.type}, and a flag is BOOLEAN.",
                    self._cast("boolean") + ".",
                    "delete_flag",
                )
        updated = None
        if write.update_columns is not None:
            updated = self._names(write.update_columns, "update_columns")
        return Merge(self._names(write.key, "key"), flag, updated)

    def _history(self) -> History:
        write = self._write
        updated = None
        if write.updated_at is not None:
            column = self._column(write.updated_at, "updated_at")
            updated = self._spelled(column, write.updated_at)
            if column is not None and column.type not in _TIMES:
                self._tell(
                    "VP304",
                    f"Column `{column.name}` is {column.type}, and only a date or a timestamp says since when.",
                    "Name another column, or leave `updated_at` out.",
                    "updated_at",
                )
        for key in ("valid_from", "valid_to"):
            name = getattr(write, key)
            if name.casefold() in self._by_name:
                self._tell(
                    "VP311",
                    f"The rows have a column `{name}` already, and the history needs that name.",
                    f'Give it another one: `{key} = "…"`.',
                    key,
                )
        return History(self._names(write.key, "key"), updated, write.valid_from, write.valid_to)

    def _names(self, names: Iterable[str], key: str) -> tuple[str, ...]:
        return tuple(self._spelled(self._column(name, key, index), name) for index, name in enumerate(names))

    def _column(self, name: str, *keys: str | int) -> Column | None:
        """The column of that name; VP302 where there is none. None too where the columns are not known yet."""
        column = self._by_name.get(name.casefold())
        if column is None and self._columns:
            known = [item.name for item in self._columns]
            self._tell(
                "VP302",
                f"`{self._declared.address}` has no column `{name}`.{did_you_mean(name, known)}",
                f"It has {_listed(known)}.",
                *keys,
            )
        return column

    @staticmethod
    def _spelled(column: Column | None, name: str) -> str:
        return name if column is None else column.name

    def _cast(self, kind: str) -> str:
        """How a column gets another type: what a source reads is declared, what a query gives is cast."""
        if self._declared.kind == "source":
            return f'Declare its type: `columns.NAME = "{kind}"`'
        return f"Cast it: `cast(… as {kind})`"

    def _tell(self, code: str, detail: str, fix: str, *keys: str | int, severity: Severity = "error") -> None:
        place = self._state.loaded.locator.place(self._declared.origin, self._key, *keys)
        self._problems.append(Diagnostic(code, detail, place, severity, fix=Fix(fix)))


def with_values_input(state: Compilation, declared: DeclaredAsset, reads: tuple[Address, ...]) -> tuple[Address, ...]:
    """`reads`, and the asset that holds the values of the partitions: it comes before, though no query names it."""
    written = declared.spec.build.values_of
    if written is None:
        return reads
    address = state.names.resolve(written.rpartition(".")[0], declared.address.pipeline)
    return reads if address is None or address in reads else (*reads, address)


def reading_values(inputs: tuple[Input, ...], settings: BuildSettings | None) -> tuple[Input, ...]:
    """`inputs`, and the column of the asset that holds the values of the partitions.

    Read for its values alone, a row of that asset belongs to the partition that it names.
    """
    if not isinstance(settings, Partitions) or settings.values_of is None:
        return inputs
    address, column = settings.values_of
    if all(read.address != address for read in inputs):
        return (*inputs, Input(address, (column,), column))
    return tuple(
        replace(read, columns=tuple(sorted({*read.columns, column})))
        if read.address == address and read.columns is not None
        else read
        for read in inputs
    )


def _as_text(value: object) -> str:
    """A value as DuckDB prints it: what `$partition` is."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in list(names)[:12])
