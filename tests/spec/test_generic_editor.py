"""A TOML editor that has never heard of us completes keys and values by the schema that a file's first line names."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


class Editor:
    """An editor with one open file, talking to tombi's language server over its standard input and output."""

    def __init__(self, binary: str, root: Path) -> None:
        self.root = root
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.server = subprocess.Popen([binary, "lsp", "--offline"], cwd=root, **pipes)
        self._ids = itertools.count(1)
        self._versions = itertools.count(1)
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
        self._send({"method": "initialized", "params": {}})

    def offers(self, path: str, text: str, wanted: set[str]) -> set[str]:
        """What is offered where `|` stands in `text`; asked again for a while, as the server reads its schema first."""
        before, after = text.split("|")
        document = {"uri": (self.root / path).as_uri()}
        opened = {**document, "languageId": "toml", "version": next(self._versions), "text": before + after}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": opened}})
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        deadline = time.monotonic() + 20
        offered: set[str] = set()
        while not wanted <= offered and time.monotonic() < deadline:
            found = self.ask("textDocument/completion", {"textDocument": document, "position": position})
            items = found["items"] if isinstance(found, dict) else found or []
            offered = {item["label"] for item in items}
        self._send({"method": "textDocument/didClose", "params": {"textDocument": document}})
        return offered

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                return message["result"]
            if "id" in message:  # a question of the server's
                self._send({"id": message["id"], "result": None})

    def _send(self, message: dict[str, Any]) -> None:
        assert self.server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.server.stdout is not None
        length = 0
        while (line := self.server.stdout.readline()) != b"\r\n":
            assert line, "the language server ended"
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self.server.stdout.read(length))
        return message


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    binary = shutil.which("tombi", path=str(Path(sys.executable).parent)) or shutil.which("tombi")
    if binary is None:
        pytest.skip("the tombi command is not installed")
    root = tmp_path_factory.mktemp("editor")
    shutil.copytree(SCHEMAS, root / ".vp" / "schemas")
    opened = Editor(binary, root)
    yield opened
    opened.server.kill()
    opened.server.communicate()


PIPELINE = '#:schema .vp/schemas/pipeline.schema.json\n[pipeline]\nname = "shop"\n'
QUERY = f"{PIPELINE}[sql.daily]\nquery = 'select 1 as x'\n"


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (f"{PIPELINE}|", {"description", "owner", "tags", "publish"}),
        (f"{PIPELINE}[|]", {"source", "sql", "python"}),
        (f"{PIPELINE}[source.|]", {"file"}),
        (f"{PIPELINE}[sql.daily]\n|", {"query", "file", "build", "columns", "checks"}),
        (f"{PIPELINE}[sql.daily]\nque|", {"query"}),
        (f"{QUERY}build = |", {'"table"', '"view"'}),
        (f"{QUERY}rebuild = |", {'"on_change"', '"always"'}),
        (f"{QUERY}columns.x = {{ | }}", {"type", "description", "checks"}),
        (f'{QUERY}columns.x = {{ checks = ["|"] }}', {'"not_null"', '"unique"'}),
        (f"{QUERY}checks = [{{ | }}]", {"row_count", "unique", "expression", "severity", "where"}),
        (f"{PIPELINE}[source.file.orders]\npath = 'a.csv'\noptions = {{ | }}", {"delimiter", "header", "null"}),
    ],
)
def test_keys_and_values_of_a_pipeline_are_offered(editor: Editor, text: str, offered: set[str]) -> None:
    assert offered <= editor.offers("shop.vp.toml", text, offered)


PROJECT = '#:schema .vp/schemas/project.schema.json\n[project]\nname = "shop"\n'


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (f"{PROJECT}|", {"description", "modules"}),
        (f"{PROJECT}[|]", {"environment", "variables", "defaults", "storage", "state"}),
        (f"{PROJECT}[environment.prod]\n|", {"variables", "protected", "description"}),
        (f"{PROJECT}[executor]\nkind = |", {'"threads"', '"inline"'}),
    ],
)
def test_keys_and_values_of_a_project_are_offered(editor: Editor, text: str, offered: set[str]) -> None:
    assert offered <= editor.offers("vp.toml", text, offered)
