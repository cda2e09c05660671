"""A history is what came, replayed: every state of every key, with the times between which it held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Generic, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.run.conftest import Project
from tests.run.deltas import NULL, Row, Table, session_in
from tests.run.test_merge_laws import VALUES

from vibepiper_interpreter.compile.build_settings import History
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas import changes, history
from vibepiper_spec.diagnostics import DiagnosticError

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, RunSession]]:
    project = Project(tmp_path_factory.mktemp("history") / "project")
    with session_in(project) as session:
        yield project, session
    project.close()


def hour(number: int) -> datetime:
    return BEGIN + timedelta(hours=number)


R = TypeVar("R")


@dataclass
class State(Generic[R]):
    row: R
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Step:
    """All rows as they are at `now`, by key; and the share above which a delta is folded."""

    now: datetime
    rows: dict[str, tuple[str, datetime | None]]
    share: float


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, bool, list[Step]]:
    kind = draw(st.sampled_from(sorted(VALUES)))
    timed = draw(st.booleans())
    found = []
    clock = 5
    for _ in range(draw(st.integers(2, 6))):
        # Clocks are set back, too.
        clock += draw(st.sampled_from([1, 1, 1, 2, 0, -2]))
        rows: dict[str, tuple[str, datetime | None]] = {}
        for key in draw(st.sets(st.sampled_from(["'a'", "'b'", "'c'"]))):
            at = draw(st.one_of(st.none(), st.integers(0, 12))) if timed else None
            rows[key] = draw(st.sampled_from(VALUES[kind])), None if at is None else hour(at)
        found.append(Step(hour(clock), rows, draw(st.sampled_from([0.0, 0.3, 1000.0]))))
    return kind, timed, found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trial=steps())
def test_a_history_is_what_came_replayed(
    world: tuple[Project, RunSession], monkeypatch: pytest.MonkeyPatch, trial: tuple[str, bool, list[Step]]
) -> None:
    kind, timed, found = trial
    columns = [("key", "VARCHAR"), ("value", kind), *([("at", "TIMESTAMP WITH TIME ZONE")] if timed else [])]
    table = Table.of(*world, columns, History(("key",), "at" if timed else None, "since", "until"))
    expected: dict[str, list[State[Row]]] = {}
    for step in found:
        monkeypatch.setattr(changes, "FOLD_ABOVE", step.share)
        before = _texts(expected)
        came: list[Row] = [
            (key, value, *(["NULL" if at is None else f"'{at}'"] if timed else []))
            for key, (value, at) in step.rows.items()
        ]
        table.now = step.now
        replay(
            expected,
            dict(zip(step.rows, table.texts(came), strict=True)),
            {key: at or step.now for key, (_, at) in step.rows.items()},
            step.now,
        )
        began = table.version is None
        assert table.bring(came) == (began or _texts(expected) != before)
        assert table.rows() == _texts(expected)
    for states in expected.values():
        assert all(state.until is not None and state.since <= state.until for state in states[:-1])
        assert all(one.until <= other.since for one, other in pairwise(states) if one.until)


def replay(
    expected: dict[str, list[State[R]]], rows: Mapping[str, R], since: Mapping[str, datetime], now: datetime
) -> None:
    for key, states in expected.items():
        if key not in rows and states[-1].until is None:
            states[-1].until = max(now, states[-1].since)
    for key, row in rows.items():
        states = expected.setdefault(key, [])
        at = since[key]
        if not states:
            states.append(State(row, at))
            continue
        last = states[-1]
        if last.until is not None:
            if at < last.until:
                at = max(now, last.until)
            if at == last.since:
                states.pop()  # it never held
            states.append(State(row, at))
        elif last.row != row:
            if at < last.since:
                at = max(now, last.since)
            if at == last.since:
                last.row = row
            else:
                last.until = at
                states.append(State(row, at))


def _texts(expected: dict[str, list[State[Row]]]) -> Counter[Row]:
    return Counter(
        (*state.row, _text(state.since), NULL if state.until is None else _text(state.until))
        for states in expected.values()
        for state in states
    )


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}+00"


def test_a_time_to_begin_is_a_date_or_a_timestamp_as_well(world: tuple[Project, RunSession]) -> None:
    table = Table.of(*world, [("key", "BIGINT"), ("day", "DATE")], History(("key",), "day"))
    table.bring([("1", "'2024-01-01'")])
    table.bring([("1", "'2024-02-01'")])
    assert table.rows() == Counter(
        {
            ("1", "2024-01-01", "2024-01-01 00:00:00+00", "2024-02-01 00:00:00+00"): 1,
            ("1", "2024-02-01", "2024-02-01 00:00:00+00", NULL): 1,
        }
    )


def test_columns_may_be_called_as_we_call_ours(world: tuple[Project, RunSession]) -> None:
    names = ["here", "c0", "0", "vp_goes", "vp_there", "starts"]
    table = Table.of(*world, [(name, "BIGINT") for name in names], History(("0", "here")))
    table.bring([("1", "2", "3", "4", "5", "6")])
    table.now = hour(1)
    table.bring([("1", "2", "3", "4", "5", "7")])
    assert sorted(row[:6] for row in table.rows()) == [("1", "2", "3", "4", "5", "6"), ("1", "2", "3", "4", "5", "7")]


@pytest.mark.parametrize(
    "came",
    [
        pytest.param([("1", "1"), ("1", "1"), ("2", "2")], id="as it is, twice"),
        pytest.param([("1", "1"), ("1", "7")], id="as it is and otherwise, another key gone"),
        pytest.param([("1", "7"), ("1", "8"), ("2", "2")], id="otherwise, twice"),
        pytest.param([("1", "1"), ("2", "2"), ("3", "3"), ("3", "3")], id="new, twice"),
    ],
)
def test_a_key_that_comes_twice_is_found_wherever_it_is(world: tuple[Project, RunSession], came: list[Row]) -> None:
    table = Table.of(*world, [("key", "BIGINT"), ("v", "BIGINT")], History(("key",)))
    table.bring([("1", "1"), ("2", "2")])
    with pytest.raises(DiagnosticError) as error:
        table.bring(came)
    assert [found.code for found in error.value.diagnostics] == ["VP521"]


def test_keys_that_come_once_are_not_compared_among_themselves(
    world: tuple[Project, RunSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That each met the one open state of its key proves it, and costs nothing."""
    table = Table.of(*world, [("key", "BIGINT"), ("v", "BIGINT")], History(("key",)))
    table.bring([("1", "1"), ("2", "2"), ("3", "3")])
    monkeypatch.setattr(history, "require_own_key", unexpected)
    table.now = hour(1)
    assert table.bring([("2", "2"), ("3", "7"), ("4", "4"), ("5", "5")])
    table.now = hour(2)
    assert table.bring([("1", "1"), ("3", "7"), ("4", "4"), ("5", "6")])


def unexpected(*_: object) -> None:
    raise AssertionError("nobody has to look")
