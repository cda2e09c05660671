"""Does what a task operator is for, once: calls what its kind is made of, and gives its outputs their types."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import duckdb

from vibepiper_interpreter.compile.serial import value_from_json
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, typed_literal
from vibepiper_interpreter.operators.call import Call, Done, NotYet, OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.connections import connection_fields
from vibepiper_interpreter.operators.kinds import KINDS
from vibepiper_interpreter.operators.outputs import typed_outputs
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.run.failure_class import failure_class
from vibepiper_interpreter.run.failures import Cancelled, declared_at, timed_out
from vibepiper_interpreter.run.python.output import TaskLog
from vibepiper_interpreter.run.redaction import Redactor
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.call_function import call_function
from vibepiper_interpreter.run.tasks.list_items import list_items
from vibepiper_interpreter.run.tasks.operator_task import OperatorTask
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.trials import do_test
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix
from vibepiper_spec.secrets import resolve_secret

# How long a sensor waits between two looks where it does not say.
_USUAL_INTERVAL = "30s"


def operate(session: RunSession, task: OperatorTask) -> Report:
    """One attempt, in this thread. What a user can cause ends in a failed report; Cancelled and defects are raised."""
    began = time.perf_counter()
    if session.stopped:
        raise Cancelled
    redact = session.redactor.also(session.root, task.operator.settings)
    log = TaskLog(lambda level, message: session.say("log", task.address, {"level": level, "message": message}), redact)
    try:
        report = _told(session, task, log)
    finally:
        log.close()
    diagnostics = tuple(_redacted(found, redact) for found in report.diagnostics)
    outputs = {name: _masked(value, redact) for name, value in report.outputs.items()}
    return replace(
        report,
        diagnostics=diagnostics,
        outputs=outputs,
        because=redact(report.because),
        seconds=time.perf_counter() - began,
    )


def _told(session: RunSession, task: OperatorTask, log: TaskLog) -> Report:
    operator = task.operator
    try:
        if task.lists_items and operator.for_each is not None:
            return Report("done", items=list_items(session, task, operator.for_each))
        if operator.when is not None and not _is_true(session, task, operator.when):
            return Report("skipped", because=f"`when` is not true: {operator.when}")
        done = _perform(session, task, log)
        if isinstance(done, NotYet):
            return Report("done", because=done.reason, again_in=done.again_in or _interval(operator.settings))
        return Report("done", outputs=typed_outputs(dict(operator.outputs), done.outputs))
    except OperatorCancelled as error:
        if session.stopped:
            raise Cancelled from error
        found = timed_out(operator, operator.timeout or 0.0)
        return Report("failed", diagnostics=(found,), failure="data" if operator.waits else "transient")
    except OperatorFailed as error:
        found = error.diagnostic
        placed = found if found.place is not None else replace(found, place=declared_at(operator))
        named = replace(placed, detail=f"`{task.address}`: {placed.detail}")
        return Report("failed", diagnostics=(named,), failure=error.failure, again_in=error.retry_after)
    except DiagnosticError as error:
        return Report("failed", diagnostics=error.diagnostics, failure=failure_class(error))


def _perform(session: RunSession, task: OperatorTask, log: TaskLog) -> Done | NotYet:
    operator = task.operator
    if operator.tests is not None:
        do_test(session, operator)
        return Done()
    if operator.function is not None:
        return call_function(session, task, operator.function, log)
    kind = KINDS[operator.kind]
    return kind.perform(_call(session, task, log), kind.settings(value_from_json(operator.settings)))


def _call(session: RunSession, task: OperatorTask, log: TaskLog) -> Call:
    return Call(
        address=task.operator.address,
        root=session.root,
        environment=session.environment,
        run_id=session.run_id,
        now=session.now,
        values=task.values,
        inputs=tuple(read.name for read in task.operator.inputs),
        outputs=dict(task.operator.outputs),
        say=log,
        secret=lambda reference: resolve_secret(session.root, reference),
        connection=connection_fields(session.root, session.settings),
        cancelled=session.stop_of_attempt,
        published_at=lambda address, environment: task.published_at[address, environment],
        began=task.began,
        deadline=None if task.seconds is None else time.monotonic() + task.seconds,
    )


def _is_true(session: RunSession, task: OperatorTask, when: str) -> bool:
    """What the condition makes of the values. NULL is not true."""
    literals = {name: _literal(task.values[name], kind) for name, kind in task.operator.when_parameters}
    query = fill_parameters(f"SELECT ({when}\n) AS condition", literals).text
    try:
        row = session.cursor().execute(query).fetchone()
    except duckdb.Error as error:
        if isinstance(error, duckdb.InterruptException) and session.stopped:
            raise Cancelled from error
        raise OperatorFailed(
            Diagnostic(
                "VP808",
                f"The condition `when` cannot be evaluated: {engine_failure(error).message}",
                fix=Fix("Change the condition, so that it holds for every value that its inputs may have."),
            )
        ) from error
    return row is not None and row[0] is True


def _literal(value: Any, kind: str) -> str:
    return typed_literal(written(value) if kind == "JSON" and value is not None else value, kind)


def _interval(settings: Mapping[str, Any]) -> float:
    from vibepiper_spec.model.duration import duration_seconds  # slow to import, and few tasks wait

    return duration_seconds(settings.get("every", _USUAL_INTERVAL)) or 0.0


def _redacted(found: Diagnostic, redact: Redactor) -> Diagnostic:
    return replace(found, detail=redact(found.detail), notes=tuple(map(redact, found.notes)))


def _masked(value: Any, redact: Redactor) -> Any:
    """An output is written down, and so never holds a secret."""
    match value:
        case str():
            return redact(value)
        case list():
            return [_masked(item, redact) for item in value]
        case dict():
            return {key: _masked(item, redact) for key, item in value.items()}
    return value
