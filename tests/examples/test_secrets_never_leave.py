"""Plants secrets where users keep them, does everything that could spill them, and scans all that was made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FROM_ENVIRONMENT = "planted-5f1c-in-the-environment"
FROM_FILE = "planted-93ab-in-the-env-file"

PROJECT = """
[project]
name = "leaky"

[connection.postgres.erp]
host = "db.example"
password = "secret:ERP_PASSWORD"

[connection.postgres.crm]
host = "db.example"
password = "secret:CRM_PASSWORD"
"""
PIPELINE = """
[pipeline]
name = "leaky"

[source.file.rows]
path = "rows.csv"

[python.careless]
function = "careless:tell"

[python.broken]
function = "careless:fail"
"""
# What users do: log a password to find out whether it arrived, and raise an error that holds a whole URL.
CARELESS = """
import os

import pyarrow as pa


def secrets():
    lines = open(".env").read().split("=")
    return os.environ["ERP_PASSWORD"], lines[1].strip()


def tell(rows: pa.Table, context) -> pa.Table:
    for secret in secrets():
        context.logger.warning("the password is %s", secret)
    return rows


def fail(rows: pa.Table) -> pa.Table:
    first, second = secrets()
    raise RuntimeError(f"cannot reach postgresql://erp:{first}@db.example and crm:{second}@db.example")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "leaky"
    root.mkdir()
    for name, text in {
        "vp.toml": PROJECT,
        "leaky.vp.toml": PIPELINE,
        "careless.py": CARELESS,
        "rows.csv": "id\n1\n2\n",
        ".env": f"CRM_PASSWORD={FROM_FILE}\n",
    }.items():
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_no_file_and_no_output_holds_a_secret(project: Path) -> None:
    said = ""
    for arguments in (
        ["plan", "-o", "saved.plan"],
        ["apply", "--yes"],
        ["apply", "--yes", "--json"],
        ["runs", "--json"],
        ["show", "leaky.careless"],
        ["doctor"],
        ["validate", "--json"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "vibepiper_cli.main", *arguments],
            cwd=project,
            env={**os.environ, "NO_COLOR": "1", "ERP_PASSWORD": FROM_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "defect" not in done.stderr, done.stderr
        said += done.stdout + done.stderr
    assert "VP406" in said, "the careless function was meant to run and fail"
    assert "cannot reach" in said, "its message was meant to be shown, without the passwords"

    made = {path: path.read_bytes() for path in project.rglob("*") if path.is_file() and path.name != ".env"}
    assert any(path.name == "state.sqlite" for path in made)
    for secret in (FROM_ENVIRONMENT, FROM_FILE):
        assert secret not in said
        assert [str(path.relative_to(project)) for path, data in made.items() if secret.encode() in data] == []
