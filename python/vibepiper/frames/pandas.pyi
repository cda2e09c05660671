"""pandas frames that know their columns."""

# Narrower than what it stands below, on purpose: that is what finds a column that is not there.
# mypy: disable-error-code="override"

from collections.abc import Sequence
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from pandas import DataFrame, Index
from pandas import Series as Series
from pandas import Timestamp as Timestamp
from pandas.core.groupby.generic import DataFrameGroupBy

_Name = TypeVar("_Name", bound=str)

# What has other columns.
PlainPandas: TypeAlias = DataFrame
# What chooses rows, and leaves the columns as they are.
Mask: TypeAlias = Series[bool] | Index[Any] | DataFrame | slice | list[bool]

class PandasFrame(DataFrame, Generic[_Name]):
    """`Name` is the literal type of its columns' names; `[…]` of each column is in the class of the asset."""

    # What gives other columns gives a plain frame.
    def assign(self, **columns: Any) -> DataFrame: ...
    def groupby(
        self, by: _Name | list[_Name] | Series[Any], *, sort: bool = ..., dropna: bool = ..., observed: bool = ...
    ) -> DataFrameGroupBy[Any, Literal[True]]: ...
    def sort_values(
        self,
        by: _Name | Sequence[_Name],
        *,
        ascending: bool | Sequence[bool] = ...,
        na_position: Literal["first", "last"] = ...,
        ignore_index: bool = ...,
    ) -> Self: ...
    def drop_duplicates(
        self,
        subset: _Name | Sequence[_Name] | None = ...,
        *,
        keep: Literal["first", "last", False] = ...,
        ignore_index: bool = ...,
    ) -> Self: ...
    def dropna(
        self,
        *,
        how: Literal["any", "all"] = ...,
        subset: _Name | Sequence[_Name] | None = ...,
        ignore_index: bool = ...,
    ) -> Self: ...
    def drop(
        self, *, columns: _Name | Sequence[_Name] | None = ..., index: Index[Any] | Sequence[int] | None = ...
    ) -> DataFrame: ...
