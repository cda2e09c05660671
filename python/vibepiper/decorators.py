"""The decorators. Each leaves the function as it is, and declares in its module what TOML would declare in a block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Unpack, overload

from vibepiper.declared import Declared, declare_function, declare_here, take_back
from vibepiper.keys import FileSourceKeys, PythonAssetKeys, PythonTaskKeys, SqlAssetKeys
from vibepiper.rules import Rule, Severity, add_rules, written
from vibepiper.sql_text import call_for_text

Function = TypeVar("Function", bound=Callable[..., object])
SqlFunction = TypeVar("SqlFunction", bound=Callable[..., str])
_RULES = "__vibepiper_rules__"
_DECLARED = "__vibepiper_asset__"
_WAITING = "__vibepiper_waiting__"


@overload
def asset(function: Function, /) -> Function: ...
@overload
def asset(*, name: str | None = None, **keys: Unpack[PythonAssetKeys]) -> Callable[[Function], Function]: ...
def asset(function: Callable[..., object] | None = None, /, *, name: str | None = None, **keys: Any) -> Any:
    """An asset whose rows the function returns: `[python.NAME]`, named like the function if not by `name`.

    Its parameters name its inputs; one without an annotation is a pandas frame. `keys` are those of `[python.NAME]`.
    """
    return _decorator(function, lambda each: _declare_python(each, name, keys))


@overload
def sql_asset(function: SqlFunction, /) -> SqlFunction: ...
@overload
def sql_asset(
    *, name: str | None = None, dialect: str = "duckdb", **keys: Unpack[SqlAssetKeys]
) -> Callable[[SqlFunction], SqlFunction]: ...
def sql_asset(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    dialect: str = "duckdb",
    **keys: Any,
) -> Any:
    """An asset whose query the function returns as text: `[sql.NAME]`.

    In the text `{{ parameter }}` names an input, and nothing else is templated. It is called once, when the module is
    imported. A query in another `dialect` is translated to DuckDB's by sqlglot.
    """
    return _decorator(function, lambda each: _declare_sql(each, name, dialect, keys))


@overload
def task(function: Function, /) -> Function: ...
@overload
def task(*, name: str | None = None, **keys: Unpack[PythonTaskKeys]) -> Callable[[Function], Function]: ...
def task(function: Callable[..., object] | None = None, /, *, name: str | None = None, **keys: Any) -> Any:
    """Something that the function does and that makes no table: `[task.python.NAME]`."""

    def declare(each: Callable[..., object]) -> None:
        _declare_function(("task", "python"), each, name, keys)

    return _decorator(function, declare)


def validate(rules: Sequence[Rule]) -> Callable[[Function], Function]:
    """Rules that what an asset returns must keep, above or below `@asset` or `@sql_asset`."""

    if callable(rules) or not all(isinstance(each, Rule) for each in rules):
        raise TypeError('write `@validate(rules=[NotNull("id")])`, with a list of rules')

    def decorate(function: Function) -> Function:
        declared: Declared | None = getattr(function, _DECLARED, None)
        if declared is None:
            setattr(function, _RULES, [*rules, *getattr(function, _RULES, ())])
            if not hasattr(function, _WAITING):
                setattr(function, _WAITING, _waits_for_an_asset(function))
        else:
            add_rules(declared.keys, rules)
        return function

    return decorate


def check(
    asset: str, /, *, severity: Severity | None = None, where: str | None = None, description: str | None = None
) -> Callable[[SqlFunction], SqlFunction]:
    """A check of `asset`, which the module declares above: the function returns a SELECT of the rows that are wrong."""

    if not isinstance(asset, str):
        raise TypeError('write `@check("asset")`, with the name of the asset that it is a check of')

    def decorate(function: SqlFunction) -> SqlFunction:
        text, names = call_for_text(function)
        declared = declare_function(("check",), asset, function)
        given = {"severity": severity, "where": where, "description": description}
        table = {"name": function.__name__, "query": text, **{key: each for key, each in given.items() if each}}
        declared.keys = {"check": table, "parameters": names}
        return function

    return decorate


class _Source:
    """`@source`, and `source.file(…)` for what is read from files."""

    @overload
    def __call__(self, function: Function, /) -> Function: ...
    @overload
    def __call__(
        self, /, *, name: str | None = None, **keys: Unpack[PythonAssetKeys]
    ) -> Callable[[Function], Function]: ...
    def __call__(
        self, function: Callable[..., object] | None = None, /, *, name: str | None = None, **keys: Any
    ) -> Any:
        """An asset whose rows the function gets from outside: it is called in every plan, for only that tells whether
        there is anything new; readers are made anew where the rows are others."""
        return _decorator(function, lambda each: _declare_python(each, name, {"rebuild": "always", **keys}))

    def file(self, name: str, **keys: Unpack[FileSourceKeys]) -> None:
        """Rows that are read from files: `[source.file.NAME]`."""
        declare_here(("source", "file"), name, written(keys))


source = _Source()


def _decorator(function: Callable[..., object] | None, declare: Callable[[Callable[..., Any]], None]) -> Any:
    def decorate(decorated: Callable[..., Any]) -> Callable[..., Any]:
        declare(decorated)
        return decorated

    return decorate if function is None else decorate(function)


def _declare_python(function: Callable[..., object], name: str | None, keys: Mapping[str, Any]) -> None:
    declared = _declare_function(("python",), function, name, keys)
    _take_rules(function, declared)


def _declare_function(
    header: tuple[str, ...], function: Callable[..., object], name: str | None, keys: Mapping[str, Any]
) -> Declared:
    declared = declare_function(header, name, function)
    declared.keys = {**written(keys), "function": f"{function.__module__}:{function.__name__}"}
    if function.__qualname__ != function.__name__ or function.__name__ == "<lambda>":
        declared.keys["function"] = f"{function.__module__}:unknown"
        declared.mistake = (
            f"`{function.__qualname__.replace('.<locals>', '')}` is no function at the top level of its module, where "
            "a worker that is to call it could find it"
        )
    return declared


def _declare_sql(function: Callable[..., str], name: str | None, dialect: str, keys: Mapping[str, Any]) -> None:
    text, parameters = call_for_text(function)
    declared = declare_function(("sql",), name, function)
    declared.keys = {**written(keys), "query": text, "dialect": dialect, "parameters": parameters}
    _take_rules(function, declared)


def _waits_for_an_asset(function: Callable[..., object]) -> Declared:
    """What is said of rules that no asset ever takes."""
    waiting = declare_function(("validate",), None, function)
    waiting.mistake = f"`{function.__name__}` has rules, but no decorator that makes it an asset"
    return waiting


def _take_rules(function: Callable[..., object], declared: Declared) -> None:
    if hasattr(function, _WAITING):
        take_back(function, getattr(function, _WAITING))
    add_rules(declared.keys, getattr(function, _RULES, ()))
    setattr(function, _DECLARED, declared)
