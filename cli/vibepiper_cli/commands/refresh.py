"""Tells what moved behind our back since it was published."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import load_for_state, stop_on_unknown_environment
from vibepiper_cli.views.refresh import refresh_json, render_refresh
from vibepiper_interpreter.plan.refresh import refresh
from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.storage import Storage


def refresh_only(invocation: Invocation, environment: str, *, detailed_exitcode: bool) -> ExitStatus:
    printer = invocation.printer
    project = load_for_state(invocation).project
    stop_on_unknown_environment(project.settings, environment)
    path = project.settings.storage.path
    with open_state(project.root, project.settings) as state:
        storage = Storage.look(project.root / path, state.id, path)
        found = refresh(project.root, state, environment, storage.missing)
    if invocation.json:
        printer.json(refresh_json(found))
    else:
        printer.data(render_refresh(found, printer.data_paint))
    return ExitStatus.CHANGES_PENDING if detailed_exitcode and found.moved else ExitStatus.OK
