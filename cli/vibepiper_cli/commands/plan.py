"""Makes a plan and shows it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from vibepiper_cli import planning
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.planning import NOTHING_ASKED, Planned
from vibepiper_cli.views.plan import render_plan
from vibepiper_cli.views.plan_json import plan_json
from vibepiper_cli.views.plan_markdown import render_markdown
from vibepiper_interpreter.plan import save_plan
from vibepiper_interpreter.plan.asked import Asked


def plan(
    invocation: Invocation,
    selection: Sequence[str],
    environment: str,
    *,
    as_of: str | None,
    out: Path | None,
    detailed_exitcode: bool,
    markdown: bool = False,
    asked: Asked = NOTHING_ASKED,
) -> ExitStatus:
    if markdown and invocation.json:
        raise WrongUsage("`--json` and `--markdown` are two forms of one plan; leave one out.")
    if as_of is None:
        planned = planning.make(invocation, environment, selection, asked)
    elif selection or asked != NOTHING_ASKED:
        raise WrongUsage("`--as-of` takes the whole environment back; leave out what selects or asks for more.")
    else:
        # Here, because going back looks at files, which brings the engine; what only plans must not wait for it.
        from vibepiper_cli.returning import as_of_plan

        planned = as_of_plan(invocation, as_of, environment)
    planned.close()
    return show_and_save(planned, invocation, out, detailed_exitcode=detailed_exitcode, markdown=markdown)


def show_and_save(
    planned: Planned,
    invocation: Invocation,
    out: Path | None,
    *,
    detailed_exitcode: bool = False,
    markdown: bool = False,
) -> ExitStatus:
    """The end of every verb that plans and does not apply."""
    printer = invocation.printer
    if out is not None:
        save_plan(planned.plan, out)
    if invocation.json:
        diagnostics = [found.to_json() for found in planned.diagnostics]
        printer.json({**plan_json(planned.plan), "diagnostics": diagnostics})
    elif markdown:
        printer.data(render_markdown(planned.plan, planned.diagnostics))
    else:
        printer.data(render_plan(planned.plan, printer.data_paint))
    if out is not None:
        printer.talk(f"\nSaved. To do exactly this:\n\n  vp apply {shlex.quote(str(out))}")
    if detailed_exitcode and not planned.plan.empty:
        return ExitStatus.CHANGES_PENDING
    return ExitStatus.OK
