"""What strategies draw is of the column's type, and as its checks demand."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibepiper.testing.values import column_values
from vibepiper_interpreter.compile.compiled import Check, Column
from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows, misfits

TYPES = """
BOOLEAN | TINYINT | UTINYINT | INTEGER | BIGINT | UBIGINT | HUGEINT | FLOAT | DOUBLE | DECIMAL(4,2) | DECIMAL(38,10)
VARCHAR | DATE | TIME | TIMESTAMP | TIMESTAMP_NS | TIMESTAMP WITH TIME ZONE | UUID | BLOB | JSON | INTEGER[]
VARCHAR[][] | STRUCT(a INTEGER, b VARCHAR) | STRUCT("A b" DATE, c DECIMAL(5,1)[]) | MAP(VARCHAR, BIGINT)
"""
KINDS = [kind.strip() for line in TYPES.strip().splitlines() for kind in line.split(" | ")]


def check(rule: str, **arguments: Any) -> Check:
    return Check(rule, rule, "error", "x", tuple(arguments.items()))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_value_is_of_its_type(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(column_values(Column("x", kind), [check("not_null")]), min_size=1, max_size=5))
    rows = GivenRows((("x", kind),), tuple((value,) for value in values))
    with duckdb.connect() as connection:
        assert list(misfits(connection, rows)) == []
        counted = connection.execute(f"SELECT count(x), typeof(any_value(x)) FROM ({rows.query()})").fetchone()
    assert counted == (len(values), kind)


@pytest.mark.parametrize(
    ("kind", "checks", "condition"),
    [
        ("INTEGER", [check("between", min=-1.5, max=2.5)], "x IN (-1, 0, 1, 2)"),
        ("DECIMAL(5,2)", [check("between", min=0.005, max="1.239")], "x BETWEEN 0.01 AND 1.23"),
        ("DECIMAL(5,2)", [check("between", min=-0.5)], "x >= -0.5"),
        ("DOUBLE", [check("between", min=0, max=1)], "x BETWEEN 0 AND 1"),
        ("DATE", [check("between", min="2024-01-01", max="2024-01-03")], "x BETWEEN '2024-01-01' AND '2024-01-03'"),
        ("TIMESTAMP", [check("between", min="2024-01-01")], "x >= '2024-01-01'"),
        ("VARCHAR", [check("length", min=2, max=3)], "length(x) BETWEEN 2 AND 3"),
        ("VARCHAR", [check("pattern", pattern="[A-Z]{2}\\d")], "regexp_full_match(x, '[A-Z]{2}[0-9]')"),
        ("VARCHAR", [check("accepted_values", values=("a", "b"))], "x IN ('a', 'b')"),
        ("BIGINT", [check("not_null"), check("between", min=3)], "x IS NOT NULL AND x >= 3"),
    ],
)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_value_keeps_the_checks(kind: str, checks: list[Check], condition: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(column_values(Column("x", kind), checks), min_size=1, max_size=5))
    query = GivenRows((("x", kind),), tuple((value,) for value in values)).query()
    with duckdb.connect() as connection:
        # NULL passes, unless the condition says something else.
        assert connection.execute(f"SELECT bool_and(coalesce({condition}, true)) FROM ({query})").fetchone() == (True,)
        if checks[0].rule == "not_null":
            assert connection.execute(f"SELECT count(*) FROM ({query}) WHERE x IS NULL").fetchone() == (0,)


@pytest.mark.parametrize("kind", ["GEOMETRY", "MAP(INTEGER, INTEGER)", "STRUCT(a BLOB)", ""])
def test_a_type_without_a_strategy_is_said(kind: str) -> None:
    with pytest.raises(ValueError, match=r"columns=\{'x': …\}"):
        column_values(Column("x", kind), [])
