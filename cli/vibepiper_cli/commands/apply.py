"""Applies a plan: shows it, asks, runs it, tells how it ended."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_cli import planning
from vibepiper_cli.consent import agreed, typed
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.planning import NOTHING_ASKED, Planned
from vibepiper_cli.protection import chosen, require_no_review
from vibepiper_cli.spec_places import SpecPlaces
from vibepiper_cli.stubs_kept_fresh import keep_stubs_fresh
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.events import STDOUT, begin_anew, event_file
from vibepiper_cli.views.plan import render_plan
from vibepiper_cli.views.progress import progress
from vibepiper_cli.views.run_json import run_json
from vibepiper_cli.views.summary import render_summary
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run import apply_plan
from vibepiper_interpreter.run.bad_rows import check_failed
from vibepiper_interpreter.run.events import Event, Listener
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.state.owner import owner
from vibepiper_spec import load_settings
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State
    from vibepiper_spec.model.execution import ExecutorKind
    from vibepiper_spec.model.settings import ProjectSettings

# What no asset is likely to be called.
_FILE_SUFFIXES = (".vpplan", ".plan", ".json", ".toml", ".txt")
_STATUSES = {
    "succeeded": ExitStatus.OK,
    "failed": ExitStatus.FAILED,
    "cancelled": ExitStatus.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class How:
    """How to apply, whatever the plan."""

    yes: bool
    executor: ExecutorKind | None
    workers: int | None
    wait: float  # seconds
    quiet: bool
    events: str | None = None  # where they are written, as it was typed


def apply(
    invocation: Invocation,
    selection: Sequence[str],
    environment: str | None,
    how: How,
    asked: Asked = NOTHING_ASKED,
) -> ExitStatus:
    refuse_two_results(invocation, how.events)
    file = _plan_file(selection)
    if file is None:
        name = environment or DEFAULT_ENVIRONMENT
        require_no_review(invocation, name, f"vp plan{chosen(name)} --out {name}.vpplan", f"vp apply {name}.vpplan")
        keep_stubs_fresh(invocation, quiet=how.quiet)
        planned = _make(invocation, name, selection, asked)
    elif asked != NOTHING_ASKED:
        raise WrongUsage("a saved plan says itself what is done; leave out `--from`, `--to` and `--rebuild`.")
    elif environment is not None:
        raise WrongUsage("a saved plan names its environment itself; leave out `--env`, or plan again with it.")
    else:
        planned = planning.read(invocation, file)
    with planned:
        return carry_out(planned, invocation, how, again=None if file is None else _plan_anew(planned.plan, file))


def _make(invocation: Invocation, environment: str, selection: Sequence[str], asked: Asked) -> Planned:
    try:
        return planning.make(invocation, environment, selection, asked)
    except DiagnosticError as error:
        names_nothing = [found.code for found in error.diagnostics] == ["VP207"]
        if names_nothing and len(selection) == 1 and Path(selection[0]).suffix in _FILE_SUFFIXES:
            return planning.read(invocation, Path(selection[0]))  # says that there is no such file
        raise


def _plan_anew(plan: Plan, file: Path) -> str:
    """A plan file is of one use: once something has changed, it has to be made again."""
    name = shlex.quote(str(file))
    words = "".join(f" {shlex.quote(word)}" for word in (*plan.selection, *plan.asked))
    return f"vp plan{words}{chosen(plan.environment)} --out {name} && vp apply {name}"


def carry_out(planned: Planned, invocation: Invocation, how: How, *, again: str | None = None) -> ExitStatus:
    """Show the plan, ask, run it, tell how it ended: the end of every verb that publishes.

    `again` goes on after a failure, where that is not what was typed.
    """
    printer = invocation.printer
    plan = planned.plan
    if not how.quiet or plan.empty:
        printer.talk(render_plan(plan, printer.talk_paint) + ("" if plan.empty else "\n"))
    if plan.empty:
        if invocation.json:
            printer.json({"status": "succeeded", "environment": plan.environment, "run": None, "tasks": []})
        return ExitStatus.OK
    assert planned.state is not None
    settings = load_settings(planned.root).running_on(how.executor, how.workers)
    if not how.yes and not agreed(invocation, "Apply this?"):
        if invocation.json:
            printer.json({"status": "not applied", "environment": plan.environment, "run": None, "tasks": []})
        return ExitStatus.FAILED
    again = again or typed(invocation)
    begin_anew(how.events)
    result = apply_and_tell(
        plan,
        planned.state,
        planned.root,
        settings,
        invocation,
        again=again,
        quiet=how.quiet,
        events=how.events,
        wait=how.wait,
    )
    if invocation.json:
        printer.json(run_json(result, plan))
    return _STATUSES[result.status]


def apply_and_tell(
    plan: Plan,
    state: State,
    root: Path,
    settings: ProjectSettings,
    invocation: Invocation,
    *,
    again: str,
    quiet: bool,
    events: str | None = None,
    wait: float = 0,
    by_schedule: bool = False,
) -> RunResult:
    """Run `plan` before the eyes of whoever looks on, and tell how it ended. `again` goes on after a failure."""
    places = SpecPlaces(root, plan)
    with (
        _cancel_on_interrupt(invocation) as cancel,
        progress(len(plan.actions), invocation.printer, quiet=quiet) as show,
        event_file(events, invocation.printer) as write,
    ):
        result = apply_plan(
            plan,
            root=root,
            settings=settings,
            state=state,
            owner=owner(),
            listener=_each(show, write),
            wait=wait,
            cancel=cancel,
            by_schedule=by_schedule,
        )
    _tell(result, plan, places, invocation, again)
    return result


def refuse_two_results(invocation: Invocation, events: str | None) -> None:
    """stdout holds one thing: either the result as one JSON document, or the events as lines."""
    if invocation.json and events == STDOUT:
        raise WrongUsage("`--json` and `--events -` would both write to stdout; let the events go to a file.")


def _each(*listeners: Listener) -> Listener:
    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell


def _tell(result: RunResult, plan: Plan, places: SpecPlaces, invocation: Invocation, again: str) -> None:
    printer = invocation.printer
    diagnostics = _diagnostics(result, plan, places)
    printer.talk()
    show_diagnostics(diagnostics, invocation)
    if diagnostics:
        printer.talk()
    printer.talk(render_summary(result, plan, printer.talk_paint))
    if result.status != "succeeded":
        printer.talk(
            f"\nWhat was not published stays as it was. Once mended, this goes on with what is left:\n\n  {again}"
        )


def _diagnostics(result: RunResult, plan: Plan, places: SpecPlaces) -> list[Diagnostic]:
    """All there is to tell, each failed check with its rows. (A task has diagnostics of its own only if it failed.)"""
    told = [found for found in result.diagnostics if found.code != "VP506"]
    for task in result.tasks:
        told += [_at_the_function(found, task.address, places) for found in task.diagnostics if found.code != "VP506"]
    for task in result.tasks:
        for check in task.checks:
            if not check.passed:
                found = check_failed(plan.assets[check.address], check)
                told.append(replace(found, place=places.of_check(check) or found.place))
    return told


def _at_the_function(found: Diagnostic, address: Address, places: SpecPlaces) -> Diagnostic:
    """What a Python asset's function did wrong stands at the key that names it."""
    if found.code not in ("VP404", "VP405", "VP406", "VP407"):
        return found
    return replace(found, place=places.at(address, "function") or found.place)


def _plan_file(selection: Sequence[str]) -> Path | None:
    """The plan file, where one was given: an argument that names an existing file, and no asset pattern ever does."""
    if len(selection) != 1:
        return None
    path = Path(selection[0])
    looks_like_file = path.suffix == ".vpplan" or len(path.parts) > 1
    return path if path.is_file() or looks_like_file else None


@contextmanager
def _cancel_on_interrupt(invocation: Invocation) -> Iterator[threading.Event]:
    """Ctrl-C asks the run to end in order; a second one ends the process at once, which loses nothing either."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def interrupt(number: int, frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        invocation.printer.talk("\nStopping: what runs is cancelled, nothing more is published. Again to end at once.")

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
