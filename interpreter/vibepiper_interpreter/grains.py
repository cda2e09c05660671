"""The arithmetic of intervals: which one a time lies in, how many there are, and which of them are over.

All times are wall times without an offset. Every interval has a number, so many of them cost no more than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from vibepiper_interpreter.storage.slices import Range, Ranges, merged

if TYPE_CHECKING:
    # The models are slow to import, and who only plans does without.
    from vibepiper_spec.model.build import Grain

_MINUTES = {
    "minute": 1,
    "five_minutes": 5,
    "quarter_hour": 15,
    "half_hour": 30,
    "hour": 60,
    "day": 24 * 60,
    "week": 7 * 24 * 60,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_WORDS = {"five_minutes": "five minutes", "quarter_hour": "a quarter of an hour", "half_hour": "half an hour"}
# Where counting begins: a Monday, the first day of a month, a quarter and a year.
_FIRST = datetime(1, 1, 1)
_BELOW_MONTH = ("second", "minute", "hour", "day")
# Clocks are never set back further, nor twice within it.
_LONGEST_STEP_BACK = timedelta(hours=25)
_NAMED = 3  # stretches of time that a sentence names before it only counts


def number(wall: datetime, grain: Grain) -> int:
    """The number of the interval that `wall` lies in.

    >>> number(datetime(2024, 3, 1), "month") - number(datetime(2024, 2, 29, 23, 59), "month")
    1
    """
    if grain in _MONTHS:
        return (12 * (wall.year - _FIRST.year) + wall.month - 1) // _MONTHS[grain]
    return (wall - _FIRST) // timedelta(minutes=_MINUTES[grain])


def begin(interval: int, grain: Grain) -> datetime:
    """When the interval of that number begins; the end of time where that lies beyond it."""
    try:
        if grain in _MONTHS:
            years, months = divmod(interval * _MONTHS[grain], 12)
            return datetime(_FIRST.year + years, months + 1, 1)
        return _FIRST + interval * timedelta(minutes=_MINUTES[grain])
    except (OverflowError, ValueError):
        return _FIRST if interval < 0 else datetime.max


def numbered(interval: int, grain: Grain) -> Range:
    """The interval of that number."""
    return Range(begin(interval, grain), begin(interval + 1, grain))


def number_sql(time: str, grain: Grain) -> str:
    """`number` as SQL, of an expression of type TIMESTAMP."""
    if grain in _MONTHS:
        return f"(12 * (year({time}) - {_FIRST.year}) + month({time}) - 1) // {_MONTHS[grain]}"
    before_1970 = (datetime(1970, 1, 1) - _FIRST) // timedelta(microseconds=1)
    return f"(epoch_us({time}) + {before_1970}) // {_MINUTES[grain] * 60_000_000}"


def floor(wall: datetime, grain: Grain) -> datetime:
    """When the interval begins that `wall` lies in.

    >>> floor(datetime(2024, 1, 4, 15), "week")
    datetime.datetime(2024, 1, 1, 0, 0)
    """
    return begin(number(wall, grain), grain)


def ceil(wall: datetime, grain: Grain) -> datetime:
    """The first moment from `wall` on at which an interval begins."""
    below = floor(wall, grain)
    return below if below == wall else shift(below, grain, 1)


def shift(wall: datetime, grain: Grain, intervals: int) -> datetime:
    """The begin of the interval so many intervals after the one that `wall` lies in."""
    return begin(number(wall, grain) + intervals, grain)


def count(ranges: Iterable[Range], grain: Grain) -> int:
    """How many intervals these ranges, which begin and end where intervals do, hold."""
    return sum(number(each.end, grain) - number(each.start, grain) for each in ranges)


def in_words(intervals: int, grain: Grain) -> str:
    """`1 day`, `31 days`, `12 intervals of five minutes`."""
    if grain in _WORDS:
        return f"{intervals:,} interval{'' if intervals == 1 else 's'} of {_WORDS[grain]}"
    return f"{intervals:,} {grain}{'' if intervals == 1 else 's'}"


def stretches(ranges: Sequence[Range]) -> str:
    """`2024-01-01 to 2024-02-01`; of many the first ones."""
    named = [f"{moment(each.start)} to {moment(each.end)}" for each in ranges[:_NAMED]]
    if len(ranges) > _NAMED:
        named.append(f"{len(ranges) - _NAMED:,} more stretches")
    return ", ".join(named)


def moment(wall: datetime) -> str:
    """A wall time as short as it can be told: a date, where it is midnight."""
    return str(wall.date()) if wall.time() == time() else f"{wall:%Y-%m-%d %H:%M}"


def aligned(ranges: Iterable[Range], grain: Grain) -> Ranges:
    """The intervals that `ranges` touch."""
    return merged(
        Range(floor(each.start, grain), shift(each.end - timedelta(microseconds=1), grain, 1)) for each in ranges
    )


def cut(ranges: Iterable[Range], grain: Grain, most: int | None) -> Iterator[Range]:
    """The same intervals in order, at most `most` at once."""
    for each in ranges:
        first, last = number(each.start, grain), number(each.end, grain)
        step = most or last - first
        for start in range(first, last, step):
            yield Range(begin(start, grain), begin(min(start + step, last), grain))


def batches(ranges: Iterable[Range], grain: Grain, most: int | None) -> int:
    """How many pieces `cut` makes of them."""
    return sum(-(-count([each], grain) // most) if most else 1 for each in ranges)


def fits(months: int, rest: timedelta, grain: Grain, intervals: int) -> bool:
    """Whether months and a length of time are never longer than so many intervals."""
    if grain not in _MONTHS:
        return months == 0 and rest <= intervals * timedelta(minutes=_MINUTES[grain])
    left = intervals * _MONTHS[grain] - months
    return left >= 0 and rest <= left * timedelta(days=28)


def divides(unit: str, grain: Grain) -> bool:
    """Whether no interval begins within a `unit` of time, as `date_trunc` calls it.

    >>> divides("day", "month"), divides("week", "month")
    (True, False)
    """
    if grain in _MONTHS:
        return unit in _BELOW_MONTH or (unit in _MONTHS and _MONTHS[grain] % _MONTHS[unit] == 0)
    return unit in ("week", *_BELOW_MONTH) and _MINUTES[grain] % max(_MINUTES.get(unit, 1), 1) == 0


def longer(ranges: Iterable[Range], grain: Grain, intervals: int) -> Ranges:
    """With so many intervals behind each: those that look back at it."""
    return merged(Range(each.start, shift(each.end, grain, intervals)) for each in ranges)


def settled(now: datetime, time_zone: str) -> datetime:
    """The wall time that no instant from `now` (UTC) on comes before.

    It is the time on the clock, but before the clock is set back: what it will show again is not over.

    >>> settled(datetime(2024, 10, 27, 0, 30, tzinfo=UTC), "Europe/Berlin")
    datetime.datetime(2024, 10, 27, 2, 0)
    """
    zone = ZoneInfo(time_zone)

    def wall(instant: datetime) -> datetime:
        return instant.astimezone(zone).replace(tzinfo=None, fold=0)

    now = now.astimezone(UTC)
    found = wall(now)
    hour = timedelta(hours=1)
    for hours in range(int(_LONGEST_STEP_BACK / hour)):
        before, after = now + hours * hour, now + (hours + 1) * hour
        if wall(after) - wall(before) < hour:
            found = min(found, wall(_step_back(before, after, zone)))
    return found


def _step_back(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second between these at which the offset is that of `after`."""
    offset = after.astimezone(zone).utcoffset()
    second = timedelta(seconds=1)
    while after - before > second:
        middle = before + ((after - before) // 2 // second) * second
        middle = max(middle, before + second)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0) if after.microsecond else after
