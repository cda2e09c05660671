"""Asks a run to stop, through the state, and waits until it has."""

from __future__ import annotations

import time

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.past_runs import find_run
from vibepiper_cli.project import open_state_of
from vibepiper_cli.views.runs import summary_json
from vibepiper_cli.views.words import seconds
from vibepiper_interpreter.state import State
from vibepiper_interpreter.state.owner import owner
from vibepiper_interpreter.state.records import RunSummary

_LOOK_EVERY = 0.25  # seconds


def cancel(invocation: Invocation, run: str | None, environment: str | None, wait: float) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        meant = _meant(state, run, environment)
        if meant is None:
            printer.talk(f"No run yet in `{environment or DEFAULT_ENVIRONMENT}`.")
            if invocation.json:
                printer.json({"run": None})
            return ExitStatus.OK
        began = time.monotonic()
        found = asked = state.ask_to_cancel(meant.id, owner())
        if asked.status == "running":
            printer.talk(f"Run {asked.id} in `{asked.environment}`, by {asked.owner}, was asked to stop.")
            found = _wait_for_its_end(state, asked, began + wait)
    printer.talk(_told(asked, found, time.monotonic() - began))
    if invocation.json:
        printer.json({"run": summary_json(found)})
    return ExitStatus.FAILED if found.status == "running" else ExitStatus.OK


def _meant(state: State, run: str | None, environment: str | None) -> RunSummary | None:
    if run is not None:
        return find_run(state, run, environment).summary
    return next(iter(state.runs(1, environment or DEFAULT_ENVIRONMENT)), None)


def _wait_for_its_end(state: State, run: RunSummary, until: float) -> RunSummary:
    while run.status == "running" and (left := until - time.monotonic()) > 0:
        time.sleep(min(_LOOK_EVERY, left))
        run = state.run_summary(run.id)
    return run


def _told(asked: RunSummary, found: RunSummary, took: float) -> str:
    match found.status:
        case "running":
            return (
                "It has not ended yet: a function that does not return is left behind after some seconds. `vp runs` "
                "tells when it has."
            )
        case "cancelled":
            ended = f"It has ended after {seconds(took)}" if asked.status == "running" else f"Run {found.id} has ended"
            return f"{ended}: cancelled. What was published by then stays, and what was finished is kept."
        case "interrupted":
            return (
                f"Run {found.id} in `{found.environment}` does not go on any more: its process is gone. What was "
                "finished is kept, and the next apply does the rest."
            )
        case _:
            return f"Run {found.id} in `{found.environment}` has ended by itself: {found.status}."
