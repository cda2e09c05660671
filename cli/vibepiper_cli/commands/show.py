"""Shows one asset: what its spec says, what is published of it, and its first rows."""

from __future__ import annotations

from vibepiper_cli import planning
from vibepiper_cli.addresses import find_asset
from vibepiper_cli.asset_status import asset_status
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.reading import Rows, fetch, open_warehouse
from vibepiper_cli.views.asset import asset_json, render_asset
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.run.warehouse import files_in_reach
from vibepiper_spec import load_settings
from vibepiper_spec.address import Address


def show(invocation: Invocation, asset: str, environment: str, rows: int) -> ExitStatus:
    planned = planning.survey(invocation, environment)
    with planned.state as state:
        address = find_asset(asset, {*planned.project.assets, *state.pointers(environment)})
        status = asset_status(address, planned.project, planned.plan, state, environment)
        sample = _sample(address, planned, environment, rows) if status.published and rows else None
    printer = invocation.printer
    if invocation.json:
        printer.json(asset_json(status, sample))
    else:
        printer.data(render_asset(status, sample, environment, printer.data_paint))
    return ExitStatus.OK


def _sample(address: Address, planned: planning.Survey, environment: str, limit: int) -> Rows:
    settings = load_settings(planned.root)
    warehouse = ensure_warehouse(planned.root, settings, planned.state, environment)
    reach = files_in_reach(planned.root, settings, planned.state, environment)
    with open_warehouse(warehouse, reach) as connection:
        return fetch(connection, f"from {quote(address.pipeline)}.{quote(address.name)}", limit)
