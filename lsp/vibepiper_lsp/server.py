"""The server: what the protocol asks is handed to the functions beside this file, and their answers are sent back."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from vibepiper_lsp.actions import quick_fixes
from vibepiper_lsp.checker import Checker
from vibepiper_lsp.diagnostics import diagnostics_of
from vibepiper_lsp.positions import Positions
from vibepiper_lsp.snapshot import Snapshot, Unsaved
from vibepiper_lsp.symbols import document_symbols
from vibepiper_spec import find_project_root
from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.fmt.format import format_text

_LOG = logging.getLogger(__name__)
# Whose unsaved texts count; modules are read from the disk.
_SPECS = (".toml", ".sql")


class VibePiperServer(LanguageServer):
    """Keeps a checker for every project that a document is open of."""

    def __init__(self, version: str) -> None:
        super().__init__("vibepiper", version, text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.environment = "dev"
        self._checkers: dict[Path, Checker] = {}
        self._told: dict[Path, set[str]] = {}
        self._waiting: asyncio.AbstractEventLoop | None = None

    def checker_of(self, uri: str) -> tuple[Checker, str] | None:
        """The checker of the project that a document lies in, and the document's path in that."""
        file = to_fs_path(uri)
        if file is None:
            return None
        path = Path(file)
        try:
            root = find_project_root(path.parent)
        except DiagnosticError:
            return None  # a spec outside of any project
        if root not in self._checkers:
            self._waiting = asyncio.get_running_loop()
            self._checkers[root] = Checker(root, self.environment, self._hand_over, self._log_failure)
        return self._checkers[root], path.relative_to(root).as_posix()

    def again(self) -> None:
        """Check all projects anew."""
        for checker in self._checkers.values():
            checker.again()

    def close(self) -> None:
        """No more checks."""
        for checker in self._checkers.values():
            checker.close()

    def _hand_over(self, snapshot: Snapshot) -> None:
        """From the checker's thread to the one that writes to the editor."""
        if self._waiting is not None and not self._waiting.is_closed():
            self._waiting.call_soon_threadsafe(self._publish, snapshot)

    def _publish(self, snapshot: Snapshot) -> None:
        if self._checkers[snapshot.root].last is not snapshot:
            return  # overtaken on the way
        before = self._told.get(snapshot.root, set())
        now = set(snapshot.by_path)
        for path in sorted(before | now | snapshot.unsaved.keys()):
            unsaved = snapshot.unsaved.get(path)
            self.text_document_publish_diagnostics(
                lsp.PublishDiagnosticsParams(
                    uri=uri_of(snapshot.root, path),
                    diagnostics=diagnostics_of(snapshot, path, lambda at: uri_of(snapshot.root, at)),
                    version=None if unsaved is None else unsaved.version,
                )
            )
        self._told[snapshot.root] = now

    def _log_failure(self, error: BaseException) -> None:
        _LOG.error("a check failed: %s", error, exc_info=error)


def uri_of(root: Path, path: str) -> str:
    """The URI of a file of a project."""
    found: str | None = from_fs_path(str(root / path))
    assert found is not None  # the path is absolute
    return found


def make_server(version: str) -> VibePiperServer:
    """A server with all that it can do."""
    server = VibePiperServer(version)

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        options: Any = params.initialization_options
        if isinstance(options, dict) and isinstance(options.get("environment"), str):
            server.environment = options["environment"]

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        changed(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def edited(params: lsp.DidChangeTextDocumentParams) -> None:
        changed(params.text_document.uri)

    def changed(uri: str) -> None:
        found = server.checker_of(uri)
        document = server.workspace.get_text_document(uri)
        if found is not None and uri.endswith(_SPECS):
            checker, path = found
            checker.change(path, Unsaved(document.source, document.version or 0))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        found = server.checker_of(params.text_document.uri)
        if found is not None:
            found[0].change(found[1], None)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(_: lsp.DidSaveTextDocumentParams) -> None:
        server.again()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(_: lsp.DidChangeWatchedFilesParams) -> None:
        server.again()

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    )
    async def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        found = server.checker_of(params.text_document.uri)
        snapshot = None if found is None else found[0].last
        if found is None or snapshot is None:
            return []
        checker, path = found
        if checker.text(path) != snapshot.text(path):
            return []  # its places are those of an earlier text
        return quick_fixes(snapshot, path, params.range, lambda at: uri_of(snapshot.root, at))

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        if not params.text_document.uri.endswith(".toml"):
            return []
        return document_symbols(server.workspace.get_text_document(params.text_document.uri).source)

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        uri = params.text_document.uri
        text = server.workspace.get_text_document(uri).source
        if not uri.endswith(".toml"):
            return []
        try:
            formatted = format_text(text, uri.rpartition("/")[2])
        except DiagnosticError:
            return []  # its mistakes are told already
        return [] if formatted == text else [lsp.TextEdit(Positions(text).whole(), formatted)]

    @server.feature(lsp.SHUTDOWN)
    def shutdown(*_: Any) -> None:
        server.close()

    return server
