"""What two environments show differently, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.tables import aligned, render_table
from vibepiper_cli.views.words import conjunction, count, listed, moment
from vibepiper_interpreter.diff import AssetDifference, ChangedRow, EnvironmentDifference, RowDifference
from vibepiper_interpreter.plan.plan import ColumnChange
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

# None: one of the versions cannot be read any more.
ComparedRows = Mapping[Address, RowDifference | None]

_NULL = "NULL"


def render_diff(found: EnvironmentDifference, rows: ComparedRows, paint: Paint) -> str:
    if not found.assets:
        return f"No differences. `{found.left}` and `{found.right}` show the same ({count(found.same, 'asset')})."
    blocks = [f"What {paint('strong', found.left)} and {paint('strong', found.right)} show differently"]
    pipelines: dict[str, list[AssetDifference]] = {}
    for asset in found.assets:
        pipelines.setdefault(asset.address.pipeline, []).append(asset)
    for pipeline, assets in pipelines.items():
        lines = [paint("strong", pipeline)]
        for asset in assets:
            lines += _asset(asset, found, rows, paint)
        blocks.append("\n".join(lines))
    blocks.append(f"{count(len(found.assets), 'asset')} different, {found.same:,} the same.")
    return "\n\n".join(blocks)


def _asset(asset: AssetDifference, found: EnvironmentDifference, rows: ComparedRows, paint: Paint) -> list[str]:
    name = paint("strong", asset.address.name)
    if asset.left is None or asset.right is None:
        side, symbol = (found.left, "<") if asset.right is None else (found.right, ">")
        return [f"  {paint('info', symbol)} {name}  only in `{side}`"]
    body = [_cause(cause, asset, found) for cause in asset.causes]
    body += _columns(asset.columns, found)
    body.append(_counts(asset.left, asset.right, found))
    if asset.address in rows:
        body += _rows(rows[asset.address], found)
    return [f"  {paint('changed', '~')} {name}", *(f"      {line}" for line in body)]


def _cause(cause: str, asset: AssetDifference, found: EnvironmentDifference) -> str:
    match cause:
        case "meaning":
            return "it is defined otherwise, or reads variables with other values"
        case "build":
            builds = [side.asset.build for side in (asset.left, asset.right) if side is not None]
            return f"it is a {builds[0]} in `{found.left}`, and a {builds[1]} in `{found.right}`"
        case "inputs":
            return f"made from other versions of {listed(asset.inputs)}"
        case "files":
            return "made from other files"
        case _:
            return "the same was made twice"


def _columns(changes: Sequence[ColumnChange], found: EnvironmentDifference) -> list[str]:
    lines = []
    for change in changes:
        match change.change:
            case "added":
                words = ("", change.name, f"{change.after}, only in `{found.right}`")
            case "removed":
                words = ("", change.name, f"{change.before}, only in `{found.left}`")
            case "type":
                words = ("", change.name, f"{change.before} in `{found.left}`, {change.after} in `{found.right}`")
            case "expression":
                words = ("", change.name, "another expression")
        lines.append(words[1:])
    return aligned(lines, indent="  ")


def _counts(left: Version, right: Version, found: EnvironmentDifference) -> str:
    parts = []
    for name, version in ((found.left, left), (found.right, right)):
        counted = "" if version.rows is None else f"{count(version.rows, 'row')}, "
        parts.append(f"{counted}made {moment(version.created_at)} in `{name}`")
    return conjunction(parts)


def _rows(rows: RowDifference | None, found: EnvironmentDifference) -> list[str]:
    if rows is None:
        return ["its rows cannot be compared: a version of it cannot be read any more"]
    if rows.equal:
        within = "" if rows.rows_left == rows.rows_right else " in the columns that both have"
        return [f"its rows are equal{within}"]
    parts = []
    if rows.only_left:
        parts.append(f"{count(rows.only_left, 'row')} only in `{found.left}`")
    if rows.only_right:
        parts.append(f"{count(rows.only_right, 'row')} only in `{found.right}`")
    if rows.changed:
        parts.append(f"{count(rows.changed, 'row')} changed")
    matched = f", matched by {listed(rows.key)}" if rows.key else ""
    lines = [f"{conjunction(parts)}{matched}"]
    lines += aligned(
        [(f"{name}", f"differs in {count(number, 'row')}") for name, number in rows.changed_columns], indent="  "
    )
    lines += _sample(f"changed (`{found.left}` → `{found.right}`)", *_changed_table(rows))
    lines += _sample(f"only in `{found.left}`", rows.columns, rows.sample_left)
    lines += _sample(f"only in `{found.right}`", rows.columns, rows.sample_right)
    return lines


def _changed_table(rows: RowDifference) -> tuple[Sequence[str], Sequence[Sequence[str | None]]]:
    names = [name for name, _ in rows.changed_columns]
    table = []
    for row in rows.sample_changed:
        changed = {name: f"{_text(left)} → {_text(right)}" for name, left, right in row.values}
        table.append([*row.key, *(changed.get(name, "") for name in names)])
    return (*rows.key, *names), table


def _sample(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[str]:
    if not rows:
        return []
    cells = [[_text(value) for value in row] for row in rows]
    return [f"{title}:", *render_table(columns, cells, indent="  ").split("\n")]


def _text(value: str | None) -> str:
    return _NULL if value is None else value


def diff_json(found: EnvironmentDifference, rows: ComparedRows) -> dict[str, Any]:
    return {
        "left": found.left,
        "right": found.right,
        "same": found.same,
        "assets": [_asset_json(asset, rows) for asset in found.assets],
    }


def _asset_json(asset: AssetDifference, rows: ComparedRows) -> dict[str, Any]:
    compared = {"data": _rows_json(rows[asset.address])} if asset.address in rows else {}
    return {
        "address": str(asset.address),
        "left": _version_json(asset.left),
        "right": _version_json(asset.right),
        "causes": list(asset.causes),
        "inputs": [str(address) for address in asset.inputs],
        "columns": [
            {"name": change.name, "change": change.change, "left": change.before, "right": change.after}
            for change in asset.columns
        ],
        **compared,
    }


def _version_json(version: Version | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "id": version.id,
        "rows": version.rows,
        "bytes": version.bytes,
        "made_at": version.created_at.isoformat(),
        "run": version.run_id,
    }


def _rows_json(rows: RowDifference | None) -> dict[str, Any] | None:
    if rows is None:
        return None
    return {
        "equal": rows.equal,
        "columns": list(rows.columns),
        "rows_left": rows.rows_left,
        "rows_right": rows.rows_right,
        "only_left": rows.only_left,
        "only_right": rows.only_right,
        "key": list(rows.key),
        "changed": rows.changed,
        "changed_columns": dict(rows.changed_columns),
        "sample_left": [list(row) for row in rows.sample_left],
        "sample_right": [list(row) for row in rows.sample_right],
        "sample_changed": [_changed_json(row) for row in rows.sample_changed],
    }


def _changed_json(row: ChangedRow) -> dict[str, Any]:
    return {
        "key": list(row.key),
        "values": {name: {"left": left, "right": right} for name, left, right in row.values},
    }
