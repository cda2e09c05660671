"""Writes a test of an asset from rows that are published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import compiled, find_root, stop_on_errors
from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject
from vibepiper_interpreter.compile.compiled_operator import USUAL_NOW
from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows
from vibepiper_interpreter.plan.selection import select
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.run.reading import open_warehouse
from vibepiper_interpreter.run.trials.run_tests import Surroundings, trial_worker
from vibepiper_interpreter.run.trials.sampling import Sample, as_spec, comparable, sample
from vibepiper_interpreter.run.trials.trial import Trial, trial_session, try_asset
from vibepiper_interpreter.run.warehouse import files_in_reach
from vibepiper_interpreter.state import open_state
from vibepiper_spec.address import Address
from vibepiper_spec.fmt.write import write_text
from vibepiper_spec.load.project import load_settings
from vibepiper_spec.load.scan import PIPELINE_SUFFIX


def new_test(invocation: Invocation, words: Sequence[str], environment: str, rows: int, out: Path | None) -> ExitStatus:
    root, printer = find_root(invocation), invocation.printer
    if out is not None and (out.exists() or not out.name.endswith(PIPELINE_SUFFIX)):
        why = "is there already" if out.exists() else f"does not end in `{PIPELINE_SUFFIX}`, so nobody would read it"
        raise WrongUsage(f"`{out}` {why}; nothing was written. Name another file.")
    known = compiled(invocation, environment)
    stop_on_errors(known.diagnostics, invocation)
    asset = _asset(known.project, words)
    found = _sample(root, environment, known.project, asset, rows)
    around = Surroundings(root, load_settings(root), environment, known.project.variables)
    trial = Trial(asset, _queries(known.project, asset, found), USUAL_NOW, values=found.values)
    with trial_worker(around, lambda *_: None, python=asset.kind == "python") as session:  # noqa: SIM117
        with session.attempt(asset.address, 1), trial_session(session, trial) as inner:
            came = comparable(try_asset(inner, trial))
    text = write_text(as_spec(asset, found, came, _free_name(known.project, asset.address)))
    if out is None:
        printer.data(text.rstrip("\n"))
        return ExitStatus.OK
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    printer.talk(f"Wrote `{out}`. Its rows are real ones: look whether they may be kept.")
    printer.talk(f"`vp test {asset.address}` runs it.")
    return ExitStatus.OK


def _asset(project: CompiledProject, words: Sequence[str]) -> CompiledAsset:
    if len(words) != 1:
        raise WrongUsage("name one asset: `vp test new ASSET`.")
    named = [project.assets[each] for each in select(project, (), words) if each in project.assets]
    if len(named) != 1:
        raise WrongUsage(f"`{words[0]}` names {len(named)} assets; write one as `pipeline.asset`.")
    if named[0].kind == "source":
        raise WrongUsage(f"`{named[0].address}` is a source: it is made of nothing that could be given.")
    return named[0]


def _sample(root: Path, environment: str, project: CompiledProject, asset: CompiledAsset, rows: int) -> Sample:
    settings = load_settings(root)
    with open_state(root, settings) as state:
        published = state.pointers(environment)
        wanted = [*(read.address for read in asset.inputs), asset.address]
        if missing := [address for address in wanted if address not in published]:
            raise WrongUsage(f"`{missing[0]}` is not published in `{environment}`: `vp apply` makes it first.")
        warehouse = ensure_warehouse(root, settings, state, environment)
        reach = files_in_reach(root, settings, state, environment)
    with open_warehouse(warehouse, reach) as connection:
        return sample(connection, asset, rows)


def _queries(project: CompiledProject, asset: CompiledAsset, found: Sample) -> dict[Address, str]:
    """What the asset is given: the rows of the sample, and NULL in the columns that it does not use."""
    queries: dict[Address, str] = {}
    for address, table in found.given.items():
        places = {name: number for number, (name, _) in enumerate(table.columns)}
        columns = tuple((each.name, each.type) for each in project.assets[address].columns) or table.columns
        rows = tuple(tuple(row[places[name]] if name in places else None for name, _ in columns) for row in table.rows)
        queries[address] = GivenRows(columns, rows).query()
    if asset.own is not None:
        queries[asset.address] = GivenRows(tuple((each.name, each.type) for each in asset.columns), ()).query()
    return queries


def _free_name(project: CompiledProject, asset: Address) -> str:
    """`daily_revenue_holds`, with a number where there is one of that name."""
    number, name = 1, f"{asset.name}_holds"
    while Address(asset.pipeline, name) in project.operators or Address(asset.pipeline, name) in project.assets:
        number += 1
        name = f"{asset.name}_holds_{number}"
    return name
