"""Lists past runs, shows one, or prints what its code told."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_cli.addresses import find_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import open_state_of
from vibepiper_cli.views.runs import TOLD, log_json, record_json, render_logs, render_record, render_runs, summary_json


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


def show_logs(invocation: Invocation, run: str | None, assets: Sequence[str]) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        latest = next(iter(state.runs(1, None)), None)
        if latest is None:
            printer.talk("No run yet. `vp apply` makes the first.")
            return ExitStatus.OK
        record = state.run(run or latest.id)
    of = [task.address for task in record.tasks]
    wanted = {find_asset(text, of) for text in assets} or {*of}
    events = [event for event in record.events if event.type in TOLD and event.address in wanted]
    if invocation.json:
        printer.json({"run": record.summary.id, "logs": [log_json(event) for event in events]})
    elif events:
        printer.data(render_logs(events, printer.data_paint))
    else:
        printer.talk(f"Nothing was logged in run {record.summary.id}.")
    return ExitStatus.OK
