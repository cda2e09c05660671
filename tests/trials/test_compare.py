"""Two tables as multisets of rows, and what is told of those that differ."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.run.trials.compare import Table, differences

COLUMNS = (("id", "BIGINT"), ("name", "VARCHAR"), ("x", "DOUBLE"))
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", None]), st.sampled_from([0.5, 1.0, None])), max_size=5
)


def table(*rows: tuple[Any, ...]) -> Table:
    return Table(COLUMNS, rows)


@given(ROWS, st.randoms())
def test_the_order_makes_no_difference(rows: list[tuple[Any, ...]], random: Any) -> None:
    other = list(rows)
    random.shuffle(other)
    assert differences(table(*rows), table(*other)) == ()


@given(ROWS, ROWS)
def test_other_rows_are_told_and_equal_ones_are_not(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> None:
    same = sorted(map(repr, one)) == sorted(map(repr, other))
    assert (differences(table(*one), table(*other)) == ()) == same


def test_how_often_a_row_comes_counts() -> None:
    told = differences(table((1, "a", 0.5)), table((1, "a", 0.5), (1, "a", 0.5)))
    assert told[0] == "Of 1 expected row: 1 came and was not expected."


def test_numbers_with_a_floating_point_may_differ_a_little() -> None:
    assert differences(table((1, "a", 0.1 + 0.2)), table((1, "a", 0.3))) == ()
    assert differences(table((1, "a", 0.3)), table((1, "a", 0.3001)))
    nan = float("nan")
    assert differences(table((1, "a", nan)), table((1, "a", float("nan")))) == ()
    nested = Table((("x", "DOUBLE[]"),), (([0.1 + 0.2, 1],),))
    assert differences(nested, Table(nested.columns, (([0.3, 1],),))) == ()


def test_a_row_with_other_values_stands_beside_what_was_expected() -> None:
    expected = table((1, "a", 0.5), (2, "b", 1.0), (3, None, None))
    came = table((2, "c", 1.0), (1, "a", 0.5), (9, "x\ny" + "z" * 50, 7.0))
    sentence, drawing = differences(expected, came)
    assert sentence == ("Of 3 expected rows: 1 came with other values, 1 did not come, 1 came and was not expected.")
    assert drawing.split("\n") == [
        "  id  name                                      x",
        "- 2   b                                         1.0",
        "+ ·   c                                         ·",
        "- 3   NULL                                      NULL",
        f"+ 9   x⏎y{'z' * 36}…  7.0",
    ]


def test_of_many_differences_the_first_are_shown() -> None:
    _, drawing = differences(table(*((number, "a", None) for number in range(30))), table())
    assert drawing.endswith("  … and 20 more")


def test_only_some_columns() -> None:
    assert table((1, "a", 0.5)).only(["X", "id"]) == Table((("x", "DOUBLE"), ("id", "BIGINT")), ((0.5, 1),))
