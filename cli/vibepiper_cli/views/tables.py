"""Rows of text as a table: aligned columns, numbers to the right, nothing wider than the terminal needs."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.source_text import escaped, visible_width

_WIDEST_CELL = 60
_PLAIN = Paint(enabled=False)


def render_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Paint = _PLAIN,
    *,
    right: Sequence[int] = (),
    indent: str = "",
) -> str:
    """A table with a header; `right` are the indexes of the columns whose cells stand to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    titles = [_cell(title) for title in header]
    widths = [max(map(visible_width, column)) for column in zip(titles, *cells, strict=True)]
    lines = [paint("strong", _line(titles, widths, right)), paint("faint", "  ".join("─" * width for width in widths))]
    lines += [_line(row, widths, right) for row in cells]
    return "\n".join(indent + line for line in lines)


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "") -> list[str]:
    """Lines of cells under each other, without a header."""
    if not rows:
        return []
    widths = [max(map(visible_width, column)) for column in zip(*rows, strict=True)]
    return [indent + _line(row, widths, right) for row in rows]


def numeric_columns(types: Sequence[str]) -> list[int]:
    """Which columns of these DuckDB types stand to the right."""
    prefixes = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
    numbers = (*prefixes, "UHUGEINT", "DECIMAL", "FLOAT", "DOUBLE")
    return [index for index, type in enumerate(types) if type.upper().startswith(numbers) and not type.endswith("]")]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - visible_width(cell))
        padded.append(blanks + cell if index in right else cell + blanks)
    return "  ".join(padded).rstrip()


def _cell(value: str) -> str:
    shown = escaped(value)
    return shown if len(shown) <= _WIDEST_CELL else shown[: _WIDEST_CELL - 1] + "…"
