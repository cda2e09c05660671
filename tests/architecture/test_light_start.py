"""Commands start fast because they load little. Modules are counted here, never seconds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flights"

# No question that can be answered from text needs any of these.
# (numpy is missing here: DuckDB itself imports it, where it is installed, as soon as a statement has parameters.)
NEVER_TO_ANSWER_A_QUESTION = {"pyarrow", "pandas", "polars", "sqlglot", "tomlkit", "jsonschema"}
# Neither the engine nor the database nor the models are needed to say a version or to help.
NEVER_TO_SAY_HELLO = NEVER_TO_ANSWER_A_QUESTION | {"duckdb", "numpy", "sqlalchemy", "alembic", "pydantic", "rich"}

REPORT = """
import atexit, json, sys
atexit.register(lambda: print("MODULES " + json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv = ["vp", *{arguments!r}]
from vibepiper_cli.main import main
sys.exit(main())
"""


def loaded_modules(folder: Path, *arguments: str) -> set[str]:
    """The packages that `vp ARGUMENTS` has loaded when it ends well; of our own ones, every module."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT.format(arguments=list(arguments))],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("MODULES ")]
    names = json.loads(line.removeprefix("MODULES "))
    return {name if name.startswith("vibepiper") else name.partition(".")[0] for name in names}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("light") / "flights"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".vp", "__pycache__"))
    return root


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_hello_loads_nothing_heavy(tmp_path: Path, argument: str) -> None:
    assert loaded_modules(tmp_path, argument) & NEVER_TO_SAY_HELLO == set()


def test_the_help_of_a_verb_loads_the_models_at_most(tmp_path: Path) -> None:
    assert loaded_modules(tmp_path, "plan", "--help") & (NEVER_TO_SAY_HELLO - {"pydantic"}) == set()


def test_a_plan_loads_no_data_library(example: Path) -> None:
    assert loaded_modules(example, "plan") & NEVER_TO_ANSWER_A_QUESTION == set()


def test_a_plan_that_is_known_to_be_empty_does_not_open_the_state(tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "small"\n')
    (tmp_path / "small.vp.toml").write_text('[pipeline]\nname = "small"\n[sql.one]\nquery = "select 1 as one"\n')
    for _ in range(2):
        loaded_modules(tmp_path, "apply", "--yes")
    heavy = NEVER_TO_ANSWER_A_QUESTION | {"duckdb", "numpy", "sqlalchemy"}
    assert loaded_modules(tmp_path, "plan") & heavy == set()


def test_a_plan_of_what_was_compiled_before_needs_no_engine_and_no_migration(example: Path) -> None:
    loaded_modules(example, "plan")
    loaded = loaded_modules(example, "plan")
    assert loaded & (NEVER_TO_ANSWER_A_QUESTION | {"duckdb", "numpy", "alembic", "rich"}) == set()
    # Typer itself brings pydantic; what takes the time is our models.
    assert not {name for name in loaded if name.startswith("vibepiper_spec.model.")}
