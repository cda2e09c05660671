"""Does what is due, and shows it: each plan as it is made, each run as it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vibepiper_cli.commands.apply import apply_and_tell, refuse_two_results
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import BadSpecs, WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import find_root
from vibepiper_cli.returning import parse_moment
from vibepiper_cli.source_changes import changed_sources
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.due import due_json, render_due
from vibepiper_cli.views.events import begin_anew
from vibepiper_cli.views.plan import render_plan
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.schedule.run_due import BrokenSpecs, DueRun, Status, run_due
from vibepiper_interpreter.state import State
from vibepiper_spec import load_settings

if TYPE_CHECKING:
    from vibepiper_spec.model.execution import ExecutorKind

# Another apply that goes on is no mistake: what it leaves, the next call does.
_STATUSES: dict[Status, ExitStatus] = {
    "succeeded": ExitStatus.OK,
    "nothing": ExitStatus.OK,
    "planned": ExitStatus.OK,
    "busy": ExitStatus.OK,
    "failed": ExitStatus.FAILED,
    "cancelled": ExitStatus.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class RunHow:
    """What `vp run` was asked for, as it was typed."""

    at: str | None
    dry_run: bool
    executor: ExecutorKind | None
    workers: int | None
    quiet: bool
    events: str | None = None


def run(invocation: Invocation, environment: str, how: RunHow) -> ExitStatus:
    printer = invocation.printer
    refuse_two_results(invocation, how.events)
    begin_anew(how.events)
    root = find_root(invocation)
    settings = load_settings(root).running_on(how.executor, how.workers)

    def apply(plan: Plan, state: State) -> RunResult:
        if not how.quiet:
            printer.talk(render_plan(plan, printer.talk_paint) + "\n")
        return apply_and_tell(
            plan,
            state,
            root,
            settings,
            invocation,
            again=_again(environment),
            quiet=how.quiet,
            events=how.events,
            by_schedule=True,
        )

    try:
        done = run_due(root, environment, apply, at=_moment(how), dry_run=how.dry_run)
    except BrokenSpecs as error:
        raise BadSpecs(error.diagnostics + changed_sources(error.compiled, root)) from None
    _show(done, invocation, quiet=how.quiet)
    return _STATUSES[done.status]


def _moment(how: RunHow) -> datetime | None:
    if how.at is None:
        return None
    now = datetime.now(UTC)
    moment = parse_moment(how.at, now)
    if moment > now and not how.dry_run:
        # Intervals that are not over would be built as if they were, and never again.
        raise WrongUsage(f"`--at {how.at}` has not come yet; add `--dry-run` to see what will be due then.")
    return moment


def _again(environment: str) -> str:
    return "vp run" if environment == "dev" else f"vp run --env {environment}"


def _show(done: DueRun, invocation: Invocation, *, quiet: bool) -> None:
    printer = invocation.printer
    if done.status == "planned":
        printer.talk(render_due(done, printer.talk_paint) + "\n")
        if not invocation.json:
            printer.data(render_plan(done.rounds[0].plan, printer.data_paint))
    elif not done.rounds and not quiet:
        printer.talk(render_due(done, printer.talk_paint))
    if done.diagnostics:
        printer.talk()
        show_diagnostics(done.diagnostics, invocation)
    if done.status == "nothing" and not quiet:
        printer.talk("\nNothing is to be done.")
    elif done.status == "busy":
        printer.talk("\nNothing was done: another apply is at it. What it leaves is due the next time.")
    if invocation.json:
        printer.json(due_json(done))
