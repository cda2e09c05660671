"""Finds the run that a person means."""

from __future__ import annotations

from vibepiper_cli.failure import WrongUsage
from vibepiper_interpreter.state import State
from vibepiper_interpreter.state.records import RunRecord


def find_run(state: State, run: str, environment: str | None) -> RunRecord:
    """The run whose id begins with `run`, which must have been in `environment` where one is named. VP707."""
    record = state.run(run)
    if environment is not None and environment != record.summary.environment:
        raise WrongUsage(f"the run {record.summary.id} was in `{record.summary.environment}`, not in `{environment}`.")
    return record
