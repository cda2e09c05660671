"""DuckDB relations that know their columns."""

# Narrower than what it stands below, on purpose: that is what finds a column that is not there.
# mypy: disable-error-code="override"

from typing import Generic, TypeVar

from duckdb import DuckDBPyRelation, Expression

_Name = TypeVar("_Name", bound=str)
_Row = TypeVar("_Row")

class Relation(DuckDBPyRelation, Generic[_Name, _Row]):
    """`Name` is the literal type of its columns' names, `Row` the tuple of a row."""

    def __getitem__(self, name: _Name) -> DuckDBPyRelation: ...
    def select(self, *columns: _Name | Expression) -> DuckDBPyRelation: ...
    def fetchall(self) -> list[_Row]: ...
    def fetchmany(self, size: int = ...) -> list[_Row]: ...
    def fetchone(self) -> _Row | None: ...
