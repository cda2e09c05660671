"""The blocks of a spec, as an outline; also of a text that is broken in places."""

from __future__ import annotations

from lsprotocol import types as lsp

from vibepiper_lsp.positions import Positions
from vibepiper_spec.text.document import parse_document

_KINDS = {
    "pipeline": lsp.SymbolKind.Module,
    "project": lsp.SymbolKind.Module,
    "source": lsp.SymbolKind.File,
    "sql": lsp.SymbolKind.Class,
    "python": lsp.SymbolKind.Function,
    "task": lsp.SymbolKind.Event,
    "sink": lsp.SymbolKind.Interface,
    "test": lsp.SymbolKind.Boolean,
}


def document_symbols(text: str) -> list[lsp.DocumentSymbol]:
    """Each block from its header to the next one; the name is the last word of the header, the rest its detail."""
    document, positions = parse_document(text), Positions(text)
    headers = [each for each in document.statements if each.value is None and each.keys]
    ends = [*(each.start for each in headers[1:]), len(text)][: len(headers)]
    found = []
    for header, end in zip(headers, ends, strict=True):
        words = [key for key, *_ in header.keys]
        whole = text[header.start : end].rstrip()
        line = whole.partition("\n")[0].rstrip()
        found.append(
            lsp.DocumentSymbol(
                name=words[-1] or "…",
                detail=".".join(words[:-1]) or None,
                kind=_KINDS.get(words[0], lsp.SymbolKind.Object),
                range=positions.to_protocol(document.lines.range(header.start, header.start + len(whole))),
                selection_range=positions.to_protocol(document.lines.range(header.start, header.start + len(line))),
            )
        )
    return found
