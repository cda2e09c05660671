"""Compares what two environments show."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_cli.addresses import find_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import load_for_state, stop_on_unknown_environment
from vibepiper_cli.views.diff import ComparedRows, diff_json, render_diff
from vibepiper_interpreter.diff import compare_data, compare_published
from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.storage import Storage


def diff(
    invocation: Invocation, left: str, right: str, assets: Sequence[str], *, data: bool, detailed_exitcode: bool
) -> ExitStatus:
    if left == right:
        raise WrongUsage(f"`{left}` shows what it shows; name two environments.")
    project = load_for_state(invocation).project
    for environment in (left, right):
        stop_on_unknown_environment(project.settings, environment)
    with open_state(project.root, project.settings) as state:
        known = {*state.pointers(left), *state.pointers(right)}
        only = {find_asset(asset, known) for asset in assets} or None
        found = compare_published(state, left, right, only)
        rows: ComparedRows = {}
        if data:
            storage = Storage(project.root / project.settings.storage.path)
            rows = {
                each.address: compared for each, compared in compare_data(found.assets, project.root, storage, state)
            }
    printer = invocation.printer
    if invocation.json:
        printer.json(diff_json(found, rows))
    else:
        printer.data(render_diff(found, rows, printer.data_paint))
    return ExitStatus.CHANGES_PENDING if detailed_exitcode and found.assets else ExitStatus.OK
