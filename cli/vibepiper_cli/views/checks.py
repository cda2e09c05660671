"""Failed checks of a past run, with the rows they found."""

from __future__ import annotations

from collections.abc import Iterable

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.tables import render_table
from vibepiper_cli.views.words import count
from vibepiper_interpreter.run.result import CheckResult


def render_checks(checks: Iterable[CheckResult], paint: Paint) -> str:
    return "\n\n".join(_check(check, paint) for check in checks)


def _check(check: CheckResult, paint: Paint) -> str:
    role = "error" if check.severity == "error" else "warning"
    lines = [f"{paint(role, f'{role}[VP506]')}: {paint('strong', 'Check failed')}"]
    lines.append(f"  `{check.check}` of `{check.address}`: {check.detail}")
    if check.sample_rows:
        lines.append(render_table(check.sample_columns, check.sample_rows, paint, indent="    "))
        if check.failing > len(check.sample_rows):
            lines.append(f"    and {count(check.failing - len(check.sample_rows), 'row')} more")
    return "\n".join(lines)
