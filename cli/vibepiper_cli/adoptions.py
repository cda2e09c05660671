"""Files that are to be taken over, and are not there: an apply would find that out, and a check of the specs can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_interpreter.connectors.file import find_files
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def unmatched_adoptions(project: CompiledProject, root: Path) -> tuple[Diagnostic, ...]:
    """VP501 and VP502 as warnings: whether the files have been taken over already, only an environment can tell."""
    found: list[Diagnostic] = []
    for address, adoption in project.adoptions.items():
        try:
            find_files(root, adoption.paths)
        except DiagnosticError as error:
            for each in error.diagnostics:
                told = [] if each.fix is None else [each.fix.title]
                told.append(f"If every environment shows `{address}` already, the block has done its work and can go.")
                found.append(replace(each, severity="warning", place=adoption.place, fix=Fix(" ".join(told))))
    return tuple(found)
