"""On valid documents the parser with positions gives exactly what tomllib gives."""

from __future__ import annotations

import math
import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_spec.text.document import Document, parse_document
from vibepiper_spec.text.nodes import Array, Node, Scalar, Table


def comparable(value: Any) -> Any:
    """NaN equals itself here, and types count: 1 is not 1.0 nor true."""
    match value:
        case dict():
            return {key: comparable(item) for key, item in value.items()}
        case list():
            return [comparable(item) for item in value]
        case float() if math.isnan(value):
            return (float, "nan")
    return (type(value), value)


def tomllib_accepts(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


@given(data=st.data())
def test_same_data_on_valid_documents(toml_documents: st.SearchStrategy[str], data: st.DataObject) -> None:
    text = data.draw(toml_documents)
    expected = tomllib_accepts(text)
    document = parse_document(text, valid=expected is not None)
    if expected is None:
        assert document.mistakes
    else:
        assert not document.mistakes
        assert comparable(document.data) == comparable(expected)


@given(data=st.data())
def test_every_value_parses_alone(toml_values: st.SearchStrategy[str], data: st.DataObject) -> None:
    text = f"key = {data.draw(toml_values)}"
    expected = tomllib_accepts(text)
    if expected is not None:
        assert comparable(parse_document(text, valid=True).data) == comparable(expected)


@given(data=st.data())
def test_ranges_hold_the_values_they_stand_for(toml_documents: st.SearchStrategy[str], data: st.DataObject) -> None:
    text = data.draw(toml_documents)
    if tomllib_accepts(text) is None:
        return
    document = parse_document(text, valid=True)
    check_ranges(document, document.root)


def check_ranges(document: Document, node: Node) -> None:
    match node:
        case Scalar():
            alone = tomllib.loads(f"x = {document.text[node.start : node.end]}")["x"]
            assert comparable(alone) == comparable(node.value)
        case Array():
            for item in node.items:
                check_ranges(document, item)
        case Table():
            for key, entry in node.entries.items():
                assert tomllib.loads(f"{document.text[entry.start : entry.end]} = 1") == {key: 1}
                check_ranges(document, entry.value)


@given(data=st.data(), position=st.integers(0, 500), noise=st.text(st.sampled_from("[]{}'\"=.,#\n\\a1 "), max_size=3))
def test_broken_documents_are_told_and_never_crash(
    toml_documents: st.SearchStrategy[str], data: st.DataObject, position: int, noise: str
) -> None:
    text = data.draw(toml_documents)
    at = min(position, len(text))
    broken = text[:at] + noise + text[at + len(noise) // 2 :]
    expected = tomllib_accepts(broken)
    document = parse_document(broken, valid=expected is not None)
    assert bool(document.mistakes) == (expected is None)
    for mistake in document.mistakes:
        assert 0 <= mistake.start <= mistake.end <= len(broken)


@pytest.mark.parametrize(
    "value",
    [date(2024, 1, 31), time(6, 30), datetime(2024, 1, 31, 6, 30, tzinfo=UTC)],
)
def test_dates_and_times(value: object) -> None:
    assert parse_document(f"x = {value}", valid=True).data == {"x": value}
