"""Calls the user's functions: the planned code and no other, with what their failures say to him."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue
from vibepiper_interpreter.run.failures import Cancelled, Subject
from vibepiper_interpreter.run.python.context import Context, run_logger
from vibepiper_interpreter.run.python.failures import (
    CodeFailed,
    call_failed,
    code_changed,
    function_missing,
    import_failed,
)
from vibepiper_interpreter.run.python.modules import load_function
from vibepiper_interpreter.run.python.output import TaskLog
from vibepiper_interpreter.run.session import RunSession
from vibepiper_spec.diagnostics import DiagnosticError


def planned_function(session: RunSession, subject: Subject, definition: PythonDefinition) -> Any:
    try:
        return load_function(definition.module, definition.function)
    except BaseException as error:
        if interrupted(error):
            raise
        require_planned(session, subject, definition)
        if isinstance(error, AttributeError) and definition.module in str(error):
            raise DiagnosticError(function_missing(subject, definition, session.root)) from error
        raise DiagnosticError(import_failed(subject, definition, error, session.root, session.redactor)) from error


def require_planned(session: RunSession, subject: Subject, definition: PythonDefinition) -> None:
    """The version says which code it was made by, so no other may have made it."""
    if session.code.differs(definition):
        raise DiagnosticError(code_changed(subject, definition))


def context_of(session: RunSession, subject: Subject, log: TaskLog, values: Mapping[str, ParameterValue]) -> Context:
    return Context(
        logger=run_logger(str(subject.address), log),
        environment=session.environment,
        variables=session.variables,
        now=session.now,
        **dict[str, Any](values),
    )


def failure_of(session: RunSession, subject: Subject, error: BaseException) -> BaseException:
    """An exception of the user's code as a diagnostic, `sys.exit()` too: only one who sits at the keyboard ends a run.

    One of the engine inside it may be an interrupted run.
    """
    if interrupted(error):
        return KeyboardInterrupt()
    if isinstance(error, duckdb.InterruptException) and session.stopped:
        return Cancelled()
    return CodeFailed(call_failed(subject, error, session.root, session.redactor), error)


def interrupted(error: BaseException) -> bool:
    """Whether that is a real Ctrl-C, which Python raises in the main thread and in no other."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()
