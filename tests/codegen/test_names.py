"""Names of assets and columns, which may be any text, become names that Python can say."""

from __future__ import annotations

import ast
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_codegen.stubs.names import Names, class_name, field_name, identifier, module_name
from vibepiper_codegen.stubs.text import docstring, literal


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("order_id", "order_id"),
        ("order id", "order_id"),
        ("2nd", "column_2nd"),
        ("class", "class_"),
        ("größe", "größe"),
        ("ﬁn", "fin"),  # Python reads the ligature as two letters
        ("💰", "column"),
        ("", "column"),
        ("_private", "private"),
        ("__mangled", "mangled"),
        ("int", "int_"),  # would hide the type of the columns after it
        ("datetime", "datetime_"),
        ("json", "json_"),  # a method of every model
        ("model_config", "model_config_"),
    ],
)
def test_names_of_fields(column: str, field: str) -> None:
    assert field_name(column) == field


@pytest.mark.parametrize(
    ("asset", "module", "name"),
    [
        ("daily_revenue", "daily_revenue", "DailyRevenue"),
        ("class", "class_", "Class"),
        ("__init__", "__init___", "Init"),
        ("_", "column", "Column"),
        ("none", "none", "AssetNone"),
    ],
)
def test_names_of_modules_and_classes(asset: str, module: str, name: str) -> None:
    assert (module_name(asset), class_name(asset)) == (module, name)


def test_who_comes_second_gets_a_number() -> None:
    names = Names(frozenset({"taken"}))
    assert [names.give(name) for name in ("order_id", "order_id", "Order_Id", "taken")] == [
        *("order_id", "order_id_2", "Order_Id_3", "taken_2")
    ]


@given(st.text())
def test_any_text_gives_a_name(text: str) -> None:
    for name in (identifier(text), field_name(text), class_name(text), module_name(text)):
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
    assert not field_name(text).startswith("_")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_written(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    written = docstring(text)
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    assert ast.get_docstring(ast.parse(written), clean=False) == (shown or None)
