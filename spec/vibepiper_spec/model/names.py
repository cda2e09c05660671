"""What a pipeline or an asset may be called."""

from __future__ import annotations

import re

# Names become names of folders and files: file systems take 255 bytes, and what we append must fit too.
LONGEST_NAME = 128
NAME_PATTERN = f"^[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}$"
# What messages say about it.
NAME_RULE = f"names are letters, digits and `_`, at most {LONGEST_NAME} of them, and start with no digit"
# DuckDB's own schemas and catalogs: a pipeline is a schema, and beside a catalog of its name it would be ambiguous.
RESERVED_PIPELINES = frozenset({"main", "memory", "temp", "system", "information_schema", "pg_catalog"})

_NAME = re.compile(NAME_PATTERN.removeprefix("^").removesuffix("$"))


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def suggest_name(text: str) -> str:
    """The nearest valid name: `daily-revenue 2` → `daily_revenue_2`."""
    cleaned = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")
    if not cleaned:
        return "asset"
    return (f"_{cleaned}" if cleaned[0].isdigit() else cleaned)[:LONGEST_NAME]
