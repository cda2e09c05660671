"""Hypothesis strategies for the rows of a project's tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st

from vibepiper.project import Project
from vibepiper.testing import current
from vibepiper.testing.values import Values, column_values
from vibepiper_interpreter import graph
from vibepiper_interpreter.compile.compiled import Check, CompiledAsset
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import did_you_mean

Row: TypeAlias = dict[str, Any]

_MOST = 8


def table_rows(
    asset: str,
    *,
    columns: Mapping[str, Values] | None = None,
    min_size: int = 0,
    max_size: int = _MOST,
    project: str | Path | None = None,
) -> st.SearchStrategy[list[Row]]:
    """Rows that `asset` may have: of its columns' types, and as the checks of its columns demand, `unique` among them.

    `columns` are strategies that you say yourself, for a column without a type, or one that a check on the whole row
    binds. `project` is a folder of the project; if not said, that of the test. Raises KeyError for an asset or a column
    that is not there, ValueError for a type that there is no strategy for, when the first row is drawn.
    """
    return st.deferred(lambda: _rows_of(*_found(asset, project), columns or {}, min_size, max_size, {}))


def input_rows(
    asset: str,
    *,
    columns: Mapping[str, Mapping[str, Values]] | None = None,
    min_size: int = 0,
    max_size: int = _MOST,
    project: str | Path | None = None,
) -> st.SearchStrategy[dict[str, list[Row]]]:
    """What `run_asset(asset, …)` takes: rows of each input. Where a check `references` another of the inputs, values
    come from the rows of that. The rest is as in `table_rows`, `columns` by input."""
    return st.deferred(lambda: _inputs_of(*_found(asset, project), columns or {}, min_size, max_size))


def _found(name: str, folder: str | Path | None) -> tuple[Project, CompiledAsset]:
    here = current.here()
    where = here if folder is None else current.Where(Path(folder), here.env)
    project = where.project()
    return project, project[name].compiled


def _inputs_of(
    project: Project, asset: CompiledAsset, columns: Mapping[str, Mapping[str, Values]], least: int, most: int
) -> st.SearchStrategy[dict[str, list[Row]]]:
    assets = project.compiled().project.assets
    inputs = {read.address: assets[read.address] for read in asset.inputs}
    names = {
        address: address.name if address.pipeline == asset.address.pipeline else str(address) for address in inputs
    }
    said = {name.lower(): given for name, given in columns.items()}
    for name in said.keys() - set(names.values()):
        raise KeyError(f"`{name}` is no input of `{asset.address}`.{did_you_mean(name, names.values())}")
    pointing = {address: {Address.parse(to) for _, to, _ in _pointers(each)} for address, each in inputs.items()}
    ordered = graph.order(pointing)

    @st.composite
    def draw_inputs(draw: st.DrawFn) -> dict[str, list[Row]]:
        drawn: dict[Address, list[Row]] = {}
        for address in (*ordered.order, *sorted(ordered.stuck)):  # what points in a circle is free
            own = said.get(names[address], {})
            drawn[address] = draw(_rows_of(project, inputs[address], own, least, most, drawn))
        return {names[address]: drawn[address] for address in inputs}

    return draw_inputs()


def _rows_of(
    project: Project,
    asset: CompiledAsset,
    columns: Mapping[str, Values],
    least: int,
    most: int,
    drawn: Mapping[Address, list[Row]],
) -> st.SearchStrategy[list[Row]]:
    if not asset.columns:
        raise ValueError(f"the columns of `{asset.address}` are known only after a run: declare them, with their types")
    own = {name.lower(): values for name, values in columns.items()}
    known = [column.name for column in asset.columns]
    for name in own.keys() - {each.lower() for each in known}:
        raise KeyError(f"`{asset.address}` has no column `{name}`.{did_you_mean(name, known)}")
    checks: dict[str, list[Check]] = {}
    for check in asset.checks:
        if check.column is not None:
            checks.setdefault(check.column.lower(), []).append(check)
    fields: dict[str, Values] = {}
    for column in asset.columns:
        lower = column.name.lower()
        fields[column.name] = own[lower] if lower in own else column_values(column, checks.get(lower, ()))
    for name, to, at in _pointers(asset):
        if Address.parse(to) in drawn and name.lower() not in own:
            there = [row[at] for row in drawn[Address.parse(to)] if row[at] is not None]
            required = any(check.rule == "not_null" for check in checks.get(name.lower(), ()))
            if there or not required:
                fields[name] = st.sampled_from(there if required else [None, *there])
            else:
                most = least = 0  # nothing is there that a row could point to
    rows = st.fixed_dictionaries(fields)
    keys = _keys(asset, known)
    if not keys:
        return st.lists(rows, min_size=least, max_size=most)
    return st.lists(rows, min_size=least, max_size=most, unique_by=tuple(map(_by, keys)))


def _pointers(asset: CompiledAsset) -> list[tuple[str, str, str]]:
    """Each column that points elsewhere: its name, the asset, the column there."""
    found = []
    for check in asset.checks:
        if check.rule == "references" and check.column is not None and check.severity == "error":
            arguments = dict(check.arguments)
            found.append((check.column, str(arguments["asset"]), str(arguments["column"])))
    return found


def _keys(asset: CompiledAsset, known: list[str]) -> list[tuple[str, ...]]:
    """The columns that are unique, alone or together."""
    spelled = {name.lower(): name for name in known}
    found = []
    for check in asset.checks:
        if check.rule == "unique" and check.severity == "error":
            among = [check.column] if check.column is not None else list(dict(check.arguments).get("columns", ()))
            found.append(tuple(spelled[name.lower()] for name in among))
    return found


def _by(names: tuple[str, ...]) -> Any:
    def key(row: Row) -> Hashable:
        values = tuple(row[name] for name in names)
        # NULL is equal to nothing.
        return id(row) if None in values else repr(values)

    return key
