"""A plan for machines: what `render_plan` says, as plain JSON values."""

from __future__ import annotations

from typing import Any

from vibepiper_cli.views.operator import items_in_words, what_it_does
from vibepiper_cli.views.predicted import estimate_json
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.storage.slices import slice_to_json


def plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "created_at": plan.created_at.isoformat(),
        "environment": plan.environment,
        "serial": plan.serial,
        "selection": list(plan.selection),
        "asked": list(plan.asked),
        "purpose": plan.purpose,
        "notes": list(plan.notes),
        "changes": not plan.empty,
        "unchanged": plan.unchanged,
        "not_due": plan.not_due,
        "actions": [_action(action, plan) for action in plan.actions],
    }


def _action(action: Action, plan: Plan) -> dict[str, Any]:
    asset, operator = plan.assets.get(action.address), plan.operators.get(action.address)
    return {
        "address": str(action.address),
        "kind": asset.kind if asset else f"task.{operator.kind}" if operator else None,
        "build": asset.build if asset else None,
        "verb": action.verb,
        "expected": action.expected,
        "reasons": [{"code": reason.code, "words": reason.words} for reason in action.reasons],
        "conditions": [
            {
                "input": str(condition.input),
                "columns": None if condition.columns is None else list(condition.columns),
            }
            for condition in action.conditions
        ],
        "after": [str(address) for address in action.after],
        "columns": [
            {"name": change.name, "change": change.change, "before": change.before, "after": change.after}
            for change in action.column_changes
        ],
        "breaks": [
            {
                "column": each.column,
                "change": each.words,
                "used_by": [str(address) for address in each.used_by],
                "felt_in": list(each.felt_in),
            }
            for each in action.breaks
        ],
        "reaches": [str(address) for address in action.reaches],
        "checks": list(action.checks),
        "estimate": estimate_json(action.estimate),
        "source_files": [{"path": file.path, "size": file.size} for file in action.source_files],
        "slices": [slice_to_json(piece) for piece in action.slices],
        "moved_from": None if action.moved_from is None else str(action.moved_from),
        "renames": [{"before": before, "after": after} for before, after in action.renames],
        "adopts": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in action.adopts],
        "component": action.component,
        "does": None if operator is None else what_it_does(operator),
        "for_each": None if operator is None or operator.for_each is None else items_in_words(operator.for_each),
        "waits_for_publication": [str(address) for address in action.published],
    }
