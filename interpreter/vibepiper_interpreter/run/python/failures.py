"""Says in a diagnostic what a user's Python did wrong: his own frames only, and the asset's address."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from vibepiper_interpreter.compile.compiled import CompiledAsset, PythonDefinition
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.run.failures import Subject, declared_at, nothing_lost
from vibepiper_interpreter.run.python.modules import is_user_code
from vibepiper_interpreter.run.python.remote_errors import remote_error
from vibepiper_interpreter.run.redaction import Redactor
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


class CodeFailed(DiagnosticError):
    """A function of the user's raised `raised`."""

    def __init__(self, diagnostic: Diagnostic, raised: BaseException) -> None:
        super().__init__(diagnostic)
        self.raised = raised


def import_failed(
    asset: Subject, definition: PythonDefinition, error: BaseException, root: Path, redact: Redactor
) -> Diagnostic:
    return Diagnostic(
        "VP401",
        f"Module `{definition.module}` of `{asset.address}` does not import: {redact(_named(error))}",
        declared_at(asset),
        fix=Fix(
            "Correct the module, or install the package it misses. Modules are looked for below the project's "
            "folder and its `src`."
        ),
        notes=_frames(error, root, redact),
    )


def function_missing(asset: Subject, definition: PythonDefinition, root: Path) -> Diagnostic:
    detail = f"Module `{definition.module}` has no function `{definition.function}`, which `{asset.address}` names."
    file = getattr(sys.modules.get(definition.module), "__file__", None)
    if file is None or not is_user_code(file, root):
        return Diagnostic(
            "VP402",
            f"{detail} Python has a module of that name of its own, or from an installed package, and takes that one.",
            declared_at(asset),
            fix=Fix("Give the project's module another name."),
        )
    return Diagnostic(
        "VP402", detail, declared_at(asset), fix=Fix("Correct the name in `function`, or define the function.")
    )


def call_failed(asset: Subject, error: BaseException, root: Path, redact: Redactor) -> Diagnostic:
    package = error.name.partition(".")[0] if isinstance(error, ImportError) and error.name else None
    if isinstance(error, ModuleNotFoundError) and package is not None:
        return Diagnostic(
            "VP407",
            f"`{asset.address}` needs the package `{package}`, which is not installed here.",
            declared_at(asset),
            fix=Fix(f"Install it: `pip install {package}`."),
            notes=_frames(error, root, redact),
        )
    return Diagnostic(
        "VP406",
        f"`{asset.address}` raised {redact(_named(error))}",
        declared_at(asset),
        fix=Fix(_correct(asset)),
        notes=_frames(error, root, redact),
    )


def _correct(subject: Subject) -> str:
    if isinstance(subject, CompiledOperator):
        return f"Correct the function. {nothing_lost(subject)} The next apply runs it again."
    return "Correct the function; nothing of it was published, and the next apply runs it again."


def no_table(asset: CompiledAsset, definition: PythonDefinition, what: str) -> Diagnostic:
    return Diagnostic(
        "VP404",
        f"`{definition.module}:{definition.function}` returned {what} for `{asset.address}`, and not a table.",
        declared_at(asset),
        fix=Fix(
            "Return a pyarrow Table, a pandas or polars DataFrame, a DuckDB relation, a Ray dataset, or an iterator of "
            "Arrow batches."
        ),
    )


def no_columns(asset: CompiledAsset, definition: PythonDefinition) -> Diagnostic:
    return Diagnostic(
        "VP404",
        f"`{definition.module}:{definition.function}` returned a table without columns for `{asset.address}`, so there "
        "is nothing in it to store.",
        declared_at(asset),
        fix=Fix("Give the table columns; it may be without rows, as a pyarrow Table made with a schema can be."),
    )


def columns_differ(asset: CompiledAsset, definition: PythonDefinition, problems: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "VP405",
        f"The table that `{definition.module}:{definition.function}` returned does not have the columns that "
        f"`{asset.address}` declares. {' '.join(problems)}",
        declared_at(asset),
        fix=Fix("Change the function or the declared columns, so that both say the same."),
    )


def batches_differ(asset: CompiledAsset, definition: PythonDefinition, problem: str) -> Diagnostic:
    return Diagnostic(
        "VP405",
        f"Not all batches that `{definition.module}:{definition.function}` returned for `{asset.address}` have the "
        f"columns of the first one. {problem}",
        declared_at(asset),
        fix=Fix("Make every batch with the same schema: `pyarrow.RecordBatch.from_pylist(rows, schema=…)`."),
    )


def code_changed(asset: Subject, definition: PythonDefinition) -> Diagnostic:
    return Diagnostic(
        "VP505",
        f"`{definition.module}:{definition.function}`, or code of the project that it uses, was edited after the plan "
        f"for `{asset.address}` was made: what runs would not be what was planned. Nothing of it was published.",
        declared_at(asset),
        fix=Fix("Apply again: it plans with the code as it is now."),
    )


def _named(error: BaseException) -> str:
    remote = remote_error(error)
    if remote is not None:
        return remote.named
    lines = traceback.format_exception_only(error)
    return "".join(lines).strip()


def _frames(error: BaseException, root: Path, redact: Redactor) -> tuple[str, ...]:
    """The user's own frames, outermost first, as Python prints them but with paths as the project knows them."""
    lines: list[str] = []
    for frame in _frames_of(error):
        if is_user_code(frame.filename, root):
            path = Path(frame.filename).relative_to(root).as_posix()
            lines.append(f'File "{path}", line {frame.lineno}, in {frame.name}')
            if frame.line:
                lines.append(f"    {redact(frame.line)}")
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and lines:
        lines.append(f"after {redact(_named(cause))}")
    return tuple(lines)


def _frames_of(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """Those of this process, and then those of the process of Ray's that it came from."""
    yield from traceback.extract_tb(error.__traceback__)
    remote = remote_error(error)
    for frame in () if remote is None else remote.frames:
        yield traceback.FrameSummary(frame.file, frame.line, frame.function, lookup_line=False, line=frame.text)
