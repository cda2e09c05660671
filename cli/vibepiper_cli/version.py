"""The version of `vp`, as people and scripts see it."""

from __future__ import annotations

# Written here, because asking for the installed package's would take longer than the answer. `pyproject.toml` has it
# too; a test compares them.
VERSION = "0.1.0"


def version_line() -> str:
    return f"vp {VERSION}"
