"""Rows for machines: lines of CSV, or of a JSON array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vibepiper_cli.reading import Stream


def csv_lines(rows: Stream) -> Iterator[str]:
    """A header, then a line a row. NULL is an empty field, an empty string is `""`."""
    yield _line(rows.columns)
    for row in rows.rows:
        yield _line(row)


def json_array(objects: Iterable[str]) -> Iterator[str]:
    """One object a line, so that line tools can read it too."""
    yield "["
    before = None
    for text in objects:
        if before is not None:
            yield f"  {before},"
        before = text
    if before is not None:
        yield f"  {before}"
    yield "]"


def _line(fields: Sequence[str | None]) -> str:
    return ",".join(_field(field) for field in fields)


def _field(value: str | None) -> str:
    # By hand: before Python 3.13 `csv` cannot tell NULL from an empty string.
    if value is None:
        return ""
    if value == "" or any(character in value for character in ',"\r\n') or value != value.strip():
        return '"' + value.replace('"', '""') + '"'
    return value
