"""What pipelines may rely on of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vibepiper.project import Project
from vibepiper.table import Table
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.engines.duckdb.types import canonical_type, stored_type
from vibepiper_spec.diagnostics import did_you_mean


def assert_offers(
    table: Table,
    columns: Mapping[str, str],
    *,
    not_null: Sequence[str] = (),
    unique: Sequence[str] = (),
) -> None:
    """Raises AssertionError unless the specs of an asset offer what its reader needs, and names all that is missing.

    `columns`: names with types as in specs. `not_null` and `unique`: columns that a check with the severity `error`
    holds to that. Looks at specs only: no row is read.
    """
    __tracebackhide__ = True
    asset = table.compiled
    known = {column.name.lower(): column for column in asset.columns}
    missing = []
    for name, wanted in columns.items():
        column = known.get(name.lower())
        if column is None:
            missing.append(f"no column `{name}`.{did_you_mean(name, [each.name for each in asset.columns])}")
        elif column.type != _stored(wanted):
            missing.append(f"`{name}` is {column.type or 'of no type that is known before a run'}, not {wanted}")
    for rule, names in (("not_null", not_null), ("unique", unique)):
        held = _held(asset, rule)
        missing += [f"no check `{rule}` on `{name}`" for name in names if name.lower() not in held]
    if missing:
        raise AssertionError("\n  ".join([f"`{asset.address}` does not offer what its reader needs:", *missing]))


def assert_contracts(project: Project, *, reader: str, of: str) -> None:
    """Raises AssertionError unless every asset of the pipeline `of` that the pipeline `reader` reads has a contract
    and columns that are known before a run; names all that is missing.

    Raises KeyError for a pipeline that is not there.
    """
    __tracebackhide__ = True
    assets = project.compiled().project.assets
    pipelines = {address.pipeline for address in assets}
    for name in (reader, of):
        if name not in pipelines:
            raise KeyError(f"the project has no pipeline `{name}`.{did_you_mean(name, pipelines)}")
    missing: dict[str, None] = {}
    for asset in assets.values():
        for read in asset.inputs if asset.address.pipeline == reader else ():
            source = assets[read.address]
            if read.address.pipeline != of:
                continue
            if source.contract is None:
                missing[f"`{read.address}` has no contract, and `{asset.address}` reads it"] = None
            elif not source.columns:
                missing[f"`{read.address}` declares no columns, and `{asset.address}` reads it"] = None
    if missing:
        raise AssertionError("\n  ".join([f"`{reader}` relies on what `{of}` does not promise:", *missing]))


def _held(asset: CompiledAsset, rule: str) -> set[str]:
    """The columns that a check of this rule holds, alone and without conditions."""
    held = set()
    for check in asset.checks:
        if check.rule == rule and check.severity == "error" and check.where is None:
            among = dict(check.arguments).get("columns", ())
            if check.column is not None:
                held.add(check.column.lower())
            elif len(among) == 1:
                held.add(among[0].lower())
    return held


def _stored(written: str) -> str:
    canonical = canonical_type(written)
    stored = stored_type(canonical) if isinstance(canonical, str) else canonical
    if not isinstance(stored, str):
        raise ValueError(f"`{written}`: {stored.message}")
    return stored
