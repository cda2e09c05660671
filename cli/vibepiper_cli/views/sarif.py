"""Diagnostics as SARIF 2.1.0, the format in which code scanners hand over what they found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vibepiper_cli.repository import path_in_repository
from vibepiper_cli.version import VERSION
from vibepiper_spec.diagnostics import CODES, Diagnostic, Fix, Place, Range, explanation

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
# An identifier, not an address that anything is fetched from.
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(diagnostics: Iterable[Diagnostic], root: Path) -> dict[str, Any]:
    """One run, with a rule for each code that was given."""
    found = tuple(diagnostics)
    codes = sorted({diagnostic.code for diagnostic in found})
    run = {
        "tool": {
            "driver": {
                "name": "VibePiper",
                "semanticVersion": VERSION,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code), root) for diagnostic in found],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    page = explanation(code)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in CODES[code].summary.split()),
        "shortDescription": {"text": CODES[code].summary},
        "help": {"text": page, "markdown": page},
    }


def _result(diagnostic: Diagnostic, rule: int, root: Path) -> dict[str, Any]:
    lines = [diagnostic.detail, *diagnostic.notes]
    if diagnostic.fix is not None:
        lines.append(f"Fix: {diagnostic.fix.title}")
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(lines)},
        "locations": [] if diagnostic.place is None else [{"physicalLocation": _location(diagnostic.place, root)}],
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {"physicalLocation": _location(related.place, root), "message": {"text": related.message}}
            for related in diagnostic.related
        ]
    if diagnostic.fix is not None and diagnostic.fix.edits:
        result["fixes"] = [_fix(diagnostic.fix, root)]
    return result


def _fix(fix: Fix, root: Path) -> dict[str, Any]:
    changes = [
        {
            "artifactLocation": _artifact(edit.place, root),
            "replacements": [
                {"deletedRegion": _region(edit.place.range), "insertedContent": {"text": edit.new_text}},
            ],
        }
        for edit in fix.edits
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _location(place: Place, root: Path) -> dict[str, Any]:
    return {"artifactLocation": _artifact(place, root), "region": _region(place.range)}


def _artifact(place: Place, root: Path) -> dict[str, Any]:
    return {"uri": quote(path_in_repository(root, place.path)), "uriBaseId": "%SRCROOT%"}


def _region(span: Range) -> dict[str, int]:
    return {
        "startLine": span.start_line,
        "startColumn": span.start_column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
