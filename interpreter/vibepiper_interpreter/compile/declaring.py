"""What in a module only declares: decorators of `vibepiper` are in the specs, and change nothing of the code."""

from __future__ import annotations

import ast
import builtins
import copy

from vibepiper_interpreter.compile.python_source import PythonModule

_FACE = "vibepiper"
_RUNNING = frozenset({"plan", "run"})


def undecorated(module: PythonModule, statement: ast.stmt) -> ast.stmt:
    """A function without the decorators that come from `vibepiper`; every other statement as it is."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) or not statement.decorator_list:
        return statement
    kept = [each for each in statement.decorator_list if not _is_face(module, each)]
    if len(kept) == len(statement.decorator_list):
        return statement
    bare = copy.copy(statement)
    bare.decorator_list = kept
    return bare


def runs_pipeline(module: PythonModule, statement: ast.stmt) -> bool:
    """Whether it is `pipeline.run(…)` or `pipeline.plan(…)`, which does nothing where the module is imported."""
    call = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in _RUNNING:
            bound = module.bindings.get(name, ())
            return bool(bound) and all(
                isinstance(each, ast.Assign) and each.value is not None and _is_face(module, each.value)
                for each in bound
            )
    return False


def _is_face(module: PythonModule, expression: ast.expr) -> bool:
    """Whether it names something of `vibepiper`, or calls it: `asset`, `vp.asset(…)`, `source.file(…)`."""
    while isinstance(expression, ast.Call | ast.Attribute):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    if not isinstance(expression, ast.Name):
        return False
    name = expression.id
    imported = module.imports.get(name, frozenset())
    if imported or name in module.bindings or hasattr(builtins, name):
        return bool(imported) and all(each.module.partition(".")[0] == _FACE for each in imported)
    return set(module.star_imports) == {_FACE}
