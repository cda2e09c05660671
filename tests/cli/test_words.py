"""Numbers, sizes, times, lists and tables as people read them."""

from __future__ import annotations

import pytest

from vibepiper_cli.commands.new import project_name
from vibepiper_cli.duration import parse_duration
from vibepiper_cli.views.tables import render_table
from vibepiper_cli.views.words import count, listed, seconds, size


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (count(1, "row"), "1 row"),
        (count(1234, "row"), "1,234 rows"),
        (size(999), "999 B"),
        (size(1000), "1.0 kB"),
        (size(999_999), "1.0 MB"),
        (size(12_345_678), "12 MB"),
        (size(4_000_000_000_000_000), "4,000 TB"),
        (seconds(0), "0 ms"),
        (seconds(0.9999), "1.0 s"),
        (seconds(12.4), "12 s"),
        (seconds(59.7), "1 min 0 s"),
        (seconds(7500), "2 h 5 min"),
        (listed([]), ""),
        (listed(["a"]), "`a`"),
        (listed("abc"), "`a`, `b` and `c`"),
        (listed("abcdefghi"), "`a`, `b`, `c`, `d`, `e`, `f`, `g`, `h` and `i`"),
        (listed("abcdefghijk"), "`a`, `b`, `c`, `d`, `e`, `f`, `g`, `h` and 3 more"),
        (parse_duration("1h 30m"), 5400),
        (parse_duration("0.5s"), 0.5),
        (project_name("My Shop-2"), "my_shop_2"),
        (project_name("2024"), "_2024"),
        (project_name("日本"), "project"),
    ],
)
def test_words(shown: object, expected: object) -> None:
    assert shown == expected


def test_a_table_lines_up_and_survives_what_cells_hold() -> None:
    rows = [("名前", "1"), ("a\nb", "1000"), ("\x1b[2J", "NULL"), ("x" * 100, "")]
    assert render_table(("name", "number"), rows, right=(1,)).splitlines() == [
        f"name{' ' * 58}number",
        f"{'─' * 60}  ──────",
        f"名前{' ' * 63}1",
        f"a↵b{' ' * 61}1000",
        f"\\x1b[2J{' ' * 57}NULL",
        f"{'x' * 59}…",
    ]
