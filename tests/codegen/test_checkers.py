"""mypy and pyright, both strict, over what examples/typed generates: each mistake is found at its line, and no other.

Checkers are slow, so each looks twice only: at the example as it is, with all cases, and after a column was renamed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import edit

from vibepiper_cli.main import main

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "typed"
Found = set[tuple[str, int]]  # file and line


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("typed") / "project"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".vp", "vp_stubs", "*cache*"))
    with (root / "vp.toml").open("a") as settings:
        settings.write("\n[environment.prod]\n")
    edit(root / "vp.toml", '"polars"]', '"polars", "pyarrow", "duckdb"]')
    (root / "pyproject.toml").write_text('[tool.basedpyright]\ntypeCheckingMode = "strict"\n')
    assert main(["--project", str(root), "codegen"]) == 0
    yield root


def mypy(root: Path, *paths: str) -> Found:
    # No cache of ours: who runs this has one of his own for other settings.
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(root / ".mypy_cache"), *paths]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment())
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {(path, int(line)) for path, line in re.findall(r"^(.+?):(\d+): error", done.stdout, re.MULTILINE)}


def pyright(root: Path, *paths: str, ignoring: str = "") -> Found:
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, *paths]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment())
    told = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(each["file"]).relative_to(root.resolve()).as_posix(), each["range"]["start"]["line"] + 1)
        for each in told
        # Where a mistake is, pyright tells also of all that is unknown because of it.
        if each["severity"] == "error" and not (ignoring and each.get("rule", "").startswith(ignoring))
    }


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("MYPYPATH", "NO_COLOR")}


def marked(path: Path, checker: str) -> Found:
    marks = (f"# E {checker}", "# E")
    lines = path.read_text().splitlines()
    return {(path.name, number) for number, line in enumerate(lines, start=1) if line.endswith(marks)}


@pytest.mark.parametrize("check", [mypy, pyright])
def test_each_mistake_is_found_at_its_line_and_nothing_else(project: Path, check: Callable[..., Found]) -> None:
    shutil.copy(HERE / "cases.py", project)
    assert check(project, "reports", "vp_stubs", "cases.py") == marked(project / "cases.py", check.__name__)


def test_a_renamed_column_is_found_wherever_python_reads_it(project: Path) -> None:
    edit(project / "shop.vp.toml", "channel, amount, ordered_at", "channel, amount as gross, ordered_at")
    edit(project / "shop.vp.toml", "columns.amount", "columns.gross")
    # Before the stubs are made anew nobody knows; `--check` is what tells in CI.
    assert main(["--project", str(project), "codegen", "--check"]) == 1
    assert main(["--project", str(project), "codegen"]) == 0
    reads = {
        (f"reports/{path.name}", number)
        for path in (project / "reports").glob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r'paid_orders\b.*"amount"|order\.amount', line)
    }
    assert {path for path, _ in reads} == {"reports/customers.py", "reports/channels.py", "reports/letters.py"}
    assert mypy(project, "reports", "vp_stubs") == reads
    assert pyright(project, "reports", "vp_stubs", ignoring="reportUnknown") == reads
