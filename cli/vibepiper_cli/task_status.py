"""What is known of one task, from its spec and from what became of it: what `vp show` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.state import State
from vibepiper_interpreter.state.operator_past import OperatorPast
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_spec.address import Address

# unknown: the specs have errors, so nobody can tell. not due: it is done only as a consequence of something else.
Status = Literal["done", "skipped", "due", "perhaps due", "not due", "left the specs", "unknown"]


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """`operator` is as the specs say; None where they cannot be compiled or have lost it."""

    address: Address
    operator: CompiledOperator | None
    status: Status
    reasons: tuple[str, ...]  # why it is due, in words
    readers: tuple[Address, ...]  # what comes after it: assets and tasks
    past: OperatorPast

    @property
    def result(self) -> OperatorResult | None:
        """What it has done as a whole; None where it has not, or something has failed since."""
        return next((result for result, _ in self.past.results if not result.item), None)


def task_status(
    address: Address, project: CompiledProject, plan: Plan | None, state: State, environment: str
) -> TaskStatus:
    operator = project.operators.get(address)
    past = state.operator_past(environment, address)
    action = next((action for action in plan.actions if action.address == address), None) if plan else None
    readers = [*(() if operator is None else operator.before)]
    readers += [each.address for each in project.operators.values() if _comes_after(each, address)]
    result = next((result for result, _ in past.results if not result.item), None)
    return TaskStatus(
        address,
        operator,
        "unknown" if plan is None else _status(operator, action, result),
        tuple(reason.words for reason in action.reasons) if action else (),
        tuple(dict.fromkeys(readers)),
        past,
    )


def _comes_after(operator: CompiledOperator, address: Address) -> bool:
    return (
        address in operator.after
        or operator.teardown_of == address
        or any(hook.of == address for hook in operator.hooks)
    )


def _status(operator: CompiledOperator | None, action: Action | None, result: OperatorResult | None) -> Status:
    if operator is None:
        return "left the specs"
    if action is not None:
        return "perhaps due" if action.expected == "keep" else "due"
    if operator.only_if_needed:
        return "not due"
    return "skipped" if result is not None and result.outcome == "skipped" else "done"
