"""Which kind of table a parameter's annotation asks for, told from the source text alone."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from vibepiper_interpreter.compile.compiled import Flavour
from vibepiper_interpreter.compile.python_source import Function, PythonModule
from vibepiper_interpreter.compile.stub_names import flavour_of_stub

FLAVOURS: Mapping[str, Flavour] = {
    "pyarrow.Table": "pyarrow",
    "pyarrow.lib.Table": "pyarrow",
    "pandas.DataFrame": "pandas",
    "pandas.core.frame.DataFrame": "pandas",
    "polars.DataFrame": "polars",
    "polars.dataframe.DataFrame": "polars",
    "polars.LazyFrame": "polars_lazy",
    "polars.lazyframe.LazyFrame": "polars_lazy",
    "duckdb.DuckDBPyRelation": "duckdb",
    "ray.data.Dataset": "ray",
    "ray.data.dataset.Dataset": "ray",
}
# What a message lists: the names people write.
FLAVOUR_NAMES = (
    "pyarrow.Table",
    "pandas.DataFrame",
    "polars.DataFrame",
    "polars.LazyFrame",
    "duckdb.DuckDBPyRelation",
    "ray.data.Dataset",
)


def flavour_of(module: PythonModule, annotation: ast.expr, stubs: str) -> Flavour | None:
    """The flavour that `annotation` in `module` names, through imports, aliases and strings; None if it names none.

    A class of the package `stubs` is told by its name alone: it need not have been written yet.
    """
    for name in sorted(full_names(module, annotation)):
        found = FLAVOURS.get(name) or flavour_of_stub(name, stubs)
        if found is not None:
            return found
    return None


def returned_flavour(module: PythonModule, function: Function, stubs: str) -> Flavour | None:
    """The flavour that the return annotation of `function` names, if any."""
    return None if function.returns is None else flavour_of(module, function.returns, stubs)


def full_names(module: PythonModule, annotation: ast.expr) -> frozenset[str]:
    """The dotted names, as if imported in full, of the types that `annotation` may stand for."""
    return _full_names(module, annotation, ())


def _full_names(module: PythonModule, annotation: ast.expr, seen: tuple[str, ...]) -> frozenset[str]:
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                return _full_names(module, ast.parse(text.strip(), mode="eval").body, seen)
            except SyntaxError:
                return frozenset()
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):  # pandas.DataFrame | None
            return _full_names(module, left, seen) | _full_names(module, right, seen)
        case ast.Subscript(value=value, slice=inner):
            outer = _full_names(module, value, seen)
            if outer & {"typing.Annotated", "typing_extensions.Annotated"} and isinstance(inner, ast.Tuple):
                return _full_names(module, inner.elts[0], seen)
            if outer & {"typing.Optional", "typing.Union"}:
                options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return frozenset().union(*(_full_names(module, option, seen) for option in options))
            return outer  # a generic frame is still that frame
        case ast.Attribute(value=value, attr=attribute):
            return frozenset(f"{name}.{attribute}" for name in _full_names(module, value, seen))
        case ast.Name(id=name):
            return _of_name(module, name, seen)
    return frozenset()


def _of_name(module: PythonModule, name: str, seen: tuple[str, ...]) -> frozenset[str]:
    if name in module.imports:
        return frozenset(str(imported) for imported in module.imports[name])
    aliases = [
        statement.value
        for statement in module.bindings.get(name, ())
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None
    ]
    if name in seen or not aliases:
        return frozenset({name})
    return frozenset().union(*(_full_names(module, alias, (*seen, name)) for alias in aliases))
