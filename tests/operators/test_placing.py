"""Values in the place of `$name`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from vibepiper_interpreter.operators.placing import names_in, place_in_json, place_in_text, place_in_url


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$rows rows", "3 rows"),
        ("${rows}rd", "3rd"),
        ("$ROWS", "3"),
        ("$$rows costs $5 or 5$", "$rows costs $5 or 5$"),
        ("$day $at", "2024-01-02 2024-01-02T03:04:05+00:00"),
        ("$yes $nothing. $price", "true . 1.50"),
        ("$list", '[1, "é"]'),
        ("no name", "no name"),
    ],
)
def test_in_text(text: str, filled: str) -> None:
    values: dict[str, Any] = {
        "rows": 3,
        "day": date(2024, 1, 2),
        "at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        "yes": True,
        "nothing": None,
        "price": Decimal("1.50"),
        "list": [1, "é"],
    }
    assert place_in_text(text, values) == filled


def test_what_a_value_holds_is_not_filled_again() -> None:
    assert place_in_text("$a", {"a": "$b $$", "b": "wrong"}) == "$b $$"


def test_in_a_url_no_value_leaves_its_place() -> None:
    values = {"id": "../admin?x=1&y#z", "host": "evil.example/"}
    assert place_in_url("https://api.example/o/$id?q=$id", values) == (
        "https://api.example/o/..%2Fadmin%3Fx%3D1%26y%23z?q=..%2Fadmin%3Fx%3D1%26y%23z"
    )
    assert place_in_url("https://$host/", values) == "https://evil.example%2F/"


def test_in_json_a_name_alone_keeps_its_type() -> None:
    values: dict[str, Any] = {"rows": 3, "ok": False, "day": date(2024, 1, 2), "all": {"a": [1]}, "none": None}
    given = {"rows": "$rows", "text": "$rows rows", "deep": [{"ok": "$ok"}, "$day", "${all}", "$none"], "n": 1.5}
    assert place_in_json(given, values) == {
        "rows": 3,
        "text": "3 rows",
        "deep": [{"ok": False}, "2024-01-02", {"a": [1]}, None],
        "n": 1.5,
    }


def test_names_are_found_with_their_places() -> None:
    text = "a $one $$two ${three}"
    assert [(place.name, text[place.start : place.end]) for place in names_in(text)] == [
        ("one", "$one"),
        ("three", "${three}"),
    ]


def test_a_name_that_means_nothing_is_no_empty_text() -> None:
    with pytest.raises(KeyError):
        place_in_text("$unknown", {})
