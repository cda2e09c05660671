"""When something is due: by cron or every so often, through changes of the clock, and however late one looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.compile.compiled import Schedule
from vibepiper_interpreter.schedule.ticks import last_tick, next_tick


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ticks(schedule: Schedule, begin: str, end: str) -> list[str]:
    """Every tick after `begin` and until `end`, in the schedule's own wall time."""
    found, tick = [], next_tick(schedule, at(begin))
    while tick is not None and tick <= at(end):
        found.append(f"{tick.astimezone(at(begin).tzinfo):%H:%MZ}")
        tick = next_tick(schedule, tick)
    return found


BERLIN = "Europe/Berlin"


def test_the_wall_time_that_the_gap_leaves_out_is_made_up_for_when_it_ends() -> None:
    """On 2026-03-29 the clocks of Berlin went from 02:00 to 03:00, which is 01:00 UTC."""
    schedule = Schedule("30 2 * * *", BERLIN)
    assert ticks(schedule, "2026-03-28T00:00Z", "2026-03-30T12:00Z") == ["01:30Z", "01:00Z", "00:30Z"]
    assert last_tick(schedule, at("2026-03-29T00:59Z")) == at("2026-03-28T01:30Z")
    assert last_tick(schedule, at("2026-03-29T01:00Z")) == at("2026-03-29T01:00Z")


def test_the_wall_time_that_comes_twice_is_due_once() -> None:
    """On 2026-10-25 they went from 03:00 back to 02:00: 02:30 was at 00:30 UTC, and again at 01:30."""
    schedule = Schedule("30 2 * * *", BERLIN)
    assert ticks(schedule, "2026-10-24T12:00Z", "2026-10-26T12:00Z") == ["00:30Z", "01:30Z"]
    assert last_tick(schedule, at("2026-10-25T01:45Z")) == at("2026-10-25T00:30Z")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        pytest.param("2026-03-28T23:59Z", "2026-03-29T04:00Z", id="gap"),
        pytest.param("2026-10-24T23:59Z", "2026-10-25T04:00Z", id="overlap"),
    ],
)
def test_what_is_due_each_hour_is_due_each_hour_that_passes(begin: str, end: str) -> None:
    assert ticks(Schedule("30 * * * *", BERLIN), begin, end) == ["00:30Z", "01:30Z", "02:30Z", "03:30Z"]
    assert ticks(Schedule(every=3600), begin, end) == ["00:00Z", "01:00Z", "02:00Z", "03:00Z", "04:00Z"]


def test_a_tick_is_reached_the_moment_it_comes() -> None:
    schedule = Schedule("0 6 * * *")
    assert last_tick(schedule, at("2026-03-01T05:59:59.999999Z")) == at("2026-02-28T06:00Z")
    assert last_tick(schedule, at("2026-03-01T06:00Z")) == at("2026-03-01T06:00Z")
    assert next_tick(schedule, at("2026-03-01T06:00Z")) == at("2026-03-02T06:00Z")


def test_days_that_come_once_in_years() -> None:
    schedule = Schedule("0 0 29 2 *")
    assert last_tick(schedule, at("2028-02-28T12:00Z")) == at("2024-02-29T00:00Z")
    assert next_tick(schedule, at("2096-03-01T00:00Z")) == at("2104-02-29T00:00Z")


def test_every_so_often_is_counted_from_one_moment_for_all() -> None:
    assert last_tick(Schedule(every=7200), at("2026-03-01T03:59Z")) == at("2026-03-01T02:00Z")
    assert last_tick(Schedule(every=900), at("2026-03-01T03:15Z")) == at("2026-03-01T03:15Z")
    assert next_tick(Schedule(every=900), at("2026-03-01T03:15Z")) == at("2026-03-01T03:30Z")


schedules = st.sampled_from(
    [
        *(
            Schedule(cron, zone)
            for cron in ("30 2 * * *", "*/20 * * * *", "0 */2 * * *", "15 2,3 * * SUN", "0 0 1 * *")
            for zone in ("UTC", BERLIN, "America/New_York", "Australia/Lord_Howe")
        ),
        Schedule(every=5400),
    ]
)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
# Near to where clocks change.
turns = st.tuples(
    st.sampled_from(["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z"]),
    st.integers(-240, 240),
).map(lambda turn: at(turn[0]) + timedelta(minutes=turn[1]))


@given(schedules, st.one_of(moments, turns))
def test_between_the_last_tick_and_the_next_there_is_none(schedule: Schedule, now: datetime) -> None:
    last, following = last_tick(schedule, now), next_tick(schedule, now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert next_tick(schedule, last) == following
    assert last_tick(schedule, following) == following
    assert last_tick(schedule, following - timedelta(microseconds=1)) == last
