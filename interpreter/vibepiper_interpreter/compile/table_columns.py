"""The columns of a table that is kept of rows: a flag of deletion is not among them, the times of a history are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vibepiper_interpreter.compile.build_settings import BuildSettings, History, Merge
from vibepiper_interpreter.compile.compiled import Column

_TIME = "TIMESTAMP WITH TIME ZONE"


def table_columns(given: Sequence[Column], settings: BuildSettings | None) -> tuple[Column, ...]:
    """The columns that are kept of rows with the columns `given`."""
    match settings:
        case Merge(delete_flag=str(flag)):
            return tuple(column for column in given if column.name.casefold() != flag.casefold())
        case History(valid_from=valid_from, valid_to=valid_to) if given:
            return (*given, Column(valid_from, _TIME), Column(valid_to, _TIME))
    return tuple(given)


def unused_name(wanted: str, columns: Iterable[Column]) -> str:
    """`wanted` as the name of one column more, or what comes nearest to it that no other has."""
    taken = {column.name.casefold() for column in columns}
    while wanted in taken:
        wanted += "_"
    return wanted
