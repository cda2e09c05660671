"""What a pipeline or an asset may be called."""

from __future__ import annotations

import re

NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
# DuckDB's own schemas and catalogs: a pipeline is a schema, and beside a catalog of its name it would be ambiguous.
RESERVED_PIPELINES = frozenset({"main", "memory", "temp", "system", "information_schema", "pg_catalog"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def suggest_name(text: str) -> str:
    """The nearest valid name: `daily-revenue 2` → `daily_revenue_2`."""
    cleaned = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")
    if not cleaned:
        return "asset"
    return cleaned if is_name(cleaned) else f"_{cleaned}"
