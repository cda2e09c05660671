"""Diagnostics as GitHub's workflow commands: a line each, which a pull request shows at the line it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from vibepiper_cli.repository import path_in_repository
from vibepiper_cli.views.diagnostics import in_reading_order
from vibepiper_spec.diagnostics import Diagnostic

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github_annotations(diagnostics: Iterable[Diagnostic], root: Path) -> Iterator[str]:
    """Errors first: GitHub shows only so many of a step."""
    severities = list(_COMMANDS)
    for diagnostic in sorted(in_reading_order(diagnostics), key=lambda found: severities.index(found.severity)):
        properties = {"title": f"{diagnostic.code}: {diagnostic.summary}"}
        if diagnostic.place is not None:
            span = diagnostic.place.range
            properties |= {"file": path_in_repository(root, diagnostic.place.path), "line": str(span.start_line)}
            properties["endLine"] = str(span.end_line)
            if span.end_line == span.start_line:  # otherwise columns are refused
                last = max(span.end_column - 1, span.start_column)
                properties |= {"col": str(span.start_column), "endColumn": str(last)}
        named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{_COMMANDS[diagnostic.severity]} {named}::{_message(diagnostic)}"


def _message(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.detail, *diagnostic.notes]
    if diagnostic.fix is not None:
        lines.append(f"Fix: {diagnostic.fix.title}")
    return _data("\n".join(lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
