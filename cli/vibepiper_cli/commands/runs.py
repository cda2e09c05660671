"""Lists past runs, shows one, or prints what its code told."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_cli.addresses import find_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.past_runs import NO_RUN, run_or_last
from vibepiper_cli.project import open_state_of
from vibepiper_cli.views.runs import TOLD, log_json, record_json, render_logs, render_record, render_runs, summary_json
from vibepiper_interpreter.item_address import owner


def list_runs(invocation: Invocation, limit: int, environment: str | None) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        found = state.runs(limit, environment)
    if invocation.json:
        printer.json({"runs": [summary_json(run) for run in found]})
    elif found:
        printer.data(render_runs(found, printer.data_paint))
    else:
        printer.talk(NO_RUN)
    return ExitStatus.OK


def show_run(invocation: Invocation, run: str | None, *, events: bool) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        record = run_or_last(state, run)
    if record is None:
        printer.talk(NO_RUN)
    elif invocation.json:
        printer.json(record_json(record))
    else:
        printer.data(render_record(record, printer.data_paint, events=events))
    return ExitStatus.OK


def show_logs(invocation: Invocation, run: str | None, names: Sequence[str]) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        record = run_or_last(state, run)
    if record is None:
        printer.talk(NO_RUN)
        return ExitStatus.OK
    of = [task.address for task in record.tasks]
    told = [event for event in record.events if event.type in TOLD]
    # An item of a task can be named as well as the task.
    items = {event.address for event in told if event.address is not None} - {*of}
    wanted = {find_asset(text, [*of, *items], called="asset or task in that run,") for text in names} or {*of}
    events = [event for event in told if event.address is not None and {event.address, owner(event.address)} & wanted]
    if invocation.json:
        printer.json({"run": record.summary.id, "logs": [log_json(event) for event in events]})
    elif events:
        printer.data(render_logs(events, printer.data_paint))
    else:
        printer.talk(f"Nothing was logged in run {record.summary.id}.")
    return ExitStatus.OK
