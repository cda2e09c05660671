"""Tables as rows of a type, and back: pydantic models, typed dictionaries or dataclasses, generated or your own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

import pyarrow
from pydantic import TypeAdapter

from vibepiper.frames.tables import ArrowStream

Row = TypeVar("Row")


def rows_of(table: Any, kind: type[Row]) -> list[Row]:
    """The rows of a table of any kind, each validated as a `kind`. Raises pydantic's ValidationError.

    >>> from typing_extensions import TypedDict
    >>> class Order(TypedDict):
    ...     id: int
    >>> rows_of(pyarrow.table({"id": [1, 2]}), Order)
    [{'id': 1}, {'id': 2}]
    """
    return _rows(kind).validate_python(arrow_of(table).to_pylist(maps_as_pydicts="strict"))


def table_of(rows: Iterable[Row], kind: type[Row]) -> ArrowStream:
    """An Arrow table of these rows, for a Python asset to return. Without rows it still has the columns of `kind`."""
    adapter = _rows(kind)
    written = adapter.dump_python(list(rows), by_alias=True)
    if written:
        made: ArrowStream = pyarrow.Table.from_pylist(written)
        return made
    names = _names(TypeAdapter(kind).json_schema(by_alias=True))
    empty: ArrowStream = pyarrow.table({name: pyarrow.nulls(0) for name in names})
    return empty


def _rows(kind: type[Row]) -> TypeAdapter[list[Row]]:
    known: Any = kind  # to be remembered by
    adapter: TypeAdapter[list[Row]] = _adapter(known)
    return adapter


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(list[kind])


def _names(schema: dict[str, Any]) -> Iterable[str]:
    if "$ref" in schema:  # a type that names itself
        schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    names: Iterable[str] = schema["properties"]
    return names


def arrow_of(table: Any) -> pyarrow.Table:
    """A table of any kind as one of Arrow. Raises TypeError for what is none."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return pyarrow.Table.from_pandas(table, preserve_index=False)
    if polars is not None and isinstance(table, polars.LazyFrame):
        table = table.collect()
    return pyarrow.table(table)
