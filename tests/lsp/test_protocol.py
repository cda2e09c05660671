"""The server as an editor meets it: `vp lsp` over stdin and stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

GOOD = (
    '[pipeline]\nname = "shop"\n[sql.orders]\nquery = "select 1 as id"\n[sql.more]\nquery = "select id from orders"\n'
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "vp.toml").write_text('[project]\nname = "test"\n')
    (tmp_path / "shop.vp.toml").write_text(GOOD)
    return tmp_path


class Editor(LanguageClient):
    """Keeps what the server tells of each document, by its version."""

    def __init__(self) -> None:
        super().__init__("tests", "1")
        self.told: dict[tuple[str, int | None], list[lsp.Diagnostic]] = {}
        self.came = asyncio.Condition()

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def tell(params: lsp.PublishDiagnosticsParams) -> None:
            async with self.came:
                self.told[params.uri, params.version] = list(params.diagnostics)
                self.came.notify_all()

    async def diagnostics(self, uri: str, version: int | None) -> list[lsp.Diagnostic]:
        """Waits for those of this version."""
        async with self.came:
            await asyncio.wait_for(self.came.wait_for(lambda: (uri, version) in self.told), 60)
            return self.told[uri, version]


def in_a_session(do: Callable[[Editor], Awaitable[None]]) -> None:
    """Starts a server, and ends it as editors do."""

    async def session() -> None:
        editor = Editor()
        await editor.start_io(sys.executable, "-m", "vibepiper_cli.main", "lsp")
        await editor.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities()))
        editor.initialized(lsp.InitializedParams())
        try:
            await do(editor)
        finally:
            await editor.shutdown_async(None)
            editor.exit(None)
            await editor.stop()

    asyncio.run(session())


def test_a_session(shop: Path) -> None:
    uri = (shop / "shop.vp.toml").as_uri()
    document = lsp.TextDocumentIdentifier(uri)

    async def type_in(editor: Editor) -> None:
        editor.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "vibepiper", 1, GOOD)))
        assert await editor.diagnostics(uri, 1) == []
        edit(editor, uri, 2, GOOD.replace("select id from", "select idd from"))
        (found,) = await editor.diagnostics(uri, 2)
        assert (found.code, found.range.start) == ("VP302", lsp.Position(5, 16))
        (action,) = (
            await editor.text_document_code_action_async(
                lsp.CodeActionParams(document, found.range, lsp.CodeActionContext([found]))
            )
            or ()
        )
        assert isinstance(action, lsp.CodeAction) and action.edit is not None
        assert [*(action.edit.changes or {})[uri]] == [lsp.TextEdit(found.range, "id")]
        symbols = await editor.text_document_document_symbol_async(lsp.DocumentSymbolParams(document))
        assert [each.name for each in symbols or ()] == ["pipeline", "orders", "more"]
        edit(editor, uri, 3, GOOD.replace('name = "shop"', 'name="shop"'))
        assert await editor.diagnostics(uri, 3) == []
        (change,) = await formatted(editor, uri)
        assert change.new_text.startswith('[pipeline]\nname = "shop"\n')
        edit(editor, uri, 4, "[pipeline\n")
        assert await editor.diagnostics(uri, 4) and await formatted(editor, uri) == []
        editor.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
        assert await editor.diagnostics(uri, None) == []  # the file is whole

    in_a_session(type_in)


def test_only_the_last_of_many_keys_is_told(shop: Path) -> None:
    uri = (shop / "shop.vp.toml").as_uri()

    async def type_in(editor: Editor) -> None:
        editor.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "vibepiper", 0, "")))
        for length in range(1, len(GOOD) + 1):
            edit(editor, uri, length, GOOD[:length])
        assert await editor.diagnostics(uri, len(GOOD)) == []
        assert len(editor.told) < len(GOOD) / 2

    in_a_session(type_in)


def test_a_document_outside_of_any_project(tmp_path: Path) -> None:
    uri = (tmp_path / "lost.vp.toml").as_uri()

    async def look(editor: Editor) -> None:
        editor.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "vibepiper", 1, "x = ")))
        assert await formatted(editor, uri) == []

    in_a_session(look)


def test_another_file_that_changes_on_the_disk_is_seen(shop: Path) -> None:
    uri = (shop / "shop.vp.toml").as_uri()
    (shop / "other.vp.toml").write_text('[pipeline]\nname = "other"\n[sql.a]\nquery = "select id from shop.orders"\n')

    async def change(editor: Editor) -> None:
        editor.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "vibepiper", 1, GOOD)))
        assert await editor.diagnostics(uri, 1) == []
        other = (shop / "other.vp.toml").as_uri()
        (shop / "other.vp.toml").write_text(
            '[pipeline]\nname = "other"\n[sql.a]\nquery = "select x from shop.orders"\n'
        )
        event = lsp.FileEvent(other, lsp.FileChangeType.Changed)
        editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
        assert [each.code for each in await editor.diagnostics(other, None)] == ["VP302"]

    in_a_session(change)


def edit(editor: Editor, uri: str, version: int, text: str) -> None:
    editor.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(version, uri), [lsp.TextDocumentContentChangeWholeDocument(text)]
        )
    )


async def formatted(editor: Editor, uri: str) -> list[lsp.TextEdit]:
    options = lsp.FormattingOptions(tab_size=2, insert_spaces=True)
    found = await editor.text_document_formatting_async(
        lsp.DocumentFormattingParams(lsp.TextDocumentIdentifier(uri), options)
    )
    return list(found or ())
