"""Finds the run that a person means."""

from __future__ import annotations

from vibepiper_cli.failure import WrongUsage
from vibepiper_interpreter.state import State
from vibepiper_interpreter.state.records import RunRecord

NO_RUN = "No run yet. `vp apply` makes the first."


def run_or_last(state: State, run: str | None) -> RunRecord | None:
    """The run whose id begins with `run`, or the last one; None where there was none yet. VP707."""
    if run is None:
        last = next(iter(state.runs(1, None)), None)
        if last is None:
            return None
        run = last.id
    return state.run(run)


def find_run(state: State, run: str, environment: str | None) -> RunRecord:
    """The run whose id begins with `run`, which must have been in `environment` where one is named. VP707."""
    record = state.run(run)
    if environment is not None and environment != record.summary.environment:
        raise WrongUsage(f"the run {record.summary.id} was in `{record.summary.environment}`, not in `{environment}`.")
    return record
