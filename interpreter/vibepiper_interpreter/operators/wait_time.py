"""`[task.wait.time.NAME]`: waits until a moment, a time of day, or for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vibepiper_interpreter.operators.call import Call, Done, NotYet


@dataclass(frozen=True, slots=True)
class WaitTimeSettings:
    """One of the three."""

    moment: datetime | None = None  # with its zone
    time_of_day: time | None = None  # of the day on which the run was planned, in `time_zone`
    delay: float | None = None  # seconds since the task was first asked
    time_zone: str = "UTC"


def wait_time(call: Call, settings: WaitTimeSettings) -> Done | NotYet:
    """Whether the moment has come. Output: `at`, the moment that was waited for."""
    moment = moment_of(call, settings)
    now = datetime.now(UTC)
    if now >= moment:
        return Done({"at": moment})
    return NotYet(f"it waits until {moment.isoformat(timespec='seconds')}", (moment - now).total_seconds())


def moment_of(call: Call, settings: WaitTimeSettings) -> datetime:
    """What is waited for, in UTC. A time of day that clocks skip on that day is as late as if they had not."""
    if settings.moment is not None:
        return settings.moment.astimezone(UTC)
    if settings.delay is not None:
        return call.began + timedelta(seconds=settings.delay)
    assert settings.time_of_day is not None
    zone = ZoneInfo(settings.time_zone)
    day = call.now.astimezone(zone).date()
    return datetime.combine(day, settings.time_of_day, zone).astimezone(UTC)
