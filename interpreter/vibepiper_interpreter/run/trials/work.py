"""How many rows a query handles on the way to its result: what its speed hangs on, and the same on every machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import SqlDefinition
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, parameter_literals
from vibepiper_interpreter.run.failures import engine_diagnostic
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.trials.trial import Trial, shown_of, task_of
from vibepiper_spec.diagnostics import DiagnosticError

# Steps of DuckDB's that hand on rows which another step has counted.
_OF_THE_PROFILE = frozenset({"RESULT_COLLECTOR", "EXPLAIN_ANALYZE"})


@dataclass(frozen=True, slots=True)
class Step:
    """An operator of the engine's plan, the rows it gave, and what it did in a few words."""

    name: str
    rows: int
    about: str


@dataclass(frozen=True, slots=True)
class Work:
    """The steps of a query, the last one first."""

    steps: tuple[Step, ...]

    @property
    def rows(self) -> int:
        """Rows that all steps together have given."""
        return sum(step.rows for step in self.steps)


def measure_work(session: RunSession, trial: Trial) -> Work:
    """Run the asset's query with the engine's profiler. Raises DiagnosticError where it fails, ValueError for an asset
    that is none of SQL."""
    asset = task_of(trial).asset
    if not isinstance(asset.definition, SqlDefinition):
        raise ValueError(f"`{asset.address}` is no SQL asset, and nobody counts the rows in a function")
    given = (*asset.definition.values, *trial.values.items())
    literals = parameter_literals(asset.definition.parameters, given, trial.now)
    query = fill_parameters(asset.definition.query, literals).text
    cursor = session.cursor()
    try:
        with session.relations.shown_as(cursor, asset.address.pipeline, shown_of(trial)):
            rows = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT json) {query}").fetchall()
    except duckdb.Error as error:
        raise DiagnosticError(engine_diagnostic(session, asset, error)) from error
    profile = json.loads(rows[0][1])
    return Work(tuple(step for top in profile["operator"] for step in _steps(top)))


def _steps(node: Mapping[str, Any]) -> Iterator[Step]:
    if node["type"] not in _OF_THE_PROFILE:
        about = {name: value for name, value in node.get("extra_info", {}).items() if name != "Estimated Cardinality"}
        said = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in about.values()]
        yield Step(node["name"].strip(), int(node["intermediate_rows"]), " ".join(" ".join(said).split()))
    for child in node.get("children", ()):
        yield from _steps(child)
