"""Lists past runs, or shows one."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import open_state_of
from vibepiper_cli.views.runs import record_json, render_record, render_runs, summary_json


def list_runs(invocation: Invocation, limit: int, environment: str | None) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        found = state.runs(limit, environment)
    if invocation.json:
        printer.json({"runs": [summary_json(run) for run in found]})
    elif found:
        printer.data(render_runs(found, printer.data_paint))
    else:
        printer.talk("No run yet. `vp apply` makes the first.")
    return ExitStatus.OK


def show_run(invocation: Invocation, run: str, *, events: bool) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        record = state.run(run)
    if invocation.json:
        printer.json(record_json(record))
    else:
        printer.data(render_record(record, printer.data_paint, events=events))
    return ExitStatus.OK
