"""A small project in a folder of its own, written and compiled by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from vibepiper_interpreter.compile import compile_project, compile_root
from vibepiper_interpreter.compile.compiled import Compiled, CompiledAsset
from vibepiper_spec import Address, load_project
from vibepiper_spec.diagnostics import Diagnostic

ORDERS = "id,amount,day\n1,2.50,2024-01-01\n2,3.50,2024-01-02\n"


class Project:
    """Writes files and compiles; `pipeline` writes the body of a file of the pipeline `shop`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("vp.toml", '[project]\nname = "test"\n')
        self.write("data/orders.csv", ORDERS)

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return target

    def pipeline(self, body: str, path: str = "shop.vp.toml", name: str = "shop") -> None:
        self.write(path, f'[pipeline]\nname = "{name}"\n' + dedent(body))

    def sources(self) -> None:
        """The source `shop.orders`, with the columns id BIGINT, amount DOUBLE and day DATE."""
        self.pipeline('[source.file.orders]\npath = "data/orders.csv"\n', "sources.vp.toml")

    def compile(self, environment: str = "dev", *, imports: bool = False) -> Compiled:
        """Compile anew. `imports`: really import the Python modules."""
        loaded = load_project(self.root)
        assert not loaded.diagnostics, loaded.diagnostics
        return compile_project(loaded, environment, offline_python=not imports)

    def recall(self, environment: str = "dev") -> Compiled:
        return compile_root(self.root, environment)

    def assets(self, environment: str = "dev") -> dict[str, CompiledAsset]:
        """The compiled assets by address, where nothing is wrong."""
        compiled = self.compile(environment)
        assert not compiled.diagnostics, compiled.diagnostics
        return {str(address): asset for address, asset in compiled.project.assets.items()}

    def asset(self, name: str, environment: str = "dev") -> CompiledAsset:
        return self.assets(environment)[name]

    def only(self, *, imports: bool = False) -> Diagnostic:
        """The one thing there is to say."""
        diagnostics = self.compile(imports=imports).diagnostics
        assert len(diagnostics) == 1, diagnostics
        return diagnostics[0]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    yield Project(tmp_path)


def told(compiled: Compiled) -> list[tuple[str, str]]:
    """Code and place of every diagnostic."""
    return [(diagnostic.code, str(diagnostic.place)) for diagnostic in compiled.diagnostics]


def address(text: str) -> Address:
    return Address.parse(text)
