"""Makes a plan and shows it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from vibepiper_cli import planning
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.views.plan import render_plan
from vibepiper_cli.views.plan_json import plan_json
from vibepiper_interpreter.plan import save_plan


def plan(
    invocation: Invocation, selection: Sequence[str], environment: str, *, out: Path | None, detailed_exitcode: bool
) -> ExitStatus:
    printer = invocation.printer
    planned = planning.make(invocation, environment, selection)
    planned.state.close()
    if out is not None:
        save_plan(planned.plan, out)
    if invocation.json:
        diagnostics = [found.to_json() for found in planned.diagnostics]
        printer.json({**plan_json(planned.plan), "diagnostics": diagnostics})
    else:
        printer.data(render_plan(planned.plan, printer.data_paint))
    if out is not None:
        printer.talk(f"\nSaved. To do exactly this:\n\n  vp apply {shlex.quote(str(out))}")
    if detailed_exitcode and not planned.plan.empty:
        return ExitStatus.CHANGES_PENDING
    return ExitStatus.OK
