"""Runs all checks of an asset on one version: what statistics know is free, the rest is one scan where it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from vibepiper_interpreter.checks.rules import rule_of, unique_columns
from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.compile.build_words import names
from vibepiper_interpreter.compile.compiled import Check
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.storage.version import Version

_SAMPLE_ROWS = 5
_SAMPLE_WIDTH = 200  # characters of one value
_PLAIN_CONDITION = 500  # characters


@dataclass(frozen=True, slots=True)
class Checked:
    """The results of one version's checks, in the order in which they are declared."""

    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check of severity error failed."""
        return all(result.passed or result.severity == "warn" for result in self.results)


def run_checks(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    version: Version,
    checks: Sequence[Check],
    plain: duckdb.DuckDBPyConnection | None = None,
) -> Checked:
    """Put `version`, which `relation` names in this session, to `checks`.

    The cursor's search path must make the asset's own pipeline the place of bare names. `plain` is a cursor that does
    not optimise, given where the relation is a small table.
    """
    counted = {check.id: known for check in checks if (known := _known(check, version)) is not None}
    rows = version.rows
    together = [check for check in checks if check.id not in counted and rule_of(check).count is not None]
    errors: dict[str, str] = {}
    if together or (rows is None and len(counted) < len(checks)):
        try:
            rows, counts = _scan(plain if plain is not None and _is_plain(together) else cursor, relation, together)
            counted |= counts
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            # One check's expression failed on some row. Each alone shows which, and lets the others be judged.
            for check in together:
                _count_alone(cursor, relation, check, counted, errors)
    for check in checks:
        if rule_of(check).alone is not None:
            _count_alone(cursor, relation, check, counted, errors)
    return Checked(tuple(_result(cursor, relation, version, check, counted, errors, rows or 0) for check in checks))


def _known(check: Check, version: Version) -> int | None:
    """What the parts' statistics answer without reading a row."""
    if _proven(check, version):
        return 0
    if check.where is not None or version.rows is None:
        return None
    if check.rule == "row_count":
        return version.rows
    if check.rule == "not_null" and version.plain:
        nulls = [
            statistics.null_count
            for part in version.parts
            for statistics in part.statistics
            if statistics.name == check.column
        ]
        return sum(nulls) if len(nulls) == len(version.parts) else None
    return None


def _proven(check: Check, version: Version) -> str:
    """Why no row can break the rule, as a sentence; empty where it has to be looked for.

    Each row of a merged table has a key, and no two have the same one: nothing else is ever brought in or recorded. So
    no two rows are alike in the columns of the key and whatever others.
    """
    settings = version.asset.settings
    if check.rule != "unique" or not isinstance(settings, Merge):
        return ""
    if not {name.casefold() for name in settings.key} <= {name.casefold() for name in unique_columns(check)}:
        return ""
    return f"Not looked for: rows are merged by {names(settings.key)}, so no two have the same."


def _is_plain(checks: Sequence[Check]) -> bool:
    """Whether there is nothing to optimise: no SQL of a user's own, no long lists of values to compare with."""
    return not any(
        check.where is not None or check.rule == "expression" or len(check.condition or "") > _PLAIN_CONDITION
        for check in checks
    )


def _scan(cursor: duckdb.DuckDBPyConnection, relation: str, checks: Sequence[Check]) -> tuple[int, dict[str, int]]:
    counts = [count(check) for check in checks if (count := rule_of(check).count) is not None]
    [(rows, *values)] = cursor.execute(f"SELECT {', '.join(['count(*)', *counts])} FROM {relation}").fetchall()
    return int(rows), {check.id: int(value) for check, value in zip(checks, values, strict=True)}


def _count_alone(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    check: Check,
    counted: dict[str, int],
    errors: dict[str, str],
) -> None:
    rule = rule_of(check)
    try:
        if rule.alone is None:
            counted |= _scan(cursor, relation, [check])[1]
            return
        [(count,)] = cursor.execute(rule.alone(check, relation)).fetchall()
        counted[check.id] = int(count)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        errors[check.id] = engine_failure(error).message


def _result(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    version: Version,
    check: Check,
    counted: dict[str, int],
    errors: dict[str, str],
    rows: int,
) -> CheckResult:
    if check.id in errors:
        detail = f"The check could not be run: {errors[check.id]}"
        return _outcome(version, check, passed=False, failing=1, detail=detail)
    rule = rule_of(check)
    failing = rule.failing(check, counted[check.id])
    if failing == 0:
        return _outcome(version, check, passed=True, detail=_proven(check, version))
    seen = counted[check.id] if check.rule == "row_count" else rows
    columns, sample = _sample(cursor, rule.sample(check, relation))
    return _outcome(
        version,
        check,
        passed=False,
        failing=failing,
        detail=rule.words(check, failing, seen),
        sample_columns=columns,
        sample_rows=sample,
    )


def _outcome(
    version: Version,
    check: Check,
    *,
    passed: bool,
    failing: int = 0,
    detail: str = "",
    sample_columns: tuple[str, ...] = (),
    sample_rows: tuple[tuple[str, ...], ...] = (),
) -> CheckResult:
    return CheckResult(
        address=version.address,
        version_id=version.id,
        check=check.id,
        rule=check.rule,
        column=check.column,
        severity=check.severity,
        passed=passed,
        failing=failing,
        detail=detail,
        sample_columns=sample_columns,
        sample_rows=sample_rows,
    )


def _sample(cursor: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Up to five rows, every value as the text DuckDB prints."""
    cursor.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query} LIMIT {_SAMPLE_ROWS}) AS sample")
    columns = tuple(str(column[0]) for column in cursor.description or ())
    rows = tuple(tuple(_text(value) for value in row) for row in cursor.fetchall())
    return (columns, rows) if rows else ((), ())


def _text(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= _SAMPLE_WIDTH else value[: _SAMPLE_WIDTH - 1] + "…"
