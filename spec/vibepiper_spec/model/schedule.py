"""`schedule`: when something is due."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, model_validator

from vibepiper_spec.model.duration import Duration, duration_seconds
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.spec_model import ShorthandModel

# Words for the usual cron expressions, as cron itself has them.
CRON_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def _cron(value: str) -> str:
    """Five fields that some moment fits."""
    from datetime import datetime

    from cronsim import CronSim, CronSimError  # only where a schedule is declared

    if value in CRON_WORDS:
        return value
    if len(value.split()) != 5:
        raise mistake(
            "VP109",
            f"`{value}` is no cron expression: it needs five fields (minute, hour, day, month, weekday).",
            "Write `0 6 * * *` for every day at six, for example, or `@hourly`, `@daily`, `@weekly`.",
        )
    try:
        next(CronSim(value, datetime(2024, 1, 1)))
    except CronSimError as error:
        raise mistake(
            "VP109",
            f"`{value}` is no cron expression: {str(error).lower()}.",
            "Its fields are minute (0-59), hour (0-23), day (1-31), month (1-12) and weekday (0-7, or MON-SUN).",
        ) from None
    except StopIteration:
        raise mistake(
            "VP109", f"No day of the next fifty years fits `{value}`.", "Write `0 6 * * *` for every day at six."
        ) from None
    return value


def _every(value: str) -> str:
    seconds = duration_seconds(value)
    if seconds is None or seconds < 60 or seconds % 60:
        raise mistake("VP109", f"`{value}` is no whole number of minutes.", "Write `15m`, `2h` or `7d`.")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise mistake("VP109", f"There is no time zone `{value}`.", "Write `Europe/Berlin` or `UTC`.") from None
    return value


class Schedule(ShorthandModel):
    """When something is due. A plain string is short for `cron`."""

    shorthand: ClassVar = "cron"

    cron: Annotated[str, AfterValidator(_cron)] | None = None
    """Five cron fields (minute, hour, day of the month, month, weekday), or `@hourly`, `@daily`, `@weekly`, `@monthly`,
    `@yearly`."""
    every: Annotated[Duration, AfterValidator(_every)] | None = None
    """How often, such as `15m` or `2h`; counted from midnight UTC of January 1st, 1970."""
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    """The time zone the cron fields are meant in, such as `Europe/Berlin`."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.cron is None and self.every is None:
            raise mistake(
                "VP104", "A schedule needs either `cron` or `every`.", 'Write `cron = "0 6 * * *"` or `every = "2h"`.'
            )
        if self.cron is not None and self.every is not None:
            raise mistake("VP110", "`cron` and `every` are two schedules.", "Remove one of the two.", key="every")
        if self.every is not None and "timezone" in self.model_fields_set:
            raise mistake(
                "VP110",
                "`every` counts on through changes of the clock, so a time zone says nothing of it.",
                'Remove it, or write `cron = "0 */2 * * *"`, for example.',
                key="timezone",
            )
        return self
