"""Holds the rows that a function is given, and those that it returns, to what their columns declare (`validate`).

These are the rules that types in Python rely on: no value is missing under `not_null`, and none is another than
`accepted_values` lists. The engine looks at all of them in one scan. Checks look at whole tables before they are
published; here it is one function that says it cannot do with less, also where a check only warns.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vibepiper_interpreter.compile.compiled import Check, CompiledAsset, Parameter
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.bad_rows import table
from vibepiper_interpreter.run.failures import declared_at
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

_SAMPLE = 10_000  # rows
_SHOWN = 5  # rows
_RULES = frozenset({"not_null", "accepted_values"})


def hold_input(
    session: RunSession, asset: CompiledAsset, parameter: Parameter, given: CompiledAsset, relation: str | None
) -> None:
    """Raises VP523 where the rows for `parameter` of `asset` are not as `given` declares.

    `relation` holds them, where they are not all that `given` has.
    """
    if asset.validate is None:
        return
    seen = None if parameter.columns is None else {name.casefold() for name in parameter.columns}
    rules = [rule for rule in _rules(given) if seen is None or (rule.column or "").casefold() in seen]
    source = f"`{given.address}`, which its parameter `{parameter.name}` gets,"
    _hold(session, asset, rules, qualified(given.address) if relation is None else relation, source)


def hold_result(session: RunSession, asset: CompiledAsset, file: Path) -> None:
    """Raises VP523 where the rows in `file`, which `asset` has made, are not as it declares."""
    if asset.validate is not None:
        _hold(session, asset, _rules(asset), f"read_parquet({literal(str(file))})", "what it returned")


def _rules(asset: CompiledAsset) -> list[Check]:
    """Those on every row, in the order in which they are declared. One that only warns is no less relied upon."""
    return [
        check for check in asset.checks if check.rule in _RULES and check.where is None and check.condition is not None
    ]


def _hold(session: RunSession, asset: CompiledAsset, rules: Sequence[Check], relation: str, source: str) -> None:
    if not rules:
        return
    rows = f"{relation} LIMIT {_SAMPLE}" if asset.validate == "sample" else relation
    counts = ", ".join(f"count(*) FILTER (WHERE NOT ({rule.condition}))" for rule in rules)
    cursor = session.new_cursor()
    try:
        [(total, *broken)] = cursor.execute(f"SELECT count(*), {counts} FROM (FROM {rows})").fetchall()
        for rule, count in zip(rules, broken, strict=True):
            if count:
                shown = cursor.sql(f"FROM (FROM {rows}) WHERE NOT ({rule.condition}) LIMIT {_SHOWN}")
                texts = shown.project(", ".join(f"{quote(name)}::VARCHAR" for name in shown.columns)).fetchall()
                cells = [[session.redactor("NULL" if cell is None else cell) for cell in row] for row in texts]
                raise DiagnosticError(_not_as_declared(asset, rule, source, count, total, shown.columns, cells))
    finally:
        cursor.close()


def _not_as_declared(
    asset: CompiledAsset,
    rule: Check,
    source: str,
    count: int,
    total: int,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> Diagnostic:
    says = "holds no value" if rule.rule == "not_null" else "holds a value that `accepted_values` does not list"
    return Diagnostic(
        "VP523",
        f"`{asset.address}`: in {source} column `{rule.column}` {says} in {count:,} of {total:,} rows looked at. "
        "Nothing of it was published.",
        declared_at(asset),
        fix=Fix("Correct the rows, or what is declared of the column; types in Python rely on it."),
        notes=table(columns, rows),
    )
