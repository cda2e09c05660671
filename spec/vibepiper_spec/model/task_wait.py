"""`[task.wait.KIND.NAME]`: tasks that wait for something, and hold no worker meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from vibepiper_spec.model.connection import DATABASES
from vibepiper_spec.model.duration import Duration, duration_seconds
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import describe_type
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_http import RequestKeys


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise mistake("VP109", f"`{value}` is no time zone.", "Write one as `Europe/Berlin` or `UTC`.") from None
    return value


def _moment(value: Any) -> str:
    """A time, or a date and time, of TOML or as text; always ISO text here."""
    if isinstance(value, datetime | time):
        found: datetime | time = value
    elif isinstance(value, str):
        try:
            found = time.fromisoformat(value) if ":" in value[:3] else datetime.fromisoformat(value)
        except ValueError:
            raise mistake("VP109", f"`{value}` is no time.", "Write `06:30`, or `2026-03-01T06:30:00Z`.") from None
    else:
        raise mistake(
            "VP103",
            f"Expected a time, or a date and time, found {describe_type(value)}.",
            "Write `06:30:00`, or `2026-03-01T06:30:00Z`.",
        )
    return found.isoformat()


_FORMATS = ("date-time", "date-time-local", "time-local")
_MOMENT_SCHEMA = {"anyOf": [{"type": "string"}, *({"type": "string", "format": each} for each in _FORMATS)]}
Moment = Annotated[str, BeforeValidator(_moment), WithJsonSchema(_MOMENT_SCHEMA)]


def _pause(value: str) -> str:
    seconds = duration_seconds(value)
    if seconds is not None and seconds < _LEAST_PAUSE:
        words = f"`{value}` is too short: who looks without a pause keeps the machine busy with nothing else."
        raise mistake("VP109", words, "Write at least `10ms`; `1s` is soon enough for most.")
    return value


_LEAST_PAUSE = 0.01  # seconds


class WaitTask(TaskModel):
    """What every task that waits has. It is asked again and again, and holds no worker in between."""

    every: Annotated[Duration, AfterValidator(_pause)] = "30s"
    """How often it looks; not more often than every 10 ms."""
    on_timeout: Literal["fail", "skip"] = "fail"
    """What becomes of it when `timeout` is over: it has failed, or is skipped with the tasks after it."""


class FileWait(WaitTask):
    """Waits until files are there. Outputs: `path`, the first of them, and `files`, how many they are."""

    text_keys: ClassVar = ("path",)
    own_outputs: ClassVar = {"path": "varchar", "files": "bigint"}

    path: Annotated[str, Field(min_length=1)]
    """A file, or a pattern with `*`, `?` or `**`, relative to `vp.toml`; `$name` stands for a value."""
    min_size: Annotated[int, Field(ge=0)] = 0
    """How many bytes each of them has at least."""
    unchanged_for: Duration | None = None
    """For how long nobody has written to any of them, such as `1m`."""


class SqlWait(WaitTask):
    """Waits until a query is true: it gives a row, and where that is one value, it is not false, 0 or NULL."""

    connectors: ClassVar = DATABASES

    connection: str
    """The name of a connection to a database, as `vp.toml` declares it."""
    query: Annotated[str, Field(min_length=1)]
    """A query in the SQL of that database, which only reads; `$name` is a bound value. Outputs: its first row."""

    def statements(self) -> Mapping[tuple[str | int, ...], str]:
        return {("query",): self.query}


class HttpWait(RequestKeys, WaitTask):
    """Waits until a service answers as expected (extra `http`). Outputs as those of `[task.http.NAME]`."""

    own_outputs: ClassVar = {"status": "bigint"}

    def texts(self) -> Mapping[str, Any]:
        return self.request_texts()


class AssetWait(WaitTask):
    """Waits until an asset is published, here or in another environment. Output: `published_at`."""

    own_outputs: ClassVar = {"published_at": "timestamp"}

    asset: str
    """The asset, `asset` or `pipeline.asset`."""
    environment: str | None = None
    """Where it is to be published; in the environment of the run if not set."""
    newer_than: Duration | None = None
    """How long ago it may have been published at most, such as `1d`."""


class TimeWait(WaitTask):
    """Waits until a time of day, a moment, or for a while. Output: `at`."""

    own_outputs: ClassVar = {"at": "timestamp"}

    at: Moment | None = None
    """A time of the day on which the run was planned, such as `06:30`, or a date and time."""
    delay: Duration | None = None
    """How long it waits, such as `10m`."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Whose clocks `at` means where it names no zone, such as `Europe/Berlin`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> TimeWait:
        if self.at is None and self.delay is None:
            raise mistake("VP104", "Neither `at` nor `delay` is set.", 'Add `at = "06:30"`, or `delay = "10m"`.')
        if self.at is not None and self.delay is not None:
            raise mistake("VP110", "`at` and `delay` both say when.", "Remove one of the two.", key="delay")
        return self
