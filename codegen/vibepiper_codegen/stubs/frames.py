"""Types of tables: the frames of pandas and polars, Arrow tables and DuckDB relations that know their columns.

Checkers see a class below the library's own; to Python it is the library's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

from vibepiper_codegen.stubs.python_types import series_type
from vibepiper_codegen.stubs.rows import TableNames
from vibepiper_codegen.stubs.tables import StubColumn, StubTable
from vibepiper_codegen.stubs.text import docstring, literals, without_strings
from vibepiper_interpreter.compile.compiled import Flavour
from vibepiper_interpreter.compile.stub_names import FRAME_SUFFIXES
from vibepiper_spec.model.codegen import StubFlavour

# The classes of each flavour: how a function asks for them.
FRAMES: Mapping[StubFlavour, tuple[Flavour, ...]] = {
    "pandas": ("pandas",),
    "polars": ("polars", "polars_lazy"),
    "pyarrow": ("pyarrow",),
    "duckdb": ("duckdb",),
}
# What each is to Python.
_PLAIN: Mapping[Flavour, str] = {
    "pandas": "pandas.DataFrame",
    "polars": "polars.DataFrame",
    "polars_lazy": "polars.LazyFrame",
    "pyarrow": "pyarrow.Table",
    "duckdb": "duckdb.DuckDBPyRelation",
}
_BASES: Mapping[Flavour, tuple[str, str]] = {
    "pandas": ("vibepiper.frames.pandas", "PandasFrame"),
    "polars": ("vibepiper.frames.polars", "PolarsFrame"),
    "polars_lazy": ("vibepiper.frames.polars", "PolarsLazyFrame"),
    "pyarrow": ("vibepiper.frames.pyarrow", "ArrowTable"),
    "duckdb": ("vibepiper.frames.duckdb", "Relation"),
}


def frame_name_of(name: str, flavour: Flavour) -> str:
    """The class of the table whose names begin with `name`."""
    return f"{name}{FRAME_SUFFIXES[flavour]}"


def frame_name(table: StubTable, flavour: Flavour) -> str:
    return frame_name_of(table.name, flavour)


def frame_class(table: TableNames, flavour: Flavour, names: str, row: str) -> str:
    """The class for checkers; `names` is the alias of the columns' names, `row` the typed dictionary of a row."""
    plain, base = _BASES[flavour][1], table.table
    own = frame_name(base, flavour)
    said = docstring(f"{base.label[0].upper()}{base.label[1:]} as `{_PLAIN[flavour]}`.", "    ")
    if not base.columns:
        return f"class {own}({plain}{'' if flavour == 'pandas' else '[Any, Any]'}):\n{said}"
    parameters, body = f"{names}, {row}", ""
    match flavour:
        case "pandas":
            parameters = names
            body = _overloads("__getitem__", "key", _series(base.columns), _PANDAS_REST)
        case "polars":
            body = _overloads("__getitem__", "key", _values(table, "PolarsSeries[{}]"), _POLARS_REST)
        case "polars_lazy":
            parameters = f"{names}, {frame_name(base, 'polars')}"
        case "pyarrow":
            values = _values(table, "ArrowColumn[{}]")
            body = _overloads("__getitem__", "key", values, _ARROW_REST)
            body += "\n" + _overloads("column", "i", values, _ARROW_REST)
        case _:
            values = _values(table, "{}", otherwise="UUID")
            parameters = f"{names}, tuple[{', '.join(value for _, value in values)}]"
    body = body.replace("NAMES", names)
    return f"class {own}({plain}[{parameters}]):\n{said}{chr(10) if body else ''}{body}"


_NAMED = (
    ("typing_extensions", "Self"),
    *(("vibepiper.frames.pandas", name) for name in ("PlainPandas", "Mask", "Series", "Timestamp")),
    *(("vibepiper.frames.polars", name) for name in ("PlainPolars", "PolarsSeries", "RowNumber", "RowNumbers")),
    ("vibepiper.frames.pyarrow", "ArrowColumn"),
)

# What else may stand in brackets: (parameter's type, result).
_PANDAS_REST = (("list[NAMES]", "PlainPandas"), ("Mask", "Self"))
_POLARS_REST = (("RowNumber", "Any"), ("list[NAMES]", "PlainPolars"), ("RowNumbers", "Self"))
_ARROW_REST = (("int", "ArrowColumn[Any]"),)


# Within brackets pyright takes a list of literals for a list of texts, whatever is expected there.
_ANY_LIST = "    if not MYPY:\n        @overload\n        def __getitem__(self, key: list[str], /) -> PLAIN: ...\n"


def _series(columns: tuple[StubColumn, ...]) -> list[tuple[StubColumn, str]]:
    return [(column, f"Series[{series_type(column.type, nullable=column.nullable)}]") for column in columns]


def _values(table: TableNames, form: str, otherwise: str = "") -> list[tuple[StubColumn, str]]:
    """The type of each column; one in which the kind `otherwise` takes part is not as in dictionaries of rows."""
    return [
        (column, form.format("Any" if _holds(column, otherwise) else table.values[column.name]))
        for column in table.table.columns
    ]


def _holds(column: StubColumn, kind: str) -> bool:
    return any(part.name == kind for part in column.type.parts())


def _overloads(
    method: str, parameter: str, results: list[tuple[StubColumn, str]], rest: tuple[tuple[str, str], ...]
) -> str:
    """One overload for all columns that give the same, in the order of the first of each."""
    names: dict[str, list[str]] = {}
    for column, result in results:
        names.setdefault(result, []).append(column.name)
    pairs = [(literals(columns), result) for result, columns in names.items()]
    overloads = "".join(
        f"    @overload\n    def {method}(self, {parameter}: {asked}, /) -> {result}: ...\n"
        for asked, result in (*pairs, *rest)
    )
    if any(asked.startswith("list[") for asked, _ in rest):
        overloads += _ANY_LIST.replace("PLAIN", dict(rest)["list[NAMES]"])
    return f"{overloads}    def {method}(self, {parameter}: Any, /) -> Any: ...\n"


def frame_imports(text: str) -> str:
    """The imports that the classes in `text` need, which only checkers follow."""
    words = set(re.findall(r"\w+", without_strings(text)))
    used = sorted({(module, name) for module, name in (*_BASES.values(), *_NAMED) if name in words})
    lines = [
        f"from {module} import {', '.join(name for _, name in group)}\n"
        for module, group in groupby(used, key=lambda pair: pair[0])
    ]
    return "".join([*lines, "\nMYPY = False\n" if "MYPY" in words else ""])


def plain_classes(table: StubTable, flavours: tuple[Flavour, ...]) -> Mapping[str, str]:
    """What the classes are to Python: `{"OrdersPandas": "pandas.DataFrame"}`."""
    return {frame_name(table, flavour): _PLAIN[flavour] for flavour in flavours}
