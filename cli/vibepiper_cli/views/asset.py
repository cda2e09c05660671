"""One asset for people and for machines."""

from __future__ import annotations

from typing import Any

from vibepiper_cli.asset_status import AssetStatus
from vibepiper_cli.printer import Paint
from vibepiper_cli.reading import Rows
from vibepiper_cli.views.run_json import check_json
from vibepiper_cli.views.tables import aligned, numeric_columns, render_table
from vibepiper_cli.views.words import count, listed, moment, seconds, size
from vibepiper_interpreter import grains
from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Check, Column, CompiledAsset, FileDefinition, Input
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.storage.slices import Range, built_ranges, gaps, slice_to_json
from vibepiper_interpreter.storage.version import Version

NULL = "NULL"
_STATUS_ROLES = {"up to date": "good", "unknown": "warning", "not published": "warning"}


def render_asset(status: AssetStatus, sample: Rows | None, environment: str, paint: Paint) -> str:
    asset = status.asset
    head = [f"{paint('strong', str(asset.address))}  {asset.kind} {asset.build}"]
    if asset.description:
        head.append(asset.description)
    blocks = ["\n".join(head), "\n".join(_facts(status, environment, paint)), _columns(status, paint)]
    if asset.checks:
        blocks.append("\n".join([paint("strong", "Checks"), *_checks(status, paint)]))
    blocks.append("\n".join([paint("strong", "Reads"), *_lineage(status.inputs, _files(status), _own_past(asset))]))
    blocks.append("\n".join([paint("strong", "Read by"), *_lineage(status.readers, [])]))
    if sample is not None:
        blocks.append("\n".join([paint("strong", "Rows"), render_rows(sample, paint, indent="  ")]))
    return "\n\n".join(blocks)


def render_rows(rows: Rows, paint: Paint, *, indent: str = "") -> str:
    cells = [[NULL if value is None else value for value in row] for row in rows.rows]
    return render_table(rows.columns, cells, paint, right=numeric_columns(rows.types), indent=indent)


def asset_json(status: AssetStatus, sample: Rows | None) -> dict[str, Any]:
    asset, version = status.asset, status.published
    return {
        "address": str(asset.address),
        "kind": asset.kind,
        "build": asset.build,
        "description": asset.description,
        "owner": asset.owner,
        "tags": list(asset.tags),
        "declared_in": {"path": asset.declared_in, "line": asset.declared_at_line},
        "status": status.status,
        "reasons": list(status.reasons),
        "columns": [
            {"name": column.name, "type": column.type, "description": column.description}
            for column in _known_columns(status)
        ],
        "checks": [_check_json(check, status) for check in asset.checks],
        "reads": [_input_json(read) for read in status.inputs],
        "reads_itself": _own_past_json(asset),
        "read_by": [_input_json(reader) for reader in status.readers],
        "published": None if version is None else _version_json(version),
        "sample": None
        if sample is None
        else {"columns": list(sample.columns), "rows": [list(row) for row in sample.rows], "more": sample.more},
    }


def _facts(status: AssetStatus, environment: str, paint: Paint) -> list[str]:
    asset, version = status.asset, status.published
    facts = []
    if asset.declared_in:
        facts.append(("declared in", f"{asset.declared_in}:{asset.declared_at_line}"))
    if asset.owner:
        facts.append(("owner", asset.owner))
    if asset.tags:
        facts.append(("tags", ", ".join(asset.tags)))
    words = paint(_STATUS_ROLES.get(status.status, "warning"), status.status)
    why = f" ({'; '.join(status.reasons)})" if status.reasons and status.status.endswith("out of date") else ""
    facts.append(("status", f"{words} in `{environment}`{why}"))
    if version is not None:
        facts.append(("published", f"{moment(version.created_at)} by run {version.run_id}, version {version.id}"))
        counted = [] if version.rows is None else [count(version.rows, "row")]
        counted += [size(version.bytes)] if version.parts else []
        if counted:
            facts.append(("holds", ", ".join(counted)))
        facts += _coverage(version)
        if delta := _delta(version):
            facts.append(("delta", delta))
        if version.peak_memory is not None:
            memory = size(version.peak_memory)
            facts.append(("made in", f"{seconds(version.seconds)}, in which the process held at most {memory}"))
    return aligned(facts)


def _coverage(version: Version) -> list[tuple[str, str]]:
    """Which intervals are built, and where some between them are not."""
    settings, built = version.asset.settings, built_ranges(version.built)
    if not isinstance(settings, Intervals) or not built:
        return []
    intervals = grains.in_words(grains.count(built, settings.grain), settings.grain)
    facts = [("covers", f"{intervals}: {grains.stretches([Range(built[0].start, built[-1].end)])}")]
    if missing := gaps(built):
        intervals = grains.in_words(grains.count(missing, settings.grain), settings.grain)
        facts.append(("gaps", f"{intervals}: {grains.stretches(missing)}"))
    return facts


