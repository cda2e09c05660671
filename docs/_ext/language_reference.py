"""Writes the reference of the language from its models at every build, so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sphinx.application import Sphinx

from vibepiper_spec.model.asset import AssetSpec
from vibepiper_spec.model.asset_test import AssetTest
from vibepiper_spec.model.build import Build
from vibepiper_spec.model.change import Adopt, Moved, Removed
from vibepiper_spec.model.check import AssetCheck, Bounds, ColumnCheck
from vibepiper_spec.model.codegen import Codegen
from vibepiper_spec.model.column import ColumnSpec
from vibepiper_spec.model.connection import (
    MysqlConnection,
    PostgresConnection,
    SmtpConnection,
    SqliteConnection,
)
from vibepiper_spec.model.file_source import CsvOptions, FileSource
from vibepiper_spec.model.for_each import ForEach
from vibepiper_spec.model.pipeline import PipelineHeader, Schedule
from vibepiper_spec.model.python_asset import InputSpec, PythonAsset
from vibepiper_spec.model.settings import (
    Defaults,
    Environment,
    Executor,
    ProjectHeader,
    ProjectSettings,
    StateSettings,
    Storage,
)
from vibepiper_spec.model.sql_asset import SqlAsset
from vibepiper_spec.model.task import OutputSpec, TaskModel
from vibepiper_spec.model.task_http import Auth
from vibepiper_spec.model.task_kinds import TASK_KINDS
from vibepiper_spec.model.task_wait import WaitTask
from vibepiper_spec.model.variable import Variable

# Headers in the order of the page. A model with a base shows only its own keys, where the base has its own section.
PIPELINE_FILE: tuple[tuple[str, type[BaseModel], type[BaseModel] | None], ...] = (
    ("`[pipeline]`", PipelineHeader, None),
    ("`schedule`", Schedule, None),
    ("Every asset", AssetSpec, None),
    ("`[source.file.NAME]`", FileSource, AssetSpec),
    ("`options` of a CSV file", CsvOptions, None),
    ("`[sql.NAME]`", SqlAsset, AssetSpec),
    ("`[python.NAME]`", PythonAsset, AssetSpec),
    ("`inputs.PARAMETER`", InputSpec, None),
    ("`build`", Build, None),
    ("`columns.NAME`", ColumnSpec, None),
    ("Checks on a column", ColumnCheck, None),
    ("Checks on an asset", AssetCheck, None),
    ("A range: `row_count`, `length`", Bounds, None),
    ("Every task", TaskModel, None),
    ("`outputs.NAME`", OutputSpec, None),
    ("`for_each`", ForEach, None),
    *(
        (f"`[{'.'.join(kind.header)}.NAME]`", kind.model, TaskModel)
        for kind in TASK_KINDS
        if not issubclass(kind.model, WaitTask)
    ),
    ("`auth` of a request", Auth, None),
    ("Every task that waits", WaitTask, TaskModel),
    *(
        (f"`[{'.'.join(kind.header)}.NAME]`", kind.model, WaitTask)
        for kind in TASK_KINDS
        if issubclass(kind.model, WaitTask)
    ),
    ("`[test.NAME]`", AssetTest, None),
    ("`[[moved]]`", Moved, None),
    ("`[[adopt]]`", Adopt, None),
    ("`[[removed]]`", Removed, None),
)
PROJECT_FILE: tuple[tuple[str, type[BaseModel], type[BaseModel] | None], ...] = (
    ("The file", ProjectSettings, None),
    ("`[project]`", ProjectHeader, None),
    ("`[environment.NAME]`", Environment, None),
    ("`[connection.postgres.NAME]`", PostgresConnection, None),
    ("`[connection.mysql.NAME]`", MysqlConnection, None),
    ("`[connection.sqlite.NAME]`", SqliteConnection, None),
    ("`[connection.smtp.NAME]`", SmtpConnection, None),
    ("`[variables]`, each", Variable, None),
    ("`[defaults]`", Defaults, None),
    ("`[executor]`", Executor, None),
    ("`[storage]`", Storage, None),
    ("`[state]`", StateSettings, None),
    ("`[codegen]`", Codegen, None),
)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_reference(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    for name, sections in (("pipeline_file.md", PIPELINE_FILE), ("project_file.md", PROJECT_FILE)):
        text = "\n".join(line for section in sections for line in section_lines(*section))
        write_if_changed(folder / name, text)


def write_if_changed(path: Path, text: str) -> None:
    """Sphinx rebuilds what has a newer date, so an equal file keeps its own."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def section_lines(title: str, model: type[BaseModel], base: type[BaseModel] | None) -> Iterator[str]:
    inherited = set(base.model_fields) if base else set()
    schema = model.model_json_schema()
    table = table_schema(schema)
    yield f"### {title}"
    yield ""
    yield from (model.__doc__ or "").strip().replace("\n    ", "\n").splitlines()
    yield ""
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        if name in inherited:
            continue
        name = field.alias or name
        value = value_words(table["properties"][name], schema.get("$defs", {}))
        meaning = (field.description or "").replace("\n", " ")
        yield f"| `{name}` | {value} | {default_words(field)} | {meaning} |"
    yield ""


def table_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the table itself, where a shorter spelling is allowed too."""
    if "$ref" in schema:
        schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        return schema
    return next(choice for choice in schema["anyOf"] if "properties" in choice)


def value_words(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What may be written, in words: `text`, `` `a` or `b` ``, `list of text`, `table`."""
    if "$ref" in schema:
        return value_words(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "const" in schema:
        return f"`{str(schema['const']).lower()}`" if isinstance(schema["const"], bool) else f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    if "anyOf" in schema and "properties" not in schema:
        found = [value_words(choice, definitions) for choice in schema["anyOf"] if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(found))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(value_words({"type": one}, definitions) for one in kind)
    if kind == "array":
        if "prefixItems" in schema:
            return f"list of {len(schema['prefixItems'])} values"
        return f"list of {value_words(schema.get('items', {}), definitions)}"
    words = {"string": "text", "integer": "integer", "number": "number", "boolean": "`true` or `false`"}
    return words.get(str(kind), "table")


def default_words(field: Any) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, str) and default:
        return f"`{default}`"
    if isinstance(default, bool | int | float):
        return f"`{str(default).lower()}`"
    return ""
