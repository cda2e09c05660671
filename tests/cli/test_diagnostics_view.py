"""How a diagnostic looks at a terminal."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.diagnostics import count_diagnostics, in_reading_order, render_diagnostic
from vibepiper_cli.views.source_text import SourceText
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related

PLAIN = Paint(enabled=False)


def shown(diagnostic: Diagnostic, root: Path | None = None, **texts: str) -> str:
    files = {name.replace("_", "."): text for name, text in texts.items()}
    return render_diagnostic(diagnostic, SourceText(root, files), PLAIN)


def block(text: str) -> str:
    return dedent(text).strip("\n")


def test_the_caret_stands_under_the_exact_range() -> None:
    found = Diagnostic(
        "VP302",
        "`orders` has no column `amout`. Did you mean `amount`?",
        Place("shop.toml", Range.at(2, 8, 5)),
        fix=Fix("Write `amount`."),
    )
    assert shown(found, shop_toml="query = '''\nselect amout from orders") == block(
        """
        error[VP302]: Unknown column
         --> shop.toml:2:8
          |
        2 | select amout from orders
          |        ^^^^^
          `orders` has no column `amout`. Did you mean `amount`?
          fix: Write `amount`.
          more: vp explain VP302
        """
    )


def test_related_places_have_their_own_lines_and_the_gutter_fits_all() -> None:
    found = Diagnostic(
        "VP201",
        "There are two assets `shop.orders`.",
        Place("shop.toml", Range.at(12, 1, 12)),
        related=(Related(Place("shop.toml", Range.at(3, 1, 12)), "first declared here"),),
    )
    text = "\n" * 2 + "[sql.orders]" + "\n" * 9 + "[sql.orders]"
    assert shown(found, shop_toml=text) == block(
        """
        error[VP201]: Duplicate asset name
          --> shop.toml:12:1
           |
        12 | [sql.orders]
           | ^^^^^^^^^^^^
          ::: shop.toml:3:1
           |
         3 | [sql.orders]
           | ------------ first declared here
          There are two assets `shop.orders`.
          more: vp explain VP201
        """
    )


def test_notes_keep_their_shape() -> None:
    found = Diagnostic("VP203", "The assets form a cycle.", notes=("a → b\n  → a",), severity="warning")
    assert shown(found) == block(
        """
        warning[VP203]: Cycle
          The assets form a cycle.
            a → b
              → a
          more: vp explain VP203
        """
    )


@pytest.mark.parametrize(
    ("line", "column", "length", "expected_line", "expected_carets"),
    [
        ("\tab", 2, 2, "    ab", "    ^^"),
        ("名前 = x", 6, 1, "名前 = x", "       ^"),
        ("e\u0301x", 3, 1, "e\u0301x", " ^"),
        ("a\x1b[31mb", 7, 1, "a\ufffd[31mb", "      ^"),
        ("ab", 3, 1, "ab", "  ^"),
        ("ab\r", 1, 2, "ab", "^^"),
    ],
)
def test_carets_line_up_whatever_the_line_holds(
    tmp_path: Path, line: str, column: int, length: int, expected_line: str, expected_carets: str
) -> None:
    (tmp_path / "a.toml").write_bytes((line + "\n").encode())
    found = Diagnostic("VP002", "Bad.", Place("a.toml", Range.at(1, column, length)))
    lines = shown(found, tmp_path).splitlines()
    assert lines[3:5] == [f"1 | {expected_line}", f"  | {expected_carets}"]


def test_a_long_line_is_cut_around_the_caret() -> None:
    found = Diagnostic("VP002", "Bad.", Place("a.toml", Range.at(1, 5_000_001, 3)))
    _, _, _, line, carets, *_ = shown(found, a_toml="x" * 5_000_000 + "bad" + "y" * 5_000_000).splitlines()
    assert len(line) < 200
    assert line[carets.index("^") : carets.index("^") + 3] == "bad"
    assert line.startswith("1 | …x")
    assert line.endswith("y…")


def test_a_range_over_lines_shows_the_first_and_names_the_last() -> None:
    found = Diagnostic("VP003", "Never closed.", Place("a.toml", Range(1, 5, 3, 1)))
    assert "1 | a = '''" in shown(found, a_toml="a = '''\nb\nc")
    assert "  |     ^^^ (to line 3)" in shown(found, a_toml="a = '''\nb\nc")


def test_a_file_that_cannot_be_read_leaves_the_place() -> None:
    found = Diagnostic("VP006", "Cannot be read.", Place("gone.toml", Range.at(1, 1)))
    assert shown(found).splitlines()[1] == " --> gone.toml:1:1"


def test_errors_come_last_and_are_counted() -> None:
    found = [
        Diagnostic("VP302", "b", Place("b.toml", Range.at(1, 1))),
        Diagnostic("VP302", "a", Place("a.toml", Range.at(9, 1))),
        Diagnostic("VP313", "w", Place("z.toml", Range.at(1, 1)), severity="warning"),
        Diagnostic("VP703", "none"),
    ]
    assert [diagnostic.detail for diagnostic in in_reading_order(found)] == ["w", "a", "b", "none"]
    assert count_diagnostics(found, PLAIN) == "3 errors and 1 warning."


def test_colour_marks_severity_and_carets() -> None:
    found = Diagnostic("VP302", "Bad.", Place("a.toml", Range.at(1, 1, 2)))
    coloured = render_diagnostic(found, SourceText(None, {"a.toml": "ab"}), Paint(enabled=True))
    assert "\033[1;31merror[VP302]\033[0m" in coloured
    assert "\033[1;31m^^\033[0m" in coloured
