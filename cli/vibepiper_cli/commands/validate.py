"""Tells every mistake in the specs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vibepiper_cli.adoptions import unmatched_adoptions
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import compiled
from vibepiper_cli.source_changes import changed_sources
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import count
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, has_errors

# text: for people, on stderr, which the other ones add to. github: annotations. sarif: for code scanners.
Format = Literal["text", "json", "github", "sarif"]


def validate(invocation: Invocation, environment: str, format: Format, *, strict: bool) -> ExitStatus:
    try:
        known = compiled(invocation, environment)
    except DiagnosticError as error:
        _hand_over(error.diagnostics, invocation, format)
        raise
    project, diagnostics = known.project, known.diagnostics
    if has_errors(diagnostics) and invocation.root is not None:
        diagnostics += changed_sources(known, invocation.root)
    if invocation.root is not None:
        diagnostics += unmatched_adoptions(project, invocation.root)
    tests = sum(operator.tests is not None for operator in project.operators.values())
    failed = has_errors(diagnostics) or (strict and bool(diagnostics))
    show_diagnostics(diagnostics, invocation)
    _hand_over(diagnostics, invocation, format)
    if invocation.json:
        found = [diagnostic.to_json() for diagnostic in diagnostics]
        invocation.printer.json(
            {
                "valid": not failed,
                "assets": len(project.assets),
                "tasks": len(project.operators) - tests,
                "tests": tests,
                "diagnostics": found,
            }
        )
    if failed:
        return ExitStatus.BAD_SPECS
    pipelines = {address.pipeline for address in project.assets}
    pipelines |= {address.pipeline for address in project.operators}
    kinds = (("asset", len(project.assets)), ("task", len(project.operators) - tests), ("test", tests))
    first, *others = (count(number, kind) for kind, number in kinds if number or kind == "asset")
    and_others = f"{', '.join(['', *others[:-1]])} and {others[-1]}" if others else ""
    counted = f"{first}{and_others} in {count(len(pipelines), 'pipeline')}"
    invocation.printer.talk(f"Valid: {counted}.")
    return ExitStatus.OK


def _hand_over(diagnostics: Sequence[Diagnostic], invocation: Invocation, format: Format) -> None:
    """The same diagnostics for the tools around a repository."""
    root = invocation.root or invocation.directory
    match format:
        case "github":
            from vibepiper_cli.views.github import github_annotations

            invocation.printer.lines(github_annotations(diagnostics, root))
        case "sarif":
            from vibepiper_cli.views.sarif import sarif

            invocation.printer.json(sarif(diagnostics, root))
