"""The JSON Schemas of the language, generated from the model: for editors, and for other tools.

`python -m vibepiper_spec.schema FOLDER` writes both, as they stand in the repository's `schemas/`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vibepiper_spec.model.document import PipelineDocument
from vibepiper_spec.model.settings import ProjectSettings

# Draft 7 is what all TOML editors know. TOML has dates, JSON has not: they count as strings.
_DIALECT = "http://json-schema.org/draft-07/schema#"


def pipeline_schema() -> dict[str, Any]:
    """The schema of `*.vp.toml`."""
    return _finish("VibePiper pipeline (*.vp.toml)", PipelineDocument.model_json_schema())


def project_schema() -> dict[str, Any]:
    """The schema of `vp.toml`."""
    return _finish("VibePiper project (vp.toml)", ProjectSettings.model_json_schema())


# File name → what generates it.
SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "pipeline.schema.json": pipeline_schema,
    "project.schema.json": project_schema,
}


def schema_text(schema: Mapping[str, Any]) -> str:
    """A schema as it is written to a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write all schemas into `folder`; a file that is right already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, generate in SCHEMAS.items():
        path, text = folder / name, schema_text(generate())
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    return tuple(written)


def _finish(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    simple = _simplify(schema)
    definitions = simple.pop("$defs", {})
    return {
        "$schema": _DIALECT,
        "title": title,
        "x-tombi-toml-version": "v1.0.0",
        **simple,
        "$defs": definitions,
    }


def _simplify(node: Any, *, by_name: bool = False) -> Any:
    """Pydantic's schema without what only Python knows: null (TOML has none), titles made from names, tuples.

    `by_name`: the node maps names to schemas, so its keys are no keywords.
    """
    if isinstance(node, list):
        return [_simplify(item) for item in node]
    if not isinstance(node, dict):
        return node
    if by_name:
        return {name: _simplify(schema) for name, schema in node.items()}
    kept = {key: value for key, value in node.items() if key != "title"}
    if not kept.get("default") or isinstance(kept["default"], dict):
        kept.pop("default", None)
    if "prefixItems" in kept:
        kept["items"] = kept.pop("prefixItems")[0]
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    elif choices:
        kept["anyOf"] = choices
    return {key: _simplify(value, by_name=key in ("properties", "$defs")) for key, value in kept.items()}


if __name__ == "__main__":
    for path in write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas")):
        print(path)
