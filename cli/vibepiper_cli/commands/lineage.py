"""Finds an asset, a task or a column and draws its lineage."""

from __future__ import annotations

import re

from vibepiper_cli.addresses import find_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import compiled, stop_on_errors
from vibepiper_cli.views.lineage import lineage_json, render_lineage, render_mermaid
from vibepiper_interpreter.compile.column_graph import Lineage, asset_lineage, column_lineage
from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_spec.diagnostics import did_you_mean

# `shop.orders."unit.price"`: a dot in the name must not be taken for one that separates.
_QUOTED_COLUMN = re.compile(r'([^"]+)\."((?:[^"]|"")+)"')


def lineage(invocation: Invocation, name: str, environment: str, *, mermaid: bool) -> ExitStatus:
    known = compiled(invocation, environment)
    project = known.project
    stop_on_errors(known.diagnostics, invocation)
    found = _find(project, name)
    printer = invocation.printer
    if invocation.json:
        printer.json(lineage_json(found, project))
    elif mermaid:
        printer.data(render_mermaid(found))
    else:
        printer.data(render_lineage(found, project, printer.data_paint))
    return ExitStatus.OK


def _find(project: CompiledProject, name: str) -> Lineage:
    """`a.b` may be an asset of a pipeline or a column of an asset; assets go first."""
    quoted = _QUOTED_COLUMN.fullmatch(name)
    text, _, column = name.rpartition(".") if quoted is None else (quoted[1], ".", quoted[2].replace('""', '"'))
    if _is_known(name, project) or not _is_asset(text, project):
        return asset_lineage(project, find_asset(name, [*project.assets, *project.operators], called="asset or task"))
    address = find_asset(text, project.assets)
    columns = [found.name for found in project.assets[address].columns]
    for found in columns:
        if found.casefold() == column.casefold():
            return column_lineage(project, address, found)
    raise WrongUsage(f"`{address}` has no column `{column}`.{did_you_mean(column, columns)}")


def _is_known(text: str, project: CompiledProject) -> bool:
    return any(text.casefold() in (str(each), each.name) for each in (*project.assets, *project.operators))


def _is_asset(text: str, project: CompiledProject) -> bool:
    return any(text.casefold() in (str(address), address.name) for address in project.assets)
