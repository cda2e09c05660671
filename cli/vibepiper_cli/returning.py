"""Makes plans that go back: to before a run, or to a time. The specs are not looked at, but for `vp.toml`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from vibepiper_cli.duration import parse_duration
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.past_runs import find_run
from vibepiper_cli.planning import Planned
from vibepiper_cli.project import load_for_state, stop_on_unknown_environment
from vibepiper_interpreter.plan import plan_as_of, plan_undo
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.relations import changed_file
from vibepiper_interpreter.state import State, open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile, Stored


def undo_plan(invocation: Invocation, run: str | None, environment: str | None, default: str) -> Planned:
    """Back to before `run`, in its own environment; to before the last one that published, if none is named."""

    def plan(state: State, has: Callable[[Stored], bool], unchanged: Callable[[Sequence[SourceFile]], bool]) -> Plan:
        if run is None:
            return plan_undo(state, environment or default, None, storage_has=has, files_unchanged=unchanged)
        found = find_run(state, run, environment).summary
        return plan_undo(state, found.environment, found.id, storage_has=has, files_unchanged=unchanged)

    return _planned(invocation, environment or default, plan)


def as_of_plan(invocation: Invocation, time: str, environment: str) -> Planned:
    """Back to what was published at a time."""
    moment = parse_moment(time, datetime.now(UTC))
    return _planned(
        invocation,
        environment,
        lambda state, has, unchanged: plan_as_of(
            state, environment, moment, storage_has=has, files_unchanged=unchanged
        ),
    )


def parse_moment(text: str, now: datetime) -> datetime:
    """A date, a time, or how long ago; without a zone it is UTC.

    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> parse_moment("2h 30m", noon).isoformat()
    '2026-03-01T09:30:00+00:00'
    >>> parse_moment("2026-02-01 08:00", noon).isoformat()
    '2026-02-01T08:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now - timedelta(seconds=parse_duration(text))
        except (WrongUsage, OverflowError):
            raise WrongUsage(
                f"`{text}` is no time. Write `2026-03-01`, `2026-03-01 08:00` (UTC), `2026-03-01T08:00+01:00`, or how "
                "long ago: `2h`, `3d`."
            ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


_MakePlan = Callable[[State, Callable[[Stored], bool], Callable[[Sequence[SourceFile]], bool]], Plan]


def _planned(invocation: Invocation, environment: str, make: _MakePlan) -> Planned:
    project = load_for_state(invocation).project
    stop_on_unknown_environment(project.settings, environment)
    state = open_state(project.root, project.settings)
    try:
        storage = Storage(project.root / project.settings.storage.path)
        plan = make(state, storage.has, lambda files: changed_file(project.root, tuple(files)) is None)
    except BaseException:
        state.close()
        raise
    return Planned(plan, project.root, state, ())
