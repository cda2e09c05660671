"""Applies again what a run did not bring to its end: a selection of its assets, planned by the specs of now."""

from __future__ import annotations

from vibepiper_cli.commands.apply import How, apply
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.past_runs import find_run
from vibepiper_cli.project import load_for_state
from vibepiper_cli.views.words import conjunction, count, listed
from vibepiper_interpreter.state import State, open_state
from vibepiper_interpreter.state.records import RunRecord


def retry(invocation: Invocation, run: str | None, environment: str | None, how: How) -> ExitStatus:
    printer = invocation.printer
    project = load_for_state(invocation).project
    with open_state(project.root, project.settings) as state:
        record = _record(state, run, environment)
        known = set() if record is None else {*state.pointers(record.summary.environment)}
    if record is None:
        return _nothing(invocation, environment or DEFAULT_ENVIRONMENT, "No run yet. `vp apply` makes the first.")
    known.update(declared.address for declared in project.assets)
    known.update(declared.address for declared in project.tasks)
    of, where = record.summary.id, record.summary.environment
    left = [task.address for task in record.tasks if not task.published]
    if not left:
        return _nothing(invocation, where, f"Nothing is left to do of run {of}: all of it was published.")
    gone = [str(address) for address in left if address not in known]
    if gone and not how.quiet:
        printer.talk(f"Not in the specs any more, and left out: {listed(gone)}.\n")
    if len(gone) == len(left):
        return _nothing(invocation, where, f"Nothing is left to do of run {of}: what failed is not there any more.")
    words = [str(address) for address in left if address in known]
    if not how.quiet:
        tasks = len({str(declared.address) for declared in project.tasks}.intersection(words))
        counted = ((len(words) - tasks, "asset"), (tasks, "task"))
        told = conjunction([count(number, noun) for number, noun in counted if number])
        printer.talk(f"Left to do of run {of} in `{where}`: {told}.\n")
    return apply(invocation, words, where, how)


def _record(state: State, run: str | None, environment: str | None) -> RunRecord | None:
    if run is None:
        found = state.runs(1, environment or DEFAULT_ENVIRONMENT)
        return state.run(found[0].id) if found else None
    return find_run(state, run, environment)


def _nothing(invocation: Invocation, environment: str, words: str) -> ExitStatus:
    if invocation.json:
        invocation.printer.json({"status": "succeeded", "environment": environment, "run": None, "tasks": []})
    else:
        invocation.printer.talk(words)
    return ExitStatus.OK
