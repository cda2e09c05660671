"""Quick fixes: the edits that a diagnostic knows."""

from __future__ import annotations

from lsprotocol import types as lsp

from vibepiper_lsp.diagnostics import ToUri, diagnostics_of
from vibepiper_lsp.positions import Positions, overlap
from vibepiper_lsp.snapshot import Snapshot


def quick_fixes(snapshot: Snapshot, path: str, span: lsp.Range, to_uri: ToUri) -> list[lsp.CodeAction]:
    """What could be done about that which is told at `span`."""
    found = []
    told = zip(snapshot.by_path.get(path, ()), diagnostics_of(snapshot, path, to_uri), strict=True)
    for each, shown in told:
        if each.fix is None or not each.fix.edits or not overlap(shown.range, span):
            continue
        edits: dict[str, list[lsp.TextEdit]] = {}
        for edit in each.fix.edits:
            at = Positions(snapshot.text(edit.place.path)).to_protocol(edit.place.range)
            edits.setdefault(to_uri(edit.place.path), []).append(lsp.TextEdit(at, edit.new_text))
        found.append(
            lsp.CodeAction(
                title=each.fix.title,
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=[shown],
                is_preferred=True,
                edit=lsp.WorkspaceEdit(changes=edits),
            )
        )
    return found
