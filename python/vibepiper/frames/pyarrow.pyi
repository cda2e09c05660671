"""Arrow tables that know their columns."""

# pyarrow has no types of its own yet: to checkers it is anything.
# mypy: disable-error-code="misc"

from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar

import pyarrow

_Name = TypeVar("_Name", bound=str)
_Row = TypeVar("_Row")
_Value = TypeVar("_Value", covariant=True)

class ArrowColumn(pyarrow.ChunkedArray, Generic[_Value]):
    """A column whose values are of a known type."""

    def to_pylist(self, **settings: Any) -> list[_Value]: ...

class ArrowTable(pyarrow.Table, Generic[_Name, _Row]):
    """`Name` is the literal type of its columns' names, `Row` the dictionary of a row."""

    # Rows chosen or in another order: the columns stay.
    def filter(self, mask: Any, null_selection_behavior: str = ...) -> Self: ...
    def slice(self, offset: int = ..., length: int | None = ...) -> Self: ...
    def sort_by(self, sorting: _Name | Sequence[tuple[_Name, str]], **settings: Any) -> Self: ...
    # Other columns: a plain table.
    def select(self, columns: Sequence[_Name | int]) -> pyarrow.Table: ...
    def drop_columns(self, columns: _Name | Sequence[_Name]) -> pyarrow.Table: ...
    def group_by(self, keys: _Name | Sequence[_Name], use_threads: bool = ...) -> pyarrow.TableGroupBy: ...
    # Rows.
    def to_pylist(self, **settings: Any) -> list[_Row]: ...
