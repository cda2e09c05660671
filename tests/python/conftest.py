"""A project whose assets are declared in Python, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import vp
from tests.compile.conftest import Project

command = vp  # as a fixture of these tests, where `vp` is the library

MODULE = """\
from vibepiper import *

pipeline = Pipeline("shop")


"""


class PythonProject(Project):
    """Writes a module that declares, beside the source `shop.orders` of TOML."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.write("vp.toml", '[project]\nname = "test"\nmodules = ["assets"]\n')
        self.sources()

    def module(self, body: str, head: str = MODULE) -> None:
        self.write("assets.py", (head + body).encode())


@pytest.fixture
def project(tmp_path: Path) -> PythonProject:
    return PythonProject(tmp_path)
