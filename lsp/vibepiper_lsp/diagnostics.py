"""Diagnostics as the protocol has them: the same codes, words and fixes as on the command line."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types as lsp

from vibepiper_lsp.positions import Positions
from vibepiper_lsp.snapshot import Snapshot
from vibepiper_spec.diagnostics import START_OF_FILE, Diagnostic, Place

ToUri = Callable[[str], str]

_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}


def diagnostics_of(snapshot: Snapshot, path: str, to_uri: ToUri) -> list[lsp.Diagnostic]:
    """All there is to say about one file."""
    return [_converted(snapshot, each, to_uri) for each in snapshot.by_path.get(path, ())]


def _converted(snapshot: Snapshot, found: Diagnostic, to_uri: ToUri) -> lsp.Diagnostic:
    fix = "" if found.fix is None else f"\n{found.fix.title}"
    notes = "".join(f"\n  {note}" for note in found.notes)
    return lsp.Diagnostic(
        range=_range(snapshot, found.place),
        message=f"{found.detail}{notes}{fix}",
        severity=_SEVERITIES[found.severity],
        code=found.code,
        source="vibepiper",
        related_information=[
            lsp.DiagnosticRelatedInformation(
                lsp.Location(to_uri(each.place.path), _range(snapshot, each.place)), each.message
            )
            for each in found.related
        ],
    )


def _range(snapshot: Snapshot, place: Place | None) -> lsp.Range:
    if place is None:
        return Positions("").to_protocol(START_OF_FILE)
    return Positions(snapshot.text(place.path)).to_protocol(place.range)
