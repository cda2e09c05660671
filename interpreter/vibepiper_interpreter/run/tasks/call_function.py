"""Does a Python task: calls its function with values and assets, and takes its outputs from what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, is_dataclass
from typing import Any

from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.operators.call import Done, OperatorFailed
from vibepiper_interpreter.run.failures import declared_at
from vibepiper_interpreter.run.python.arguments import argument
from vibepiper_interpreter.run.python.calling import context_of, failure_of, planned_function, require_planned
from vibepiper_interpreter.run.python.datasets import ready_for_datasets
from vibepiper_interpreter.run.python.output import TaskLog, told_to
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.operator_task import OperatorTask
from vibepiper_spec.diagnostics import Diagnostic, Fix


def call_function(session: RunSession, task: OperatorTask, definition: PythonDefinition, log: TaskLog) -> Done:
    """Raises DiagnosticError for what the function does wrong, OperatorFailed (VP809) for what it returns."""
    operator = task.operator
    session.relations.show(session.cursor(), task.reads)
    cursor = session.new_cursor()
    try:
        with told_to(log):
            function = planned_function(session, operator, definition)
            require_planned(session, operator, definition)
            if definition.uses_datasets:
                ready_for_datasets(session)
            # Other tasks are given the same values: what the function does to a list of the type json is its own.
            arguments = {name: deepcopy(task.values[name.lower()]) for name in operator.function_values}
            for parameter in definition.parameters:
                if parameter.address is None:
                    arguments[parameter.name] = context_of(session, operator, log, {})
                else:
                    given = task.inputs[parameter.address]
                    arguments[parameter.name] = argument(session, cursor, parameter, given, declared_at(operator))
            try:
                returned = function(**arguments)
            except BaseException as error:
                raise failure_of(session, operator, error) from error
    finally:
        cursor.close()
    return Done(_outputs(definition, returned))


def _outputs(definition: PythonDefinition, returned: Any) -> Mapping[str, Any]:
    if returned is None:
        return {}
    if is_dataclass(returned) and not isinstance(returned, type):
        return asdict(returned)
    if isinstance(returned, Mapping) and all(isinstance(name, str) for name in returned):
        return {name.lower(): value for name, value in returned.items()}
    raise OperatorFailed(
        Diagnostic(
            "VP809",
            f"`{definition.module}:{definition.function}` returned a value of the type "
            f"`{type(returned).__name__}`, from which no outputs can be told.",
            fix=Fix("Return nothing, or a mapping or a dataclass with the outputs that the task declares."),
        )
    )
