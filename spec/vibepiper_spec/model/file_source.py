"""`[source.file.NAME]`: rows that are read from files."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema, model_validator

from vibepiper_spec.model.asset import AssetSpec
from vibepiper_spec.model.build import Write, is_incremental
from vibepiper_spec.model.cursor import Cursor
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import describe_type
from vibepiper_spec.model.spec_model import SpecModel

FileFormat = Literal["csv", "json", "parquet"]


def _one_or_many(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        if not value:
            raise mistake("VP109", "The list is empty.", "Name at least one.")
        return value
    raise mistake(
        "VP103",
        f"Expected a string or a list of strings, found {describe_type(value)}.",
        'Write `"…"` or `["…", "…"]`.',
    )


# Written as one string or a list of strings; always a tuple here.
OneOrMany = Annotated[
    tuple[str, ...],
    Strict(False),
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class CsvOptions(SpecModel):
    """How a CSV file is written, where it cannot be told from the file itself."""

    delimiter: str | None = None
    """The character between two values, such as `;`."""
    header: bool | None = None
    """Whether the first line holds the names of the columns."""
    quote: str | None = None
    """The character that surrounds values that hold the delimiter."""
    escape: str | None = None
    """The character that goes before a quote inside a quoted value."""
    null: OneOrMany | None = None
    """What stands for a missing value: one string or several."""
    date_format: str | None = None
    """How dates are written, such as `%d.%m.%Y`."""
    timestamp_format: str | None = None
    """How times are written, such as `%d.%m.%Y %H:%M`."""
    encoding: str | None = None
    """The character encoding, such as `utf-8` or `latin-1`."""
    skip_rows: Annotated[int, Field(ge=0)] | None = None
    """How many lines to skip at the start of each file."""
    compression: Literal["none", "gzip", "zstd"] | None = None
    """How the file is compressed; told from the suffix if not set."""
    decimal: str | None = None
    """The character before the fraction of a number, `.` or `,`."""
    sample_rows: Annotated[int, Field(ge=1)] | None = None
    """How many rows are looked at to infer the types."""


class FileSource(AssetSpec):
    """Rows that are read from CSV, JSON or Parquet files."""

    path: OneOrMany
    """A file, or a pattern with `*`, `?` or `**`, relative to `vp.toml`; or a list of them."""
    format: FileFormat | None = None
    """What the files are; told from the suffix if not set."""
    options: CsvOptions = CsvOptions()
    """How a CSV file is written, where that cannot be told from the file itself."""
    write: Write = Write()
    """How the rows of new files come to those that were read before; `replace` (the default) reads all files."""
    cursor: Cursor | None = None
    """What tells new files, or new rows, from those that were read; a file is new if its path is, if not set."""

    @model_validator(mode="after")
    def _one_way_to_build(self) -> Self:
        if is_incremental(self.build):
            raise mistake(
                "VP110",
                f"A source is not built by `{self.build.mode}`: how its rows are kept is told by `write`.",
                f'Write `write = "{self.build.mode}"` instead of `build`.',
                key="build",
            )
        if self.build.mode == "view" and is_incremental(self.write):
            raise mistake(
                "VP110",
                "A source that is read in place keeps no rows, so none can be written.",
                "Remove `build` or `write`.",
                key="write",
            )
        if self.cursor is not None and self.write.mode in ("replace", "scd2"):
            raise mistake(
                "VP110",
                f'`write = "{self.write.mode}"` looks at all rows each time, so there is nothing for a cursor to tell.',
                'Remove `cursor`, or write `write = "append"` or `"merge"`.',
                key="cursor",
            )
        if self.cursor is not None and self.cursor.column is not None and self.write.mode in ("interval", "partition"):
            raise mistake(
                "VP110",
                f'`write = "{self.write.mode}"` puts all rows of new files in the place of those that are there: '
                "there is nothing for a column to tell.",
                'Remove `cursor`, or write `cursor = "name"` or `"modified"`.',
                key="cursor",
            )
        return self
