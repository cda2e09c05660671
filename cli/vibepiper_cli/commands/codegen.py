"""Writes the project's stubs, or says what it would write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import BadSpecs
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.project import find_root
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import count
from vibepiper_codegen.stubs.generate import Generated, bring_up_to_date
from vibepiper_interpreter.state import applied_sources
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, has_errors

if TYPE_CHECKING:
    from vibepiper_codegen.annotate.annotate import Annotated
    from vibepiper_interpreter.compile.compiled import CompiledProject


class Annotator(Protocol):
    """See `vibepiper_codegen.annotate.annotate.annotate`."""

    def __call__(self, root: Path, project: CompiledProject, *, check: bool) -> Annotated: ...


def codegen(invocation: Invocation, *, check: bool, annotate: bool, force: bool) -> ExitStatus:
    root = find_root(invocation)
    annotator = _annotator() if annotate else None
    try:
        done, project = bring_up_to_date(root, DEFAULT_ENVIRONMENT, applied_sources, check=check, force=force)
        typed = None if annotator is None else annotator(root, project.project, check=check)
    except OSError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP008",
                f"`{error.filename}` cannot be written: {error.strerror}.",
                fix=Fix("Mend that, and run it again; the files that were written are whole."),
            )
        ) from error
    _tell(done, invocation, check=check)
    functions = () if typed is None else typed.functions
    for path, function in functions:
        invocation.printer.talk(f"{'Would annotate' if check else 'Annotated'} `{function}` in `{path}`")
    diagnostics = (*done.diagnostics, *(() if typed is None else typed.diagnostics))
    if has_errors(project.diagnostics):
        # What compiles has its stubs; what does not keeps those that it had.
        raise BadSpecs((*project.diagnostics, *diagnostics))
    show_diagnostics(diagnostics, invocation)
    if invocation.json:
        invocation.printer.json(
            {
                "written": done.written,
                "removed": done.removed,
                "unchanged": done.unchanged,
                "annotated": [{"path": path, "function": function} for path, function in functions],
                "diagnostics": [found.to_json() for found in diagnostics],
            }
        )
    differs = done.differs or functions
    return ExitStatus.FAILED if done.diagnostics or (check and differs) else ExitStatus.OK


def _annotator() -> Annotator:
    """Who annotates. It needs an extra; raises VP407."""
    try:
        from vibepiper_codegen.annotate.annotate import annotate
    except ImportError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP407",
                f"`--annotate` needs the package `{error.name}`, which is not installed here.",
                fix=Fix("Install it: `pip install 'vibepiper[codegen]'`."),
            )
        ) from error
    return annotate


def _tell(done: Generated, invocation: Invocation, *, check: bool) -> None:
    printer = invocation.printer
    wrote, removed = ("Would write", "Would remove") if check else ("Wrote", "Removed")
    for path in done.written:
        printer.talk(f"{wrote} `{path}`")
    for path in done.removed:
        printer.talk(f"{removed} `{path}`")
    changed = len(done.written) + len(done.removed)
    total = changed + done.unchanged + len(done.diagnostics)
    printer.talk(f"{count(changed, 'file')} of {total:,} {'would change' if check else 'changed'}.")
