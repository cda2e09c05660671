"""Examines the machine and the project, and tells what it found."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.health import Finding, examine_machine, examine_project
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.printer import Paint
from vibepiper_cli.project import load
from vibepiper_cli.views.tables import aligned
from vibepiper_spec.diagnostics import DiagnosticError

_WORDS = {"ok": ("ok", "good"), "warning": ("look", "warning"), "error": ("BAD", "error")}


def doctor(invocation: Invocation) -> ExitStatus:
    findings = list(examine_machine())
    try:
        findings += examine_project(load(invocation))
    except DiagnosticError as error:
        findings += [
            Finding("project", "warning", found.detail, found.fix.title if found.fix else "")
            for found in error.diagnostics
        ]
    bad = any(finding.verdict == "error" for finding in findings)
    if invocation.json:
        values = [{"subject": f.subject, "verdict": f.verdict, "words": f.words, "fix": f.fix} for f in findings]
        invocation.printer.json({"healthy": not bad, "findings": values})
    else:
        invocation.printer.data(_render(findings, invocation.printer.data_paint))
    return ExitStatus.FAILED if bad else ExitStatus.OK


def _render(findings: list[Finding], paint: Paint) -> str:
    lines = []
    heads = aligned([(_WORDS[finding.verdict][0], finding.subject, "") for finding in findings])
    width = max(map(len, heads)) + 2
    for finding, head in zip(findings, heads, strict=True):
        word, role = _WORDS[finding.verdict]
        lines.append(f"{head.replace(word, paint(role, word), 1)}{' ' * (width - len(head))}{finding.words}")
        if finding.fix and finding.verdict != "ok":
            lines.append(f"{' ' * width}{finding.fix}")
    return "\n".join(lines)
