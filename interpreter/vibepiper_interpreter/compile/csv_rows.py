"""The rows of a CSV file as texts: what tests are given, where a value is what is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any


class UnreadableCsv(Exception):
    """What is wrong with it, to be said after its name."""


def rows_of_csv(text: str) -> tuple[list[str], list[Mapping[str, Any]]]:
    """The columns, and the rows. An empty field is NULL, and an empty text where it is quoted. Raises UnreadableCsv."""
    header = next(csv.reader(io.StringIO(text)), [])
    if not header:
        raise UnreadableCsv("has no header")
    if len({name.casefold() for name in header}) < len(header):
        raise UnreadableCsv("names a column twice in its header")
    import pyarrow  # slow to import, and few tests have files
    from pyarrow import csv as arrow_csv

    convert = arrow_csv.ConvertOptions(
        column_types={name: pyarrow.string() for name in header},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    try:
        table = arrow_csv.read_csv(io.BytesIO(text.encode()), parse_options=parse, convert_options=convert)
    except pyarrow.ArrowInvalid as error:
        raise UnreadableCsv(f"cannot be read as CSV: {str(error).splitlines()[0]}") from None
    return header, table.to_pylist()
