"""Turns DuckDB's complaint about a row of a source's file into a diagnostic with file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vibepiper_spec.diagnostics import START_OF_FILE, Diagnostic, Fix, Place, Range, Related

_FIX = 'Correct the row, or declare a type that holds its values (`columns.<name> = "varchar"`).'
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_FILE = re.compile(r"^\s*file = (.+)$", re.MULTILINE)
_CSV_ROW = re.compile(
    r"Original Line: (.*?)\n(?:Error when|Expected Number|Value with|Invalid unicode|Maximum)", re.DOTALL
)
_CSV_CONVERSION = re.compile(
    r'Error when converting column "(?P<column>.*?)"\. Could not convert string "(?P<value>.*?)" to \'(?P<type>.*?)\'',
    re.DOTALL,
)
_CSV_COUNT = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_JSON = re.compile(
    r'(?P<malformed>Malformed JSON )?.*?in file "(?P<file>.+?)",(?: at byte \d+)? '
    r"in (?P<unit>line|record/value|array element) (?P<number>\d+): (?P<why>[^\n]*)"
)


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be read. `file` is relative to the root; `line` None where only the file is known."""

    file: str
    line: int | None
    reason: str
    fix: str = _FIX
    text: tuple[str, ...] = ()  # the row as it is written


def find_broken_row(message: str, root: Path) -> BrokenRow | None:
    """The row that DuckDB's `message` about a CSV or JSON file names; None where it is about something else."""
    csv_line, csv_file = _CSV_LINE.search(message), _CSV_FILE.search(message)
    if csv_line and csv_file:
        number, file = int(csv_line[1]), _relative(root, csv_file[1].strip())
        return BrokenRow(file, number, _csv_reason(message), _csv_fix(message), _csv_note(message))
    json_error = _JSON.search(message)
    if json_error:
        file, number = _relative(root, json_error["file"]), int(json_error["number"])
        reason = json_error["why"].strip().rstrip(".")
        if json_error["unit"] != "line":
            return BrokenRow(file, None, f"value {number} cannot be read: {reason}")
        # DuckDB counts one line too many where the text itself is no JSON, and rightly where only a value does not fit.
        number -= 1 if json_error["malformed"] else 0
        return BrokenRow(file, number, reason)
    return None


def broken_row(message: str, root: Path, place: Place | None) -> Diagnostic | None:
    """VP504 for DuckDB's `message` about a CSV or JSON file, None where it is about something else.

    `place` is where the source is declared; the row itself is a related place.
    """
    row = find_broken_row(message, root)
    return None if row is None else row_diagnostic(row, place)


def row_diagnostic(row: BrokenRow, place: Place | None) -> Diagnostic:
    """VP504 for `row`; `place` is where the source is declared."""
    if row.line is None:
        said = f"`{row.file}`: {row.reason}"
    else:
        said = f"Line {row.line} of `{row.file}` cannot be read: {row.reason}"
    there = place_of_row(row)
    return Diagnostic(
        "VP504",
        f"{said}. Nothing of this source was published.",
        place or there,
        related=() if place is None else (Related(there, "the broken row"),),
        fix=Fix(row.fix),
        notes=row.text,
    )


def place_of_row(row: BrokenRow) -> Place:
    return Place(row.file, START_OF_FILE if row.line is None else Range(row.line, 1, row.line, 1))


def _csv_reason(message: str) -> str:
    conversion, count = _CSV_CONVERSION.search(message), _CSV_COUNT.search(message)
    if conversion:
        value = conversion["value"][:80]
        return f"`{value}` in column `{conversion['column']}` is no {conversion['type']}"
    if count:
        expected, found = int(count[1]), int(count[2])
        # DuckDB stops counting at the first value too many.
        if found > expected:
            return f"it has more values than the {expected} that are expected"
        return f"it has {found} value{'' if found == 1 else 's'} where {expected} are expected"
    if "unterminated quote" in message:
        return "a quote is opened and never closed"
    if "unicode" in message:
        return "it is not UTF-8"
    lines = [line for line in message.splitlines() if line and not line.startswith(("CSV Error", "Original Line"))]
    return lines[0].rstrip(".") if lines else "it is not well-formed CSV"


def _csv_fix(message: str) -> str:
    conversion = _CSV_CONVERSION.search(message)
    if _CSV_COUNT.search(message):
        return "Correct the row; `options.delimiter` and `options.quote` tell how the file is written."
    if "unterminated quote" in message:
        return "Close the quote, or say which character quotes: `options.quote`."
    if "unicode" in message:
        return 'Say how the file is encoded, `options.encoding = "latin-1"`, or write it in UTF-8.'
    if conversion and conversion["type"].startswith(("DATE", "TIMESTAMP")):
        option = "date_format" if conversion["type"] == "DATE" else "timestamp_format"
        return f'Say how it is written (`options.{option} = "%d.%m.%Y"`), correct the row, or declare it a `varchar`.'
    return _FIX


def _csv_note(message: str) -> tuple[str, ...]:
    row = _CSV_ROW.search(message)
    return shown_lines(row[1]) if row else ()


def shown_lines(row: str) -> tuple[str, ...]:
    """As much of a row, as it is written, as a message has room for."""
    return tuple(line[:200] for line in row.splitlines()[:3])


def _relative(root: Path, path: str) -> str:
    resolved = root.resolve()
    found = Path(path)
    return found.relative_to(resolved).as_posix() if found.is_relative_to(resolved) else path
