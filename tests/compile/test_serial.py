"""Serialisation: what is written is read back equal, through real JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.compile.compiled import (
    Check,
    Column,
    CompiledAsset,
    FileDefinition,
    Input,
    Parameter,
    PythonDefinition,
    SqlDefinition,
)
from vibepiper_interpreter.compile.serial import asset_from_json, asset_to_json, value_from_json, value_to_json
from vibepiper_spec import Address

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.times(),
    st.decimals(allow_nan=False, allow_infinity=False),
)
names = st.text(min_size=1, max_size=8)
addresses = st.builds(Address, st.sampled_from(["shop", "raw"]), st.sampled_from(["a", "b", "c"]))
values = st.one_of(scalars, st.lists(scalars, max_size=3).map(tuple))
pairs = st.lists(st.tuples(names, values), max_size=3).map(tuple)
columns = st.none() | st.lists(names, max_size=3).map(tuple)
definitions = st.one_of(
    st.builds(SqlDefinition, st.text(), st.lists(st.tuples(names, names), max_size=2).map(tuple)),
    st.builds(
        PythonDefinition,
        names,
        names,
        st.lists(
            st.builds(Parameter, names, st.none() | addresses, st.sampled_from(["pandas", "context"]), columns),
            max_size=2,
        ).map(tuple),
    ),
    st.builds(
        FileDefinition,
        st.lists(names, min_size=1, max_size=2).map(tuple),
        st.sampled_from(["csv", "json", "parquet"]),
        pairs,
        st.lists(st.tuples(names, names), max_size=2).map(tuple),
    ),
)
checks = st.builds(
    Check,
    id=names,
    rule=names,
    severity=st.sampled_from(["error", "warn"]),
    column=st.none() | names,
    arguments=pairs,
    condition=st.none() | names,
    where=st.none() | names,
    description=st.text(max_size=5),
)
assets = st.builds(
    CompiledAsset,
    address=addresses,
    kind=st.sampled_from(["source", "sql", "python"]),
    build=st.sampled_from(["table", "view"]),
    definition=definitions,
    inputs=st.lists(st.builds(Input, addresses, columns), max_size=2).map(tuple),
    columns=st.lists(st.builds(Column, names, names, st.text(max_size=3)), max_size=3).map(tuple),
    checks=st.lists(checks, max_size=2).map(tuple),
    fingerprint=names,
    checks_fingerprint=names,
    shape=st.text(max_size=3),
    column_fingerprints=st.lists(st.tuples(names, names), max_size=2).map(tuple),
    deterministic=st.booleans(),
    check_inputs=st.lists(addresses, max_size=2).map(tuple),
    order_by=st.lists(names, max_size=2).map(tuple),
    rebuild_always=st.booleans(),
    description=st.text(max_size=3),
    owner=st.text(max_size=3),
    tags=st.lists(names, max_size=2).map(tuple),
    declared_in=st.text(max_size=3),
    declared_at_line=st.integers(1, 9),
)


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(assets)
def test_assets(asset: CompiledAsset) -> None:
    assert asset_from_json(through_text(asset_to_json(asset))) == asset


@given(values)
def test_values_keep_their_type(value: Any) -> None:
    found = value_from_json(through_text(value_to_json(value)))
    assert (found, type(found)) == (value, type(value))


def test_values_that_json_has_no_form_for() -> None:
    value = (float("inf"), date(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC), time(1, 2), Decimal("1.10"))
    assert value_from_json(through_text(value_to_json(value))) == value
