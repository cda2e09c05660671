"""A declared schedule as the runner takes it: cron words spelled out, durations in seconds."""

from __future__ import annotations

from vibepiper_interpreter.compile.compiled import Schedule
from vibepiper_spec.model.duration import duration_seconds
from vibepiper_spec.model.schedule import CRON_WORDS
from vibepiper_spec.model.schedule import Schedule as DeclaredSchedule


def schedule_of(declared: DeclaredSchedule | None) -> Schedule | None:
    if declared is None:
        return None
    if declared.every is not None:
        return Schedule(every=int(duration_seconds(declared.every) or 0))
    assert declared.cron is not None  # the model has looked
    return Schedule(CRON_WORDS.get(declared.cron, declared.cron), declared.timezone)
