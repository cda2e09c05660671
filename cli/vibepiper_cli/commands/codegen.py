"""Writes the project's stubs, or says what it would write."""

from __future__ import annotations

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


def codegen(invocation: Invocation, *, check: bool, force: bool) -> ExitStatus:
    root = find_root(invocation)
    try:
        done, project = bring_up_to_date(root, DEFAULT_ENVIRONMENT, applied_sources, check=check, force=force)
    except OSError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP008",
                f"`{error.filename}` cannot be written: {error.strerror}.",
                fix=Fix("Mend that, and run it again; the files that were written are whole."),
            )
        ) from error
    _tell(done, invocation, check=check)
    if has_errors(project.diagnostics):
        # What compiles has its stubs; what does not keeps those that it had.
        raise BadSpecs((*project.diagnostics, *done.diagnostics))
    show_diagnostics(done.diagnostics, invocation)
    if invocation.json:
        invocation.printer.json(
            {
                "written": done.written,
                "removed": done.removed,
                "unchanged": done.unchanged,
                "diagnostics": [found.to_json() for found in done.diagnostics],
            }
        )
    return ExitStatus.FAILED if done.diagnostics or (check and done.differs) else ExitStatus.OK


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
