"""Saved plans: a file that does exactly what was shown, in this checkout or another, or refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_interpreter.plan.draft import ListFiles
from vibepiper_interpreter.plan.plan import PLAN_FORMAT, Plan
from vibepiper_interpreter.plan.serial import plan_from_json, plan_to_json
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State

_KIND = "vibepiper plan"
_NAMED = 5  # things that a message names before it only counts


def save_plan(plan: Plan, path: Path) -> None:
    """Write `plan` to `path`, whole or not at all."""
    body = _text(plan_to_json(plan))
    head = _text({"kind": _KIND, "format": PLAN_FORMAT, "sha256": sha256(body.encode()).hexdigest()})
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(f"{head}\n{body}\n", encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def load_plan(path: Path) -> Plan:
    """The plan in a file that `save_plan` wrote. VP702 where it is none, is damaged, or is of another format."""
    try:
        head_text, _, body = path.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError as error:
        raise DiagnosticError(
            Diagnostic("VP702", f"There is no plan file `{path.name}`.", fix=Fix("Save one with `vp plan --out FILE`."))
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        raise DiagnosticError(_unreadable(path, f"cannot be read: {reason}")) from error
    head = _head(head_text)
    if head is None:
        raise DiagnosticError(_unreadable(path, "is not a plan that `vp plan --out` saved"))
    if (number := head.get("format")) != PLAN_FORMAT:
        why = f"was saved by another version of VibePiper (format {number}, and this one reads {PLAN_FORMAT})"
        raise DiagnosticError(_unreadable(path, why))
    body = body.removesuffix("\n")
    if sha256(body.encode()).hexdigest() != head.get("sha256"):
        raise DiagnosticError(_unreadable(path, "is damaged, or was edited by hand: its content and its hash differ"))
    return replace(plan_from_json(json.loads(body)), saved=True)


def verify_plan(
    plan: Plan,
    compiled_digest: str,
    state: State,
    engine_version: str,
    list_files: ListFiles,
    *,
    compiled: CompiledProject | None = None,
) -> None:
    """Raise VP701, saying what has moved, unless everything is as it was when `plan` was made.

    With `compiled` the message names the assets that have changed.
    """
    moved = []
    if plan.state_id != state.id:
        moved.append("It was made with another state, where other things are published.")
    elif (serial := state.serial(plan.environment)) != plan.serial:
        moved.append(
            f"Environment `{plan.environment}` has been published since: it stands at serial {serial}, the plan was "
            f"made at {plan.serial}."
        )
    if plan.digest != compiled_digest:
        moved.append(f"The specs, or the SQL or Python they name, have changed{_which(plan, compiled)}")
    if plan.engine_version != engine_version:
        moved.append(f"It was made for {plan.engine_version}, and {engine_version} is installed.")
    pointed_to = {action.version_id: action.address for action in plan.actions if action.version_id is not None}
    if gone := pointed_to.keys() - state.versions(pointed_to).keys():
        names = sorted(str(pointed_to[version_id]) for version_id in gone)
        moved.append(f"Versions that it points to have been cleaned away: of {_named(names)}.")
    results = {
        address: each for (address, item), each in state.sight(plan.environment).operator_results().items() if not item
    }
    if done := [address for address in plan.operators if results.get(address) != plan.results.get(address)]:
        moved.append(f"Tasks have been done since: {_named(sorted(map(str, done)))}.")
    for action in plan.actions:
        if not action.source_files:
            continue
        asset = plan.assets[action.address]
        if names := _changed_files(action.source_files, list_files(asset), newer_may_wait=asset.settings is not None):
            moved.append(f"Files of `{action.address}` have changed: {_named(names)}.")
    if moved:
        raise DiagnosticError(
            Diagnostic(
                "VP701",
                "The plan does not fit any more, so nothing was done: what it says could not be kept.",
                notes=tuple(moved),
                fix=Fix("Plan again with `vp plan --out FILE`, and look at what is different."),
            )
        )


def _which(plan: Plan, compiled: CompiledProject | None) -> str:
    if compiled is None:
        return "."
    names = [
        str(address)
        for address, asset in plan.assets.items()
        if (now := compiled.assets.get(address)) is not None
        and (now.fingerprint, now.checks_fingerprint) != (asset.fingerprint, asset.checks_fingerprint)
    ]
    return f": {_named(names)}." if names else "; what the assets of the plan mean has not."


def _changed_files(before: Sequence[SourceFile], now: Sequence[SourceFile], *, newer_may_wait: bool) -> list[str]:
    old = {(file.path, file.size, file.sha256) for file in before}
    new = {(file.path, file.size, file.sha256) for file in now}
    return sorted({path for path, _, _ in (old - new if newer_may_wait else old ^ new)})


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _head(text: str) -> dict[str, Any] | None:
    try:
        head = json.loads(text)
    except ValueError:
        return None
    return head if isinstance(head, dict) and head.get("kind") == _KIND else None


def _unreadable(path: Path, why: str) -> Diagnostic:
    return Diagnostic(
        "VP702",
        f"The plan file `{path.name}` {why}.",
        fix=Fix("Plan again with `vp plan --out FILE`."),
    )
