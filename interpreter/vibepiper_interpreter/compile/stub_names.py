"""How the classes of generated stubs say which kind of table they are: by the end of their names.

So a class can be told before it was ever written, and without reading it.
"""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_interpreter.compile.compiled import Flavour

# How every generated file begins.
GENERATED = "# Written by `vp codegen` "

# `OrdersPandas` in the stubs is `orders` as a pandas frame.
FRAME_SUFFIXES: Mapping[Flavour, str] = {
    "pandas": "Pandas",
    "polars": "Polars",
    "polars_lazy": "PolarsLazy",
    "pyarrow": "Arrow",
    "duckdb": "DuckDB",
}


def flavour_of_stub(name: str, package: str) -> Flavour | None:
    """The flavour that the full name of a class of the stubs asks for; None where it is no such class."""
    if not name.startswith(f"{package}."):
        return None
    own = name.rpartition(".")[2]
    return next((flavour for flavour, suffix in FRAME_SUFFIXES.items() if own.endswith(suffix) and own != suffix), None)
