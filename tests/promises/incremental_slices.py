"""Days and months, and the settings of what is built by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

START = datetime(2024, 1, 1)


def month_after(day: datetime) -> datetime:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def floor(time: datetime, grain: str) -> datetime:
    day = datetime(time.year, time.month, time.day)
    return day if grain == "day" else day.replace(day=1)


def next_after(time: datetime, grain: str) -> datetime:
    return time + timedelta(days=1) if grain == "day" else month_after(time)


@dataclass
class Slices:
    """The settings of an asset that is built by interval."""

    grain: str = "day"
    start: datetime = START
    end: datetime | None = None

    def build(self, lookback: int = 0) -> str:
        end = f", end = {self.end.isoformat()}" if self.end else ""
        back = f", lookback = {lookback}" if lookback else ""
        return (
            f'{{ mode = "interval", column = "time", grain = "{self.grain}", '
            f"start = {self.start.isoformat()}{end}{back} }}"
        )

    def wanted(self, now: datetime) -> list[tuple[datetime, datetime]]:
        found = []
        begin = floor(self.start, self.grain)
        while (until := next_after(begin, self.grain)) <= now and (self.end is None or begin < self.end):
            found.append((begin, until))
            begin = until
        return found
