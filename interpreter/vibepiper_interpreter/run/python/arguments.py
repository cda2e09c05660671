"""Turns an asset's version into what a parameter's annotation asks for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import Parameter
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.python.datasets import read_dataset
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place

# The package each flavour needs beyond what VibePiper itself depends on, and the extra that brings it.
_PACKAGES = {
    "pandas": ("pandas", "pandas"),
    "polars": ("polars", "polars"),
    "polars_lazy": ("polars", "polars"),
    "ray": ("ray.data", "ray-data"),
}


def argument(
    session: RunSession,
    cursor: duckdb.DuckDBPyConnection,
    parameter: Parameter,
    given: Version | str,
    place: Place | None,
) -> Any:
    """The rows of a version, or of a relation for a FROM clause, cut to the parameter's columns.

    `cursor` is the user's: relations stay bound to it.
    """
    package = _require(parameter, place)
    columns = "*" if parameter.columns is None else ", ".join(quote(column) for column in parameter.columns)
    if parameter.flavour == "polars_lazy" and isinstance(given, Version) and given.parts and given.plain:
        files = [session.storage.path(part) for part in given.parts]
        frame = package.scan_parquet(files, hive_partitioning=False)
        return frame if parameter.columns is None else frame.select(parameter.columns)
    query = f"SELECT {columns} FROM {given if isinstance(given, str) else qualified(given.address)}"
    if parameter.flavour == "ray":
        return read_dataset(session, cursor, package, given, query, parameter.columns)
    relation = cursor.sql(query)
    if parameter.flavour == "duckdb":
        return relation
    table = relation.to_arrow_table()
    match parameter.flavour:
        case "pyarrow":
            return table
        case "pandas":
            return table.to_pandas(date_as_object=False)
        case "polars":
            return package.from_arrow(table)
        case "polars_lazy":
            return package.from_arrow(table).lazy()
    raise ValueError(f"{parameter.name} is no table")


def _require(parameter: Parameter, place: Place | None) -> Any:
    if parameter.flavour not in _PACKAGES:
        return None
    name, extra = _PACKAGES[parameter.flavour]
    try:
        return import_module(name)
    except ImportError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP407",
                f"Parameter `{parameter.name}` asks for a table of `{name}`, which is not installed here.",
                place,
                fix=Fix(f"Install it: `pip install 'vibepiper[{extra}]'`, or annotate the parameter `pyarrow.Table`."),
            )
        ) from error
