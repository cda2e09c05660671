"""What a Python asset may return, for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from duckdb import DuckDBPyRelation
    from pandas import DataFrame as PandasFrame
    from polars import DataFrame as PolarsFrame
    from polars import LazyFrame

    Returned: TypeAlias = (
        PandasFrame | PolarsFrame | LazyFrame | DuckDBPyRelation | "ArrowStream | Iterable[ArrowStream]"
    )


class ArrowStream(Protocol):
    """A table, a batch or a reader of Arrow, or what can be read as one."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
