"""Makes an asset of rows that are given to it, in an engine of its own that sees nothing else."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import CompiledAsset, SqlDefinition
from vibepiper_interpreter.engines.duckdb.cte_queries import cte_query
from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue, fill_parameters, parameter_literals
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect, literal
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.failures import engine_diagnostic
from vibepiper_interpreter.run.relations import Relations
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.tasks.slice_rows import slice_rows
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.run.trials.compare import Table
from vibepiper_interpreter.run.trials.fetching import fetch
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError


@dataclass(frozen=True, slots=True)
class Trial:
    """An asset, and all that it sees. `given`: by input a SELECT that gives its rows."""

    asset: CompiledAsset
    given: Mapping[Address, str]
    now: datetime  # UTC
    # Of those that are others than in the environment.
    variables: Mapping[str, Any] = field(default_factory=dict)
    # Which interval or partition is made.
    values: Mapping[str, ParameterValue] = field(default_factory=dict)


@contextmanager
def trial_session(session: RunSession, trial: Trial) -> Iterator[RunSession]:
    """A session like `session`, in which time stands still, and no table is there. What stops `session` stops it."""
    scratch = Path(tempfile.mkdtemp(prefix="vp-trial-"))
    connection = connect(
        SessionSettings(threads=1, writing_threads=0, temp_directory=scratch, allowed_directories=(scratch,)),
        now=trial.now,
    )
    try:
        yield replace(
            session,
            connection=connection,
            now=trial.now,
            variables={**session.variables, **trial.variables},
            relations=Relations(session.storage, session.root, trial.now, {}, SmallTables()),
            scratch=scratch,
            _local=threading.local(),
        )
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


def try_asset(session: RunSession, trial: Trial) -> Table:
    """What the asset is made of these rows. Raises DiagnosticError where it fails, as it would in a run."""
    task = task_of(trial)
    file = session.scratch / "result.parquet"
    try:
        with slice_rows(session, task, trial.values, shown_of(trial)) as rows:
            rows.write(file, file.name)
    except duckdb.Error as error:
        raise DiagnosticError(engine_diagnostic(session, task.asset, error)) from error
    found = fetch(session.cursor(), f"SELECT * FROM read_parquet({literal(str(file))}, hive_partitioning = false)")
    file.unlink()
    return found


def try_cte(session: RunSession, trial: Trial, name: str) -> Table:
    """The rows of a common table expression of the asset's query. Raises DiagnosticError."""
    asset = task_of(trial).asset
    assert isinstance(asset.definition, SqlDefinition)
    given = (*asset.definition.values, *trial.values.items())
    literals = parameter_literals(asset.definition.parameters, given, trial.now)
    query = fill_parameters(cte_query(asset.definition.query, name), literals).text
    cursor = session.cursor()
    try:
        with session.relations.shown_as(cursor, asset.address.pipeline, shown_of(trial)):
            return fetch(cursor, query)
    except duckdb.Error as error:
        raise DiagnosticError(engine_diagnostic(session, asset, error)) from error


def task_of(trial: Trial) -> Task:
    """Makes the asset, with the variables of the trial."""
    asset = trial.asset
    definition = asset.definition
    if isinstance(definition, SqlDefinition) and trial.variables:
        values = tuple((name, trial.variables.get(name, value)) for name, value in definition.values)
        asset = replace(asset, definition=replace(definition, values=values))
    return Task(Action(asset.address, "create", (), ()), asset, inputs={}, confirmed={}, keeps=None, existing=None)


def shown_of(trial: Trial) -> Mapping[Address, str]:
    """What is given, as relations for a FROM clause."""
    return {address: f"({query})" for address, query in trial.given.items()}
