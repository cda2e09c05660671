"""Shows one asset or task: what its spec says, and what is published of it, or what it has done."""

from __future__ import annotations

from collections.abc import Container

import duckdb

from vibepiper_cli import planning
from vibepiper_cli.addresses import find_asset
from vibepiper_cli.asset_status import asset_status
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import BadSpecs
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.lost_files import lost_files
from vibepiper_cli.mistakes import declared, declared_tasks, mistakes_of
from vibepiper_cli.reading import Rows, fetch
from vibepiper_cli.task_status import task_status
from vibepiper_cli.views.asset import asset_json, render_asset
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.source_text import SourceText
from vibepiper_cli.views.task import render_task, task_json
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.run.reading import open_warehouse
from vibepiper_interpreter.run.warehouse import files_in_reach
from vibepiper_interpreter.state.operator_past import OperatorPast
from vibepiper_interpreter.storage import Storage
from vibepiper_spec import load_settings
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def show(invocation: Invocation, name: str, environment: str, rows: int) -> ExitStatus:
    planned = planning.survey(invocation, environment)
    with planned.state as state:
        loaded, project = planned.loaded, planned.project
        assets = {*project.assets, *state.pointers(environment), *(set() if loaded is None else declared(loaded))}
        tasks = {*project.operators, *(set() if loaded is None else declared_tasks(loaded))}
        tasks |= {address for address, _ in state.sight(environment).operator_results()} - assets
        address = find_asset(name, assets | tasks, called="asset or task")
        if address in tasks:
            return _show_task(address, planned, invocation, environment)
        _tell_mistakes(address, planned, invocation, compiled=project.assets, known=state.pointers(environment))
        status = asset_status(address, project, planned.plan, state, environment)
        sample = _sample(address, planned, environment, rows) if status.published and rows else None
    printer = invocation.printer
    if invocation.json:
        printer.json(asset_json(status, sample))
    else:
        printer.data(render_asset(status, sample, environment, printer.data_paint))
    return ExitStatus.OK


def _show_task(address: Address, planned: planning.Survey, invocation: Invocation, environment: str) -> ExitStatus:
    status = task_status(address, planned.project, planned.plan, planned.state, environment)
    known = () if status.past == OperatorPast() else (address,)
    _tell_mistakes(address, planned, invocation, compiled=planned.project.operators, known=known)
    printer = invocation.printer
    if invocation.json:
        printer.json(task_json(status))
    else:
        printer.data(render_task(status, environment, printer.data_paint))
    return ExitStatus.OK


def _tell_mistakes(
    address: Address,
    planned: planning.Survey,
    invocation: Invocation,
    *,
    compiled: Container[Address],
    known: Container[Address],
) -> None:
    """What is wrong with what is not `compiled` for it. Where nothing else is `known` of it, the verb ends there."""
    if planned.loaded is None or address in compiled:
        return
    if address not in declared(planned.loaded) | declared_tasks(planned.loaded):
        return
    source = SourceText(planned.root, invocation.texts)
    own = mistakes_of(address, planned.diagnostics, planned.loaded, source)
    if address not in known:
        # Where it has none itself, it reads an asset that has.
        raise BadSpecs(own or planned.diagnostics)
    show_diagnostics(own, invocation)
    if own:
        invocation.printer.talk()


def _sample(address: Address, planned: planning.Survey, environment: str, limit: int) -> Rows:
    settings = load_settings(planned.root)
    warehouse = ensure_warehouse(planned.root, settings, planned.state, environment)
    reach = files_in_reach(planned.root, settings, planned.state, environment)
    with open_warehouse(warehouse, reach) as connection:
        try:
            return fetch(connection, f"from {quote(address.pipeline)}.{quote(address.name)}", limit)
        except duckdb.Error as error:
            raise DiagnosticError(_unreadable(connection, address, planned, environment, error)) from error


def _unreadable(
    connection: duckdb.DuckDBPyConnection,
    address: Address,
    planned: planning.Survey,
    environment: str,
    error: duckdb.Error,
) -> Diagnostic:
    """A view may read others, so any of them may be what is lost; a source may be read in place."""
    settings = load_settings(planned.root)
    _, published, _ = planned.state.published(environment)
    failure = engine_failure(error)
    candidates = [published[address], *(each for other, each in published.items() if other != address)]
    storage = Storage(planned.root / settings.storage.path)
    if lost := lost_files(connection, failure, candidates, storage, planned.root):
        return lost
    return Diagnostic(
        "VP507",
        f"The rows of `{address}` cannot be read: {failure.message.replace(f'{planned.root}/', '')}.",
        fix=Fix(f"See what has changed with `vp plan`; `vp show {address} --rows 0` shows the rest."),
    )
