"""Outputs get their declared types, or a message says which value does not fit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from vibepiper_interpreter.operators.call import OperatorFailed, OutputDefinition
from vibepiper_interpreter.operators.outputs import typed_outputs


@pytest.mark.parametrize(
    ("kind", "found", "typed"),
    [
        ("bigint", "42", 42),
        ("bigint", " 42\n", 42),
        ("bigint", Decimal("42"), 42),
        ("bigint", 42.0, 42),
        ("double", "0.5", 0.5),
        ("double", 3, 3.0),
        ("boolean", "true", True),
        ("boolean", "FALSE", False),
        ("boolean", 1, True),
        ("varchar", "x y", "x y"),
        ("varchar", 3, "3"),
        ("varchar", date(2024, 1, 2), "2024-01-02"),
        ("date", "2024-01-02", date(2024, 1, 2)),
        ("date", datetime(2024, 1, 2, 3), date(2024, 1, 2)),
        ("timestamp", "2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("timestamp", "2024-01-02T03:04:05+01:00", datetime(2024, 1, 2, 2, 4, 5)),
        ("timestamp", datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2)),
        ("timestamp", date(2024, 1, 2), datetime(2024, 1, 2)),
        ("json", '{"a": [1]}', {"a": [1]}),
        ("json", [1, None], [1, None]),
        ("bigint", None, None),
    ],
)
def test_what_is_found_is_read_as_its_type(kind: str, found: Any, typed: Any) -> None:
    read = typed_outputs({"x": OutputDefinition(kind)}, {"x": found, "other": "left out"})
    assert read == {"x": typed}
    assert type(read["x"]) is type(typed)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("bigint", "many"),
        ("bigint", 1.5),
        ("bigint", True),
        ("bigint", 2**63),
        ("bigint", float("nan")),
        ("double", "nan"),
        ("double", False),
        ("boolean", "yes, please"),
        ("boolean", 0.5),
        ("varchar", {"a": 1}),
        ("date", "yesterday"),
        ("date", 5),
        ("timestamp", 5),
        ("json", "{"),
        ("json", float("nan")),
        ("json", object()),
    ],
)
def test_what_does_not_fit_is_told(kind: str, found: Any) -> None:
    with pytest.raises(OperatorFailed) as failed:
        typed_outputs({"x": OutputDefinition(kind)}, {"x": found})
    assert failed.value.diagnostic.code == "VP805"
    assert f"declared as {kind}" in failed.value.diagnostic.detail
    assert failed.value.failure == "data"


def test_a_missing_output_is_told_with_those_that_are_there() -> None:
    with pytest.raises(OperatorFailed, match="without its output `rows`") as failed:
        typed_outputs({"rows": OutputDefinition("bigint")}, {"row": 1})
    assert "It gave `row`." in failed.value.diagnostic.detail


def test_a_long_value_is_cut() -> None:
    with pytest.raises(OperatorFailed) as failed:
        typed_outputs({"x": OutputDefinition("bigint")}, {"x": "9" * 1000 + "x"})
    assert len(failed.value.diagnostic.detail) < 200
