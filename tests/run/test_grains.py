"""Laws of the arithmetic of intervals, in Python and in the engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.grains import (
    aligned,
    batches,
    begin,
    count,
    cut,
    floor,
    number,
    number_sql,
    settled,
    shift,
)
from vibepiper_interpreter.storage.slices import Range, merged
from vibepiper_spec.model.build import Grain

grains = st.sampled_from(get_args(Grain))
times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@settings(deadline=None)
@given(times, grains)
def test_a_time_lies_in_its_interval(time: datetime, grain: Grain) -> None:
    interval = number(time, grain)
    assert begin(interval, grain) <= time < begin(interval + 1, grain)
    assert floor(floor(time, grain), grain) == floor(time, grain)
    assert shift(time, grain, 1) == begin(interval + 1, grain)


@settings(deadline=None)
@given(times, grains)
def test_the_engine_counts_alike(time: datetime, grain: Grain) -> None:
    interval = number_sql(f"TIMESTAMP '{time.isoformat(' ')}'", grain)
    assert duckdb.sql(f"SELECT {interval}").fetchall() == [(number(time, grain),)]


@settings(deadline=None)
@given(st.lists(st.tuples(times, st.timedeltas(timedelta(minutes=1), timedelta(days=900))), max_size=3))
def test_batches_are_the_same_intervals(pairs: list[tuple[datetime, timedelta]]) -> None:
    for grain in ("day", "week", "month", "quarter", "year"):
        ranges = aligned([Range(start, start + length) for start, length in pairs], grain)
        for most in (1, 3, None):
            pieces = list(cut(ranges, grain, most))
            assert merged(pieces) == ranges
            assert len(pieces) == batches(ranges, grain, most)
            assert count(pieces, grain) == count(ranges, grain)
            assert all(most is None or count([piece], grain) <= most for piece in pieces)


def test_weeks_begin_on_monday() -> None:
    assert floor(datetime(2024, 2, 29, 13), "week") == datetime(2024, 2, 26)


def test_minutes_since_1970_cost_nothing() -> None:
    everything = [Range(datetime(1970, 1, 1), datetime(2030, 1, 1))]
    assert count(everything, "five_minutes") == 6_311_520
    assert next(cut(everything, "five_minutes", 1)).end == datetime(1970, 1, 1, 0, 5)


@settings(deadline=None)
@given(st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1)), zones, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_nothing_comes_before_what_is_settled(now: datetime, zone: str, later: timedelta) -> None:
    now = now.replace(tzinfo=UTC)
    found = settled(now, zone)
    assert found <= (now + later).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert found <= settled(now + later, zone)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2024, 10, 27, 0, 30), datetime(2024, 10, 27, 2)),  # 02:30, and in half an hour it is 02:00 again
        (datetime(2024, 10, 27, 1, 30), datetime(2024, 10, 27, 2, 30)),  # 02:30 for the second time
        (datetime(2024, 3, 31, 1, 0), datetime(2024, 3, 31, 3)),  # there is no 02:30
        (datetime(2024, 6, 1, 22, 0), datetime(2024, 6, 2)),
    ],
)
def test_an_hour_that_comes_twice_is_over_after_the_second_time(now: datetime, expected: datetime) -> None:
    assert settled(now.replace(tzinfo=UTC), "Europe/Berlin") == expected
