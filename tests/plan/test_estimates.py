"""Laws of what is predicted: from a history that follows a rule, what the rule gives next; and an honest band."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vibepiper_cli.views.predicted import time_in_words, together
from vibepiper_interpreter.estimate import Band, Estimate
from vibepiper_interpreter.plan.estimates import learned
from vibepiper_interpreter.state.records import Past

sizes = st.integers(1, 10**9)
times = st.floats(0.001, 10_000)
pasts = st.lists(
    st.builds(Past, rows=st.integers(0, 10**9), bytes=sizes, seconds=times, read=st.none() | sizes),
    min_size=1,
    max_size=5,
)


@given(st.lists(sizes, min_size=3, max_size=5, unique=True), st.integers(1, 9), times, sizes)
def test_what_grows_with_what_it_reads_is_foretold_to_grow(
    reads: list[int], rows: int, per_row: float, now: int
) -> None:
    history = [Past(read * rows, read * rows * 8, read * per_row, read) for read in reads]
    estimate = learned(history, now)
    assert estimate.rows == now * rows
    assert estimate.bytes == now * rows * 8
    assert estimate.seconds is not None and abs(estimate.seconds - now * per_row) <= 1e-6 * (1 + now * per_row)


@given(st.lists(sizes, min_size=3, max_size=5, unique=True), sizes, times, sizes)
def test_what_stays_the_same_however_much_it_reads_is_foretold_to_stay(
    reads: list[int], rows: int, seconds: float, now: int
) -> None:
    estimate = learned([Past(rows, rows * 8, seconds, read) for read in reads], now)
    assert (estimate.rows, estimate.bytes) == (rows, rows * 8)
    assert estimate.seconds is not None and abs(estimate.seconds - seconds) <= 1e-6


@given(pasts, st.none() | sizes)
def test_the_band_holds_the_estimate_and_needs_two_pasts(history: list[Past], now: int | None) -> None:
    estimate = learned(history, now)
    for value, band in (
        (estimate.rows, estimate.rows_band),
        (estimate.bytes, estimate.bytes_band),
        (estimate.seconds, estimate.seconds_band),
    ):
        assert (band is None) is (len(history) == 1)
        if band is not None:
            assert value is not None
            assert band[0] - 1e-6 * (1 + band[0]) - 0.5 <= value <= band[1] + 1e-6 * (1 + band[1]) + 0.5


@given(pasts, sizes)
def test_with_nothing_to_scale_by_the_past_itself_is_foretold(history: list[Past], now: int) -> None:
    assume(any(past.read is None for past in history))
    estimate = learned(history, now)
    assert estimate.rows == history[0].rows
    if estimate.seconds_band is not None:
        times = [past.seconds for past in history]
        assert estimate.seconds_band == (round(min(times), 6), round(max(times), 6))


def test_while_nothing_tells_whether_it_grows_the_band_holds_both() -> None:
    history = [Past(100, 800, 2.0, 1000), Past(100, 800, 2.0, 1000)]
    estimate = learned(history, 3000)
    assert (estimate.rows, estimate.rows_band, estimate.seconds_band) == (100, (100, 300), (2.0, 6.0))


def test_nothing_is_known_of_rows_that_nobody_counted() -> None:
    estimate = learned([Past(None, 0, 1.0), Past(None, 0, 3.0)], None)
    assert (estimate.rows, estimate.rows_band, estimate.seconds, estimate.seconds_band) == (None, None, 2.0, (1.0, 3.0))


@pytest.mark.parametrize(
    ("middle", "band", "words"),
    [
        (12.0, (8.0, 20.0), "12 s (8.0 to 20 s)"),
        (1.0, (0.5, 70.0), "1.0 s (500 ms to 1 min 10 s)"),
        (100.0, (62.0, 3_599.0), "1 min 40 s (1 min 2 s to 59 min 59 s)"),
        (2.0, (2.0, 2.01), "2.0 s"),
        (2.0, None, "2.0 s"),
    ],
)
def test_a_band_in_words(middle: float, band: Band | None, words: str) -> None:
    assert time_in_words(middle, band) == words


def test_several_together_are_as_long_as_all_of_them() -> None:
    one, other = Estimate(1, 1, 2.0, seconds_band=(1.0, 4.0)), Estimate(1, 1, 3.0)
    assert together([one, other]) == (5.0, (4.0, 7.0))
    assert together([other, other]) == (6.0, None)
    assert together([one, None]) is None
    assert together([]) is None


@given(pasts, sizes)
def test_an_estimate_survives_being_stored(history: list[Past], now: int) -> None:
    estimate = learned(history, now)
    assert Estimate.from_json(estimate.to_json()) == estimate
