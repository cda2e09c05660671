"""The project that `vp new` makes, applied, with its state where the test wants it; and `vp` in it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from vibepiper_cli.main import main


class Shop:
    """A folder with a project; `url` is that of its state, None for the default file."""

    def __init__(self, root: Path, url: str | None) -> None:
        self.root = root
        with contextlib.redirect_stderr(io.StringIO()):
            assert main(["new", str(root)]) == 0
        self._settings = (root / "vp.toml").read_text()
        self.use(url)
        self.vp("apply", "--yes")

    def use(self, url: str | None) -> None:
        text = "" if url is None else f'\n[state]\nurl = "{url}"\n'
        (self.root / "vp.toml").write_text(self._settings + text)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([*arguments, "--project", str(self.root)])
        assert "Traceback" not in out.getvalue() + err.getvalue()
        return status, out.getvalue(), err.getvalue()

    def vp(self, *arguments: str) -> str:
        status, out, err = self.run(*arguments)
        assert status == 0, err
        return out or err

    def json(self, *arguments: str) -> Any:
        return json.loads(self.vp(*arguments, "--json"))

    def revenue(self) -> str:
        return self.vp("query", "from shop.daily_revenue", "--format", "csv")

    def backup(self) -> str:
        file = str(self.root.parent / "saved.vpstate")
        self.vp("state", "backup", file)
        return file

    def part(self, asset: str) -> Path:
        """The one file that an asset is published as, and ever was."""
        (found,) = (self.root / ".vp" / "storage" / "shop" / asset).glob("*/part-0.parquet")
        return found

    def edit(self) -> None:
        spec = self.root / "pipelines" / "shop.vp.toml"
        spec.write_text(spec.read_text().replace("cast(sum(amount) as", "cast(sum(amount) + 1 as"))
