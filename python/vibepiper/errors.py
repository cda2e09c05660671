"""What goes wrong, as Python sees it; the words are those of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from vibepiper.results import RunReport


class SpecError(Exception):
    """The project has mistakes, or what is asked for cannot be done. `diagnostics` are all there are."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(_line(found) for found in self.diagnostics if found.severity == "error"))


class RunFailed(Exception):
    """Something of a run failed; `report` tells what, and what was published all the same."""

    def __init__(self, report: RunReport) -> None:
        self.report = report
        failed = [each for each in report.tasks if each.outcome == "failed"]
        told = [found for each in failed for found in each.diagnostics] + list(report.diagnostics)
        super().__init__("\n".join([f"run {report.run_id}: {report.status}", *map(_line, told)]))


def _line(found: Diagnostic) -> str:
    at = "" if found.place is None else f"{found.place.path}:{found.place.range.start_line}: "
    fix = "" if found.fix is None else f" {found.fix.title}"
    return f"{at}{found.code}: {found.detail}{fix}"


class AssetFailed(SpecError):
    """An asset could not be made of the rows that a test gave; the cause is what its own code raised, if that did."""
