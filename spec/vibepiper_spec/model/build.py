"""How an asset is built, and how a source's new rows are written: at once, or only what is new."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, Strict, model_validator

from vibepiper_spec.model.grain_words import judge_grain
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import Scalar
from vibepiper_spec.model.spec_model import ShorthandModel, Strings

BuildMode = Literal["table", "view", "interval", "append", "merge", "scd2", "partition"]
WriteMode = Literal["replace", "interval", "append", "merge", "scd2", "partition"]
Grain = Literal[
    "minute",
    "five_minutes",
    "quarter_hour",
    "half_hour",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
]

# By mode, the keys it needs and the keys it may have beside `mode`.
_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "interval": (("column", "grain"), ("start", "end", "lookback", "batch_size", "time_zone")),
    "append": ((), ()),
    "merge": (("key",), ("delete_flag", "update_columns")),
    "scd2": (("key",), ("updated_at", "valid_from", "valid_to")),
    "partition": (("column",), ("values", "values_of")),
}


class Incremental(ShorthandModel):
    """The keys of the modes that keep what was made before, and add to it or change a part of it."""

    shorthand: ClassVar = "mode"

    column: str | None = None
    """`interval`: the column that holds a row's time. `partition`: the column whose values are the partitions."""
    grain: Annotated[Grain | None, BeforeValidator(judge_grain)] = None
    """`interval`: how long one interval is."""
    start: date | datetime | None = None
    """`interval`: when the first interval begins; inherited from the cursor of the source it reads if not set."""
    end: date | datetime | None = None
    """`interval`: when the last interval ends, for data that will not go on; it goes on if not set."""
    lookback: Annotated[int, Field(ge=0)] = 0
    """`interval`: of how many intervals before it an interval reads rows too."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """`interval`: how many intervals are built at once at most."""
    time_zone: str = "UTC"
    """`interval`: the time zone in which days, months and so on begin, such as `Europe/Berlin`."""
    key: Strings = ()
    """`merge`, `scd2`: the columns that tell which row is which."""
    delete_flag: str | None = None
    """`merge`: a boolean column; where it is true, the row of that key is deleted."""
    update_columns: Strings | None = None
    """`merge`: the only columns that change in a row that is there already; all if not set."""
    updated_at: str | None = None
    """`scd2`: the column that says since when a row is as it is; the time of the plan if not set."""
    valid_from: str = "valid_from"
    """`scd2`: the name of the column that says since when a row holds."""
    valid_to: str = "valid_to"
    """`scd2`: the name of the column that says until when it held; empty while it holds."""

    @model_validator(mode="after")
    def _keys_of_its_mode(self) -> Self:
        mode: str = getattr(self, "mode")  # noqa: B009 - each subclass has its own
        needed, allowed = _KEYS.get(mode, ((), ()))
        for key in needed:
            if key not in self.model_fields_set:
                raise mistake("VP104", f"The mode `{mode}` needs `{key}`.", f"Add `{key} = {_EXAMPLES[key]}`.")
        for key in sorted(self.model_fields_set - {"mode", *needed, *allowed}):
            where = " and ".join(f"`{name}`" for name, keys in _KEYS.items() if key in (*keys[0], *keys[1]))
            raise mistake(
                "VP110",
                f"`{key}` says nothing of the mode `{mode}`: it belongs to {where}.",
                "Remove it, or set the `mode` that it belongs to.",
                key=key,
            )
        if self.start is not None and self.end is not None:
            start, end = _moment(self.start), _moment(self.end)
            if end < start:
                raise mistake("VP109", "`end` lies before `start`.", "Swap them.", key="end")
            if end == start:
                raise mistake(
                    "VP109",
                    "`end` is `start`, so there is no interval between them.",
                    "Write the first moment that is not built any more.",
                    key="end",
                )
        self._judge_names("key")
        self._judge_names("update_columns")
        if self.update_columns is not None and (both := sorted({*self.update_columns} & {*self.key})):
            raise mistake(
                "VP109",
                f"`{both[0]}` is a column of the key: two rows that differ in it are not the same row.",
                "Take it out of `update_columns`.",
                key="update_columns",
            )
        if self.valid_from.casefold() == self.valid_to.casefold():
            raise mistake("VP109", "`valid_from` and `valid_to` are one column.", "Name two columns.", key="valid_to")
        return self

    def _judge_names(self, key: str) -> None:
        names: tuple[str, ...] | None = getattr(self, key)
        if names is None or key not in self.model_fields_set:
            return
        if not names:
            raise mistake("VP109", f"`{key}` names no column.", f"Write `{key} = {_EXAMPLES[key]}`.", key=key)
        folded = [name.casefold() for name in names]
        twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
        if twice is not None:
            raise mistake("VP109", f"`{key}` names `{twice}` twice.", "Name each column once.", key=key)


def _moment(time: date) -> datetime:
    """Wall times, whatever offset was given: that is told elsewhere. A date is its first moment."""
    return time.replace(tzinfo=None) if isinstance(time, datetime) else datetime(time.year, time.month, time.day)


_EXAMPLES = {"column": '"day"', "grain": '"day"', "key": '["order_id"]', "update_columns": '["status"]'}


class Build(Incremental):
    """How the asset is built. A plain string is its mode."""

    mode: BuildMode = "table"
    """`table` stores the rows; `view` computes them whenever they are read (a source reads its files in place);
    `interval` builds each stretch of time once; `append` adds what is new; `merge` changes the rows of a key; `scd2`
    keeps every state a row was in; `partition` builds each value of a column once."""
    values: Annotated[tuple[Scalar, ...], Strict(False)] | None = None
    """`partition`: the values, one partition each."""
    values_of: str | None = None
    """`partition`: the column that holds the values, as `asset.column`."""

    @property
    def sees_itself(self) -> bool:
        """Whether what is built can read rows of its own: an interval is made upon those before it."""
        return self.mode == "interval"

    @model_validator(mode="after")
    def _partitions(self) -> Self:
        if self.mode != "partition":
            return self
        if (self.values is None) == (self.values_of is None):
            raise mistake(
                "VP104" if self.values is None else "VP110",
                "The mode `partition` needs either `values` or `values_of`.",
                'Write `values = ["de", "fr"]`, or `values_of = "countries.code"`.',
            )
        if self.values is not None and len({str(value) for value in self.values}) != len(self.values):
            raise mistake("VP109", "`values` names a value twice.", "Name each value once.", key="values")
        asset, _, column = (self.values_of or "a.b").rpartition(".")
        if not (asset and column):
            raise mistake(
                "VP109",
                f"`{self.values_of}` names no column of an asset.",
                "Write `asset.column`, or `pipeline.asset.column` for another pipeline.",
                key="values_of",
            )
        return self


class Write(Incremental):
    """How a source's rows come to those it has. A plain string is the mode."""

    mode: WriteMode = "replace"
    """`replace` takes all rows of all files; the other modes read only files that are new: `append` adds their rows,
    `merge` changes the rows of a key, `interval` and `partition` replace the stretches of time, or the values of a
    column, that occur in them. `scd2` compares all rows with those of before, and keeps every state."""


def is_incremental(build: Build | Write) -> bool:
    """Whether what was made before is kept, and only a part of it made or changed."""
    return build.mode not in ("table", "view", "replace")
