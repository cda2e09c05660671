"""The JSON schemas in a project, where the `#:schema` line of its files looks for them."""

from __future__ import annotations

from pathlib import Path

from vibepiper_interpreter.local_cache import own_folder
from vibepiper_spec.schema import SCHEMAS, schema_text, write_schemas

SCHEMA_FOLDER = Path(".vp/schemas")


def place_schemas(root: Path) -> list[Path]:
    """Write all schemas below `root`; gives their paths."""
    return list(write_schemas(own_folder(root) / SCHEMA_FOLDER.name))


def schemas_are_fresh(root: Path) -> bool:
    """Whether the schemas there are those of this version."""
    return all(_text(root / SCHEMA_FOLDER / name) == schema_text(generate()) for name, generate in SCHEMAS.items())


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
