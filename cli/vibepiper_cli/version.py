"""The version of `vp`, as people and scripts see it."""

from __future__ import annotations

from importlib.metadata import version


def version_line() -> str:
    return f"vp {version('vibepiper')}"
