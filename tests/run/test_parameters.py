"""Parameters become typed literals, and only where they are parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue, fill_parameters, typed_literal

VALUES = {"count": typed_literal(7, "BIGINT"), "country": typed_literal("l'été", "VARCHAR")}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "BOOLEAN"),
        (7, "BIGINT"),
        (7, "TINYINT"),
        (0.5, "DOUBLE"),
        (float("nan"), "DOUBLE"),
        ("l'été", "VARCHAR"),
        ("1.50", "DECIMAL(10,2)"),
        (date(2024, 2, 29), "DATE"),
        (datetime(2024, 2, 29, 12, 30), "TIMESTAMP"),
        (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), "TIMESTAMP WITH TIME ZONE"),
        (Decimal("1.50"), "DECIMAL(3,2)"),
        (None, "DATE"),
    ],
)
def test_a_value_has_the_type_of_its_variable(value: ParameterValue, kind: str) -> None:
    query = fill_parameters("SELECT typeof($Value)", {"value": typed_literal(value, kind)}).text
    assert duckdb.sql(query).fetchall() == [(kind,)]


def test_only_parameters_are_replaced() -> None:
    query = """select '$count', "$count", $$ $count $$, $COUNT+1, 'é' || $country -- $count\n /* $count */"""
    filled = fill_parameters(query, VALUES)
    assert filled.text == (
        """select '$count', "$count", $$ $count $$, CAST(7 AS BIGINT)+1, 'é' || CAST('l''été' AS VARCHAR)"""
        """ -- $count\n /* $count */"""
    )


def test_positions_lead_back_to_the_query_as_written() -> None:
    query = "select é, $count, $country, x"
    filled = fill_parameters(query, VALUES)
    for word in ("select", "é", "$count", "$country", "x"):
        value = {"$count": "CAST(7", "$country": "CAST('l"}.get(word, word)
        position = filled.text.encode().index(value.encode())
        assert filled.original_position(position) == query.encode().index(word.encode())


def test_a_name_without_value_is_a_programming_mistake() -> None:
    with pytest.raises(KeyError):
        fill_parameters("select $unknown", VALUES)
