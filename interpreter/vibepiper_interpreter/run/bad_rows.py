"""Says in a diagnostic which rows of what was made cannot be taken, and shows some of them."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.compile.cursors import TIMES
from vibepiper_interpreter.run.failures import declared_at
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_spec.diagnostics import Diagnostic, Fix

_WIDTH = 40  # characters of one value in a table of failing rows


def key_is_null(
    asset: CompiledAsset,
    key: Sequence[str],
    count: int,
    rows: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
) -> Diagnostic:
    """VP520: rows that no key tells from others."""
    named = _names(key)
    return Diagnostic(
        "VP520",
        f"{_counted(count, 'row')} of {rows:,} that came for `{asset.address}` {'has' if count == 1 else 'have'} no "
        f"value in {named}, so nobody can tell which row of the table each of them is. Nothing of it was published.",
        declared_at(asset),
        fix=Fix(f"Leave them out of the rows (`where {key[0]} is not null`), or name another `key`."),
        notes=table(columns, sample),
    )


def key_not_unique(
    asset: CompiledAsset,
    key: Sequence[str],
    count: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
    *,
    at_once: str = "",
) -> Diagnostic:
    """VP521: several rows of one key. `at_once`: why none of them is known to be the last, if there is more to say."""
    named = _names(key)
    listed = ", ".join(key)
    return Diagnostic(
        "VP521",
        f"{_counted(count, 'value')} of {named} {'comes' if count == 1 else 'come'} more than once among the rows for "
        f"`{asset.address}`, so nobody can tell which of these rows counts. "
        f"{at_once and f'{at_once} '}Nothing of it was published.",
        declared_at(asset),
        fix=Fix(
            f"Let one row of each key come (`qualify row_number() over (partition by {listed} order by …) = 1`), or "
            "name more columns in `key`."
        ),
        notes=table(columns, sample),
    )


def cursor_is_null(
    asset: CompiledAsset, column: str, count: int, columns: Sequence[str], sample: Sequence[Sequence[str]]
) -> Diagnostic:
    """VP534: rows of which nobody can tell whether they are new."""
    return Diagnostic(
        "VP534",
        f"{_counted(count, 'row')} that came for `{asset.address}` {'has' if count == 1 else 'have'} no value in "
        f"`{column}`, by which its cursor tells what is new. Nothing of it was published.",
        declared_at(asset),
        fix=Fix(f"Give each row a value of `{column}`, or leave `cursor` out: then every file is read once, whole."),
        notes=table(columns, sample),
    )


def in_no_slice(
    asset: CompiledAsset, column: str, count: int, columns: Sequence[str], sample: Sequence[Sequence[str]]
) -> Diagnostic:
    """VP518: rows of a source that belong to no interval, or to no value of a column."""
    return Diagnostic(
        "VP518",
        f"{_counted(count, 'row')} that came for `{asset.address}` {'has' if count == 1 else 'have'} no value in "
        f"`{column}`, so nobody can tell which rows {'it replaces' if count == 1 else 'they replace'}. Nothing of it "
        "was published.",
        declared_at(asset),
        fix=Fix(f"Give each row a value of `{column}`, or name another `column` in `write`."),
        notes=table(columns, sample),
    )


def came_late(
    asset: CompiledAsset,
    column: str,
    greatest: str,
    count: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
) -> Diagnostic:
    """A warning VP533: rows that came after the cursor had passed them."""
    by, fix = ", which came already", 'Give the cursor a `lag` as long as rows may be late, such as `lag = "2h"`.'
    if asset.cursor is not None and asset.cursor.lag:
        by, fix = " by more than the lag", "Let `lag` be as long as rows may be late."
    elif next((each.type for each in asset.given_columns if each.name == column), "") not in TIMES:
        fix = "Leave `cursor` out, where rows come in no order: then every file is read once, whole."
    return Diagnostic(
        "VP533",
        f"{_counted(count, 'row')} came too late for `{asset.address}` and {'is' if count == 1 else 'are'} not in it: "
        f"`{column}` lies before {greatest}{by}.",
        declared_at(asset),
        "warning",
        fix=Fix(f"{fix} To read all files anew: `vp apply --rebuild {asset.address}`."),
        notes=table(columns, sample),
    )


def other_columns(asset: CompiledAsset, before: Sequence[Column], now: Sequence[Column]) -> Diagnostic:
    """VP522: what came has other columns than what it would have to go on with."""
    was, comes = ({column.name: column.type for column in columns} for columns in (before, now))
    differences = [
        f"`{name}` was {was[name]} and is {comes[name]}" for name in was if comes.get(name, was[name]) != was[name]
    ]
    differences += [f"`{name}` is gone" for name in was if name not in comes]
    differences += [f"`{name}` is new" for name in comes if name not in was]
    return Diagnostic(
        "VP522",
        f"What came for `{asset.address}` has other columns than what is published of it, so that cannot go on: "
        f"{'; '.join(differences) or 'they have another order'}. Nothing of it was published.",
        declared_at(asset),
        fix=Fix(
            f"Give the columns as before; or make it anew from what its inputs hold now: `vp apply --rebuild "
            f"{asset.address}`. What came before, and is in them no more, is then lost."
        ),
    )


def check_failed(asset: CompiledAsset, result: CheckResult) -> Diagnostic:
    """VP506 for a failed check, with the rows that show it."""
    warns = result.severity == "warn"
    held_back = "" if warns else " The version was not published."
    return Diagnostic(
        "VP506",
        f"Check `{result.check}` of `{asset.address}` failed: {result.detail}{held_back}",
        declared_at(asset),
        severity="warning" if warns else "error",
        fix=Fix(
            "Correct the data or the rule."
            if warns
            else 'Correct the data or the rule; with `severity = "warn"` the check reports and does not hold back.'
        ),
        notes=table(result.sample_columns, result.sample_rows),
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Rows as lines of aligned text under a line of column names; empty where there are no rows."""
    if not rows:
        return ()
    cells = [[_cell(value) for value in row] for row in (columns, *rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    return tuple("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def _names(columns: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in columns)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _cell(value: str) -> str:
    flat = value.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    return flat if len(flat) <= _WIDTH else flat[: _WIDTH - 1] + "…"
