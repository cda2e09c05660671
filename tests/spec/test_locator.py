"""Positions: of keys, values and headers, and of any character inside any form of string."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_spec import Origin, load_project
from vibepiper_spec.diagnostics import Range
from vibepiper_spec.load.locator import Locator
from vibepiper_spec.text.strings import find_string, source_range

TEXT = """\
[pipeline]
name = "shop"

[sql.orders]
query = '''
select a
from b
'''
columns.id = { type = "int", checks = ["not_null", { min = 1 }] }

[sql.orders.columns.day]
type = "date"
"""
ORDERS = Origin("a.vp.toml", ("sql", "orders"))


@pytest.fixture
def locator(tmp_path: Path) -> Locator:
    return Locator(tmp_path, {"a.vp.toml": TEXT})


def underlined(locator: Locator, span: Range, text: str = TEXT) -> str:
    """The text of a range, as a caret view would underline it."""
    lines = text.split("\n")[span.start_line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.start_column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("keys", "part", "expected"),
    [
        ((), "value", "[sql.orders]"),
        (("columns", "id"), "key", "id"),
        (("columns", "id", "type"), "value", '"int"'),
        (("columns", "id", "checks", 1), "value", "{ min = 1 }"),
        (("columns", "id", "checks", 1, "min"), "value", "1"),
        (("columns", "day"), "value", "[sql.orders.columns.day]"),
        (("columns", "day", "type"), "key", "type"),
        (("columns", "id", "checks", 7, "max"), "value", '["not_null", { min = 1 }]'),
        (("owner",), "value", "[sql.orders]"),
        (("build", "mode"), "key", "[sql.orders]"),
    ],
)
def test_place_is_exact_or_the_nearest_there_is(
    locator: Locator, keys: tuple[str | int, ...], part: str, expected: str
) -> None:
    place = locator.place(ORDERS, *keys, part=part)  # type: ignore[arg-type]  # parametrised
    assert place.path == "a.vp.toml"
    assert underlined(locator, place.range) == expected


def test_inside_a_query(locator: Locator) -> None:
    query = tomllib.loads(TEXT)["sql"]["orders"]["query"]
    start = query.index("from")
    place = locator.inside(ORDERS, "query", start=start, end=start + 4)
    assert place.range == Range(7, 1, 7, 5)
    assert locator.line("a.vp.toml", 7) == "from b"


def test_inside_a_query_that_stands_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "case"\n')
    (tmp_path / "orders.sql").write_text("select a\r\nfrom b\r\n", newline="")
    (tmp_path / "a.vp.toml").write_text('[pipeline]\nname = "shop"\n[sql.orders]\nfile = "orders.sql"\n')
    loaded = load_project(tmp_path)
    (asset,) = loaded.project.assets
    start = asset.spec.query.index("from")
    place = loaded.locator.inside(asset.origin, "query", start=start, end=start + 4)
    assert str(place) == "orders.sql:2:1"
    assert loaded.locator.line("orders.sql", 2) == "from b"
    assert str(loaded.locator.place(asset.origin, "query")) == "a.vp.toml:4:8"


def test_unknown_files_and_lines_are_empty(locator: Locator) -> None:
    assert locator.line("nowhere.py", 1) == ""
    assert locator.line("a.vp.toml", 999) == ""


FORMS = [
    '"plain ü 😀 text"',
    r'"escapes \t \" \\ \u00e9 \U0001F600 end"',
    "'literal \\n is no escape'",
    '"""\nfirst break is trimmed\nsecond\n"""',
    '"""\r\nwindows\r\nlines\r\n"""',
    '"""one \\\n    folded \\\r\n\t line"""',
    "'''\n''quotes'' inside'''''",
    '"""two quotes at the end"""""',
    '"""\\\n  folded at the start"""',
    '""',
    "''''''",
]


@given(form=st.sampled_from(FORMS), data=st.data())
def test_every_stretch_of_every_form_of_string_is_found(form: str, data: st.DataObject) -> None:
    text = f"a = 1\nkey = {form}  # comment\n"
    token = find_string(text, text.index(form))
    decoded = tomllib.loads(text)["key"]
    start = data.draw(st.integers(0, len(decoded)))
    end = data.draw(st.integers(start, len(decoded)))
    found_start, found_end = source_range(text, token, start, end)
    assert token.content_start <= found_start <= found_end <= token.content_end
    # The text that was found decodes to just that stretch, in the same kind of string.
    opening = token.delimiter + ("\n" if len(token.delimiter) == 3 else "")
    alone = f"key = {opening}{text[found_start:found_end]}{token.delimiter}"
    assert tomllib.loads(alone)["key"] == decoded[start:end]
