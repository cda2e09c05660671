"""Plans as plain JSON values and back, for saved plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vibepiper_interpreter.compile.operator_serial import operator_from_json, operator_to_json
from vibepiper_interpreter.compile.serial import asset_from_json, asset_to_json, value_from_json, value_to_json
from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.plan.plan import Action, Break, ColumnChange, Condition, Plan, Reason
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.storage.slices import Range, slice_from_json, slice_to_json
from vibepiper_interpreter.storage.version import InputVersion, SourceFile
from vibepiper_spec.address import Address


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """`plan` as plain JSON values; an action's keys whose value is empty are left out."""
    return {
        "id": plan.id,
        "created_at": plan.created_at.isoformat(),
        "environment": plan.environment,
        "serial": plan.serial,
        "digest": plan.digest,
        "engine_version": plan.engine_version,
        "state_id": plan.state_id,
        "selection": list(plan.selection),
        "asked": list(plan.asked),
        "unchanged": plan.unchanged,
        "not_due": plan.not_due,
        "purpose": plan.purpose,
        "notes": list(plan.notes),
        "goes_back": plan.goes_back,
        "variables": {name: value_to_json(value) for name, value in plan.variables.items()},
        "pointers": {str(address): version_id for address, version_id in plan.pointers.items()},
        "actions": [_action_to_json(action) for action in plan.actions],
        "assets": [asset_to_json(asset) for asset in plan.assets.values()],
        "operators": [operator_to_json(operator) for operator in plan.operators.values()],
        "results": [list(result.to_row().values()) for result in plan.results.values()],
    }


def plan_from_json(found: Mapping[str, Any]) -> Plan:
    """The inverse of `plan_to_json`."""
    assets = [asset_from_json(asset) for asset in found["assets"]]
    return Plan(
        id=found["id"],
        created_at=datetime.fromisoformat(found["created_at"]),
        environment=found["environment"],
        serial=found["serial"],
        digest=found["digest"],
        engine_version=found["engine_version"],
        state_id=found["state_id"],
        actions=tuple(_action_from_json(action) for action in found["actions"]),
        assets={asset.address: asset for asset in assets},
        operators={operator.address: operator for operator in map(operator_from_json, found["operators"])},
        results={result.address: result for result in (OperatorResult.from_row(*row) for row in found["results"])},
        pointers={Address.parse(address): version_id for address, version_id in found["pointers"].items()},
        variables={name: value_from_json(value) for name, value in found["variables"].items()},
        selection=tuple(found["selection"]),
        asked=tuple(found.get("asked", ())),
        unchanged=found["unchanged"],
        not_due=found["not_due"],
        purpose=found["purpose"],
        notes=tuple(found["notes"]),
        goes_back=found["goes_back"],
    )


def _action_to_json(action: Action) -> dict[str, Any]:
    estimate = action.estimate
    written = {
        "after": _texts(action.after),
        "conditions": [
            [str(condition.input), None if condition.columns is None else list(condition.columns), condition.confirmed]
            for condition in action.conditions
        ],
        "keeps": action.keeps,
        "version_id": action.version_id,
        "column_changes": [
            [change.name, change.change, change.before, change.after] for change in action.column_changes
        ],
        "breaks": [[each.column, each.words, _texts(each.used_by), list(each.felt_in)] for each in action.breaks],
        "reaches": _texts(action.reaches),
        "carries": _texts(action.carries),
        "checks": list(action.checks),
        "checks_new_rows": action.checks_new_rows,
        "checks_if_kept": list(action.checks_if_kept),
        "estimate": None if estimate is None else estimate.to_json(),
        "source_files": [[file.path, file.size, file.modified_ns, file.sha256] for file in action.source_files],
        "adopts": [[file.path, file.size, file.modified_ns, file.sha256] for file in action.adopts],
        "slices": [slice_to_json(each) for each in action.slices],
        "base": action.base,
        "restores": [[str(read.address), read.version_id] for read in action.restores],
        "records": action.records,
        "takes": [slice_to_json(each) for each in action.takes],
        "moved_from": None if action.moved_from is None else str(action.moved_from),
        "renames": [list(pair) for pair in action.renames],
        "published": _texts(action.published),
    }
    return {
        "address": str(action.address),
        "verb": action.verb,
        "reasons": [[reason.code, reason.words] for reason in action.reasons],
        "expected": action.expected,
        "component": action.component,
        **{name: value for name, value in written.items() if value},
    }


def _action_from_json(found: Mapping[str, Any]) -> Action:
    estimate = found.get("estimate")
    return Action(
        address=Address.parse(found["address"]),
        verb=found["verb"],
        reasons=tuple(Reason(code, words) for code, words in found["reasons"]),
        after=_addresses(found.get("after", ())),
        conditions=tuple(
            Condition(Address.parse(address), None if columns is None else tuple(columns), confirmed)
            for address, columns, confirmed in found.get("conditions", ())
        ),
        expected=found["expected"],
        keeps=found.get("keeps"),
        version_id=found.get("version_id"),
        column_changes=tuple(ColumnChange(*change) for change in found.get("column_changes", ())),
        breaks=tuple(
            Break(column, words, _addresses(used_by), tuple(felt_in))
            for column, words, used_by, felt_in in found.get("breaks", ())
        ),
        reaches=_addresses(found.get("reaches", ())),
        carries=_addresses(found.get("carries", ())),
        checks=tuple(found.get("checks", ())),
        checks_new_rows=found.get("checks_new_rows", False),
        checks_if_kept=tuple(found.get("checks_if_kept", ())),
        estimate=None if estimate is None else Estimate.from_json(estimate),
        component=found["component"],
        source_files=tuple(SourceFile(*file) for file in found.get("source_files", ())),
        adopts=tuple(SourceFile(*file) for file in found.get("adopts", ())),
        slices=tuple(slice_from_json(each) for each in found.get("slices", ())),
        base=found.get("base"),
        restores=tuple(
            InputVersion(Address.parse(address), version_id) for address, version_id in found.get("restores", ())
        ),
        records=found.get("records", False),
        takes=tuple(Range.parse(*each) for each in found.get("takes", ())),
        moved_from=None if "moved_from" not in found else Address.parse(found["moved_from"]),
        renames=tuple((before, after) for before, after in found.get("renames", ())),
        published=_addresses(found.get("published", ())),
    )


def _texts(addresses: Sequence[Address]) -> list[str]:
    return [str(address) for address in addresses]


def _addresses(texts: Sequence[str]) -> tuple[Address, ...]:
    return tuple(Address.parse(text) for text in texts)
