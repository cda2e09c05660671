"""The moments at which a schedule is due.

Cron fields are meant in the wall time of their zone, and changes of the clock are taken as Debian's cron takes them
(the library `cronsim` says how): what names an hour is due once on every day, also where the clock leaves that hour out
(then when the gap ends) or shows it twice (then the first time); what is due in every hour is due in every hour that
really passes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from vibepiper_interpreter.compile.compiled import Schedule

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def last_tick(schedule: Schedule, now: datetime) -> datetime | None:
    """The latest tick that is not after `now`, in UTC; None where there never was one."""
    if schedule.every:
        every = timedelta(seconds=schedule.every)
        return _BEGINNING + (now - _BEGINNING) // every * every
    # Ticks fall on whole minutes, and looking back leaves out the moment from which one looks.
    return _first(schedule, _minute(now) + timedelta(minutes=1), back=True)


def next_tick(schedule: Schedule, now: datetime) -> datetime | None:
    """The first tick after `now`, in UTC; None where no year to come has one."""
    if schedule.every:
        every = timedelta(seconds=schedule.every)
        return _BEGINNING + ((now - _BEGINNING) // every + 1) * every
    return _first(schedule, _minute(now), back=False)


def _first(schedule: Schedule, moment: datetime, *, back: bool) -> datetime | None:
    local = moment.astimezone(ZoneInfo(schedule.timezone))
    found = next(CronSim(schedule.cron, local, reverse=back), None)
    return None if found is None else found.astimezone(UTC)


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
