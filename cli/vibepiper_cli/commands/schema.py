"""Writes the schemas into the project, or prints one."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import find_root
from vibepiper_cli.schema_files import place_schemas
from vibepiper_spec.schema import SCHEMAS, schema_text


def write(invocation: Invocation) -> ExitStatus:
    root = find_root(invocation)
    for path in place_schemas(root):
        invocation.printer.talk(f"Wrote `{path.relative_to(root).as_posix()}`")
    return ExitStatus.OK


def print_schema(invocation: Invocation, name: str) -> ExitStatus:
    invocation.printer.data(schema_text(SCHEMAS[f"{name}.schema.json"]()))
    return ExitStatus.OK
