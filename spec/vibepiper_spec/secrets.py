"""Resolves `secret:NAME` at the moment of use: the environment variable NAME, else the project's `.env`."""

from __future__ import annotations

import os
from pathlib import Path

from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

SECRET_PREFIX = "secret:"


def is_secret(value: object) -> bool:
    return isinstance(value, str) and value.startswith(SECRET_PREFIX)


def resolve_secret(root: Path, reference: str) -> str:
    """The secret behind `secret:NAME`; any other text is returned as it is. Raises DiagnosticError (VP602).

    The result must never reach a plan, the state, a log line or an error.
    """
    if not is_secret(reference):
        return reference
    name = reference.removeprefix(SECRET_PREFIX)
    value = os.environ.get(name) or _read_env_file(root / ".env").get(name)
    if value:
        return value
    raise DiagnosticError(
        Diagnostic(
            "VP602",
            f"The secret `{name}` is neither an environment variable nor in the file `.env` beside `vp.toml`.",
            fix=Fix(f"Set it: `export {name}=…`, or add the line `{name}=…` to `.env`, which git must ignore."),
        )
    )


def _read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; quotes around the value, `export` before the name and `#` comment lines are allowed."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return {}
    values = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[name.strip()] = value
    return values