def _delta(version: Version) -> str:
    """What has come since the base was written: `12 rows and 3 deleted keys, 4.1 kB, beside 20,000 rows, 1.2 MB`."""
    parts = {role: [part for part in version.parts if part.role == role] for role in ("rows", "upserts", "deletes")}
    delta = [*parts["upserts"], *parts["deletes"]]
    if not delta:
        return ""
    told = []
    if parts["upserts"]:
        told.append(count(sum(part.rows for part in parts["upserts"]), "row"))
    if parts["deletes"]:
        told.append(count(sum(part.rows for part in parts["deletes"]), "deleted key"))
    base = count(sum(part.rows for part in parts["rows"]), "row")
    bytes_of = {"delta": sum(part.bytes for part in delta), "base": sum(part.bytes for part in parts["rows"])}
    return f"{' and '.join(told)}, {size(bytes_of['delta'])}, beside a base of {base}, {size(bytes_of['base'])}"


def _columns(status: AssetStatus, paint: Paint) -> str:
    rows = [(column.name, column.type, column.description) for column in _known_columns(status)]
    if not rows:
        return paint("faint", "The columns are known after apply.")
    described = any(description for _, _, description in rows)
    header = ("column", "type", "description") if described else ("column", "type")
    return render_table(header, [row[: len(header)] for row in rows], paint)


def _known_columns(status: AssetStatus) -> tuple[Column, ...]:
    """A Python asset that declares no columns has those that it was published with."""
    published = () if status.published is None else status.published.columns
    return status.asset.columns or published


def _checks(status: AssetStatus, paint: Paint) -> list[str]:
    last = {result.check: result for result in status.checks}
    rows = [_check(check, last.get(check.id)) for check in status.asset.checks]
    lines = aligned(rows, indent="  ")
    roles = {"passed": "good", "failed": "error"}
    return [
        line.replace(row[0], paint(roles[row[0]], row[0]), 1) if row[0] in roles else line
        for row, line in zip(rows, lines, strict=True)
    ]


def _check(check: Check, last: CheckResult | None) -> tuple[str, str, str, str]:
    if last is None:
        outcome, words = "not run", ""
    elif last.passed:
        outcome, words = "passed", last.detail
    else:
        outcome, words = "failed", count(last.failing, "row")
    return outcome, check.id, "warns" if check.severity == "warn" else "", words or check.description


def _lineage(inputs: tuple[Input, ...], files: list[str], own: tuple[str, str] | None = None) -> list[str]:
    rows = [(str(read.address), _used(read)) for read in inputs]
    rows += [] if own is None else [own]
    return [*(f"  {file}" for file in files), *aligned(rows, indent="  ")] or ["  nothing in this project"]


def _used(read: Input) -> str:
    return "all columns" if read.columns is None else listed(read.columns) or "only its rows"


def _own_past(asset: CompiledAsset) -> tuple[str, str] | None:
    """That it reads its own earlier intervals, and how far back; None where it does not."""
    settings = asset.settings
    if asset.own is None or not isinstance(settings, Intervals):
        return None
    if settings.own_reach is None:
        back = "of all earlier intervals"
    else:
        back = f"of {grains.in_words(settings.own_reach, settings.grain)} before"
    return str(asset.address), f"{_used(asset.own)}, {back}"


def _files(status: AssetStatus) -> list[str]:
    definition = status.asset.definition
    return list(definition.paths) if isinstance(definition, FileDefinition) else []


def _check_json(check: Check, status: AssetStatus) -> dict[str, Any]:
    last = next((result for result in status.checks if result.check == check.id), None)
    return {
        "check": check.id,
        "rule": check.rule,
        "column": check.column,
        "severity": check.severity,
        "description": check.description,
        "last": None if last is None else check_json(last),
    }


def _input_json(read: Input) -> dict[str, Any]:
    return {"asset": str(read.address), "columns": None if read.columns is None else list(read.columns)}


def _own_past_json(asset: CompiledAsset) -> dict[str, Any] | None:
    if asset.own is None or not isinstance(asset.settings, Intervals):
        return None
    return {**_input_json(asset.own), "intervals_back": asset.settings.own_reach}


def _version_json(version: Version) -> dict[str, Any]:
    return {
        "version": version.id,
        "run": version.run_id,
        "at": version.created_at.isoformat(),
        "rows": version.rows,
        "bytes": version.bytes,
        "seconds": version.seconds,
        "built": [slice_to_json(each.slice) for each in version.built],
        "gaps": [slice_to_json(each) for each in gaps(built_ranges(version.built))],
        "process_peak_memory": version.peak_memory,
        "parts": [
            {"path": part.path, "rows": part.rows, "bytes": part.bytes, "role": part.role} for part in version.parts
        ],
        "source_files": [
            {"path": file.path, "size": file.size, "sha256": file.sha256} for file in version.source_files
        ],
    }
