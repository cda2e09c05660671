"""Pass: a Python asset that declares no columns has those of the row type that its function's result is annotated with.

`def clean(raw) -> Annotated[pd.DataFrame, User]` says that each row is a `User`: a typed dictionary, a dataclass or a
pydantic model of the project. It is read from the text, as all annotations are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.python_annotations import full_names
from vibepiper_interpreter.compile.python_references import find_function
from vibepiper_interpreter.compile.python_source import PythonModule, PythonSources
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.model.column import ColumnSpec
from vibepiper_spec.model.python_asset import PythonAsset

_TYPES: Mapping[str, str] = {
    "bool": "boolean",
    "int": "bigint",
    "float": "double",
    "str": "varchar",
    "bytes": "blob",
    "datetime.date": "date",
    "datetime.time": "time",
    "datetime.datetime": "timestamp",
}
_ANNOTATED = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
_LITERAL = frozenset({"typing.Literal", "typing_extensions.Literal"})


def declare_returned_rows(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills the columns in `declared`. A field of a type that says too little (`Decimal`, a class) has no type yet."""
    found = dict(state.declared)
    for address, declared in state.declared.items():
        spec = declared.spec
        if isinstance(spec, PythonAsset) and not spec.columns:
            module, _, function = spec.function.partition(":")
            columns = _columns_of_result(workshop.python, module, function)
            if columns:
                found[address] = replace(declared, spec=spec.model_copy(update={"columns": columns}))
    return replace(state, declared=found), []


def _columns_of_result(sources: PythonSources, module_name: str, function_name: str) -> dict[str, ColumnSpec]:
    defined = find_function(sources, module_name, function_name)
    if defined is None:
        return {}
    module, function = defined
    match _unquoted(function.returns):
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[_, *rows])) if full_names(module, value) & _ANNOTATED:
            for row in rows:
                for owner, kind in _classes(sources, module, row):
                    return dict(_fields(sources, owner, kind))
    return {}


def _classes(
    sources: PythonSources, module: PythonModule, named: ast.expr
) -> Iterator[tuple[PythonModule, ast.ClassDef]]:
    """The classes of the project that `named` stands for; those of the stubs are made from columns themselves."""
    for name in sorted(full_names(module, named)):
        path, _, own = name.rpartition(".")
        owner = module if not path else sources.module(path)
        if owner is None or owner.is_generated:
            continue
        yield from ((owner, each) for each in owner.bindings.get(own, ()) if isinstance(each, ast.ClassDef))


def _fields(sources: PythonSources, module: PythonModule, kind: ast.ClassDef) -> Iterator[tuple[str, ColumnSpec]]:
    """Those of the classes below it come first, as Python has them."""
    for base in kind.bases:
        for owner, below in _classes(sources, module, base):
            if below is not kind:
                yield from _fields(sources, owner, below)
    for statement in kind.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = _alias(statement.value) or statement.target.id
            yield name, ColumnSpec(type=_type(module, statement.annotation))


def _alias(value: ast.expr | None) -> str | None:
    """`Field(alias="order id")` of pydantic."""
    for keyword in value.keywords if isinstance(value, ast.Call) else ():
        if keyword.arg == "alias" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return None


def _type(module: PythonModule, annotation: ast.expr) -> str | None:
    match _unquoted(annotation):
        case ast.BinOp(left=kind, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _type(module, kind)
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=kind):
            return _type(module, kind)
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            inside = _type(module, inner)
            return inside and f"{inside}[]"
        case ast.Subscript(value=value, slice=inner) if full_names(module, value) & _LITERAL:
            values = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            kinds = {type(each.value) if isinstance(each, ast.Constant) else object for each in values}
            return {str: "varchar", int: "bigint", bool: "boolean"}.get(kinds.pop()) if len(kinds) == 1 else None
        case other if other is not None:
            names = full_names(module, other)
            return _TYPES.get(next(iter(names))) if len(names) == 1 else None
    return None


def _unquoted(annotation: ast.expr | None) -> ast.expr | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value.strip(), mode="eval").body
        except SyntaxError:
            return None
    return annotation
