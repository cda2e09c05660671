"""Compares the columns an asset declares with those it has: a declared type is an assertion, never a cast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Related, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.sql_asset import SqlAsset


def judge_declared(
    state: Compilation,
    declared: DeclaredAsset,
    columns: Sequence[Column],
    origins: Mapping[str, Sequence[str]],
) -> list[Diagnostic]:
    """VP309 and VP310 of a SQL asset; columns it does not declare are fine. `origins`: what a column is made of."""
    locator, origin = state.loaded.locator, declared.origin
    types = state.declared_types.get(declared.address, {})
    actual = {column.name.casefold(): column for column in columns}
    found = []
    for name in declared.spec.columns:
        column = actual.get(name.casefold())
        if column is None:
            others = [item.name for item in columns]
            found.append(
                Diagnostic(
                    "VP310",
                    f"The query gives no column `{name}`, which is declared.{did_you_mean(name, others)} "
                    f"It gives {_some(others)}.",
                    locator.place(origin, "columns", name, part="key"),
                    fix=Fix("Select the column in the query, or remove its declaration."),
                )
            )
        elif name in types and types[name][1] != column.type:
            made_of = origins.get(column.name, ())
            comes = f" It comes from {', '.join(made_of)}." if made_of else ""
            found.append(
                Diagnostic(
                    "VP309",
                    f"Column `{name}` is declared {types[name][0]}, and the query gives {column.type}.{comes}",
                    locator.place(origin, "columns", name, "type"),
                    fix=Fix(
                        f"Cast it in the query: `cast(… as {types[name][0].lower()}) as {name}`; "
                        f"or declare {column.type.lower()}."
                    ),
                )
            )
    return found


def undeclared_columns(state: Compilation, declared: DeclaredAsset, reader: Address | None) -> Diagnostic | None:
    """VP315 for a Python asset that SQL reads, or that has a contract, without all its columns being declared with
    their types: a warning where it declares no type at all and has no contract, for then SQL waits for its columns."""
    types = state.declared_types.get(declared.address, {})
    untyped = [name for name, column in declared.spec.columns.items() if column.type is None]
    has_contract = declared.spec.contract is not None
    if (types and not untyped) or (reader is None and not has_contract):
        return None
    locator = state.loaded.locator
    lacks = f"no type for {_some(untyped)}" if untyped else "no columns"
    if has_contract:
        return Diagnostic(
            "VP315",
            f"`{declared.address}` declares {lacks}. What a Python function returns is known only after it ran, so "
            "there is nothing that its contract could hold it to.",
            locator.place(declared.origin, "contract"),
            fix=Fix('Declare every column that it returns: `columns.NAME = "type"`.'),
        )
    assert reader is not None
    return Diagnostic(
        "VP315",
        f"`{declared.address}` declares {lacks}. What a Python function returns is known only after it ran, so SQL "
        "that reads it cannot be checked before.",
        locator.place(declared.origin),
        severity="error" if types else "warning",
        related=(Related(locator.place(state.declared[reader].origin), f"`{reader}` reads it"),),
        fix=Fix('Declare every column that it returns: `columns.NAME = "type"`.'),
    )


def needs_columns(state: Compilation, declared: DeclaredAsset, unknown: Sequence[Address]) -> Diagnostic | None:
    """VP315 of a SQL asset for which it does not do to know its columns only after a run; `unknown` are the inputs
    whose columns are told no earlier."""
    spec, locator = declared.spec, state.loaded.locator
    assert isinstance(spec, SqlAsset)
    typed = [name for name, column in spec.columns.items() if column.type is not None]
    if typed:
        needs, place = f"declares a type for {_some(typed)}", locator.place(declared.origin, "columns", typed[0])
    elif spec.contract is not None:
        needs, place = "has a contract", locator.place(declared.origin, "contract")
    elif spec.build.mode != "table":
        needs, place = f'is built in mode "{spec.build.mode}"', locator.place(declared.origin, "build")
    else:
        return None
    return Diagnostic(
        "VP315",
        f"`{declared.address}` {needs}, so its columns have to be known before a run; those of {_some_of(unknown)}, "
        "which it reads, are not.",
        place,
        related=tuple(Related(locator.place(state.declared[each].origin), f"`{each}`") for each in unknown),
        fix=Fix('Declare every column that a Python asset returns, with its type: `columns.NAME = "type"`.'),
    )


def declared_columns(state: Compilation, declared: DeclaredAsset) -> tuple[Column, ...]:
    """The columns that are declared with a type, as they are stored."""
    types = state.declared_types.get(declared.address, {})
    return tuple(
        Column(name, types[name][1], column.description)
        for name, column in declared.spec.columns.items()
        if name in types
    )


def undeclared_own_columns(
    state: Compilation, declared: DeclaredAsset, once: Sequence[Column] = (), twice: Sequence[Column] = ()
) -> Diagnostic:
    """VP315 of a query that reads its own asset, and what it gives hangs on columns of that which are not declared.

    `once` and `twice` are what it gives, and what it gives where it reads that; both empty where none is declared.
    """
    known = {column.name.casefold() for column in declared_columns(state, declared)}
    then = {column.name.casefold(): column.type for column in twice}
    undeclared = [column for column in once if column.name.casefold() not in known]
    lacking = [column.name for column in undeclared if then.get(column.name.casefold()) != column.type]
    lacks = f"no type for {_some(lacking)}" if lacking else "no columns"
    fix = f'`columns.{lacking[0]} = "…"`' if lacking else '`columns.NAME = "type"`'
    return Diagnostic(
        "VP315",
        f"`{declared.address}` reads its own earlier intervals, and declares {lacks}. What its query gives hangs on "
        "what it reads of itself, so the types have to come from somewhere else.",
        state.loaded.locator.place(declared.origin),
        fix=Fix(f"Declare the columns that it reads of itself: {fix}."),
    )


def _some_of(addresses: Sequence[Address]) -> str:
    return _some([str(address) for address in addresses])


def _some(names: Sequence[str], most: int = 12) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:most])
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed
