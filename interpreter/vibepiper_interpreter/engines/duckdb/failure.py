"""What DuckDB says when a statement fails, taken apart."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """An error of a session that gives errors as JSON (`errors_as_json`); without that only `message` is known."""

    kind: str  # DuckDB's own name of the exception: Conversion, IO, Out of Range …
    message: str
    # Where in the statement, in bytes, where DuckDB tells.
    position: int | None = None
    length: int = 1
    errno: int | None = None

    @property
    def disk_full(self) -> bool:
        return self.errno == 28 or "No space left on device" in self.message or "disk is full" in self.message


def engine_failure(error: duckdb.Error) -> EngineFailure:
    text = str(error)
    start = text.find("{")
    try:
        found = json.loads(text[start:]) if start >= 0 else None
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or "exception_message" not in found:
        return EngineFailure(type(error).__name__, text)
    position, length = _location(found)
    errno = found.get("errno")
    return EngineFailure(
        str(found.get("exception_type", "")),
        str(found["exception_message"]),
        position,
        length,
        int(errno) if errno is not None else None,
    )


def _location(found: dict[str, str]) -> tuple[int | None, int]:
    """`"location": "[13,14]"` is start and length; `"position"` alone is the start."""
    if "location" in found:
        start, length = json.loads(found["location"])
        return int(start), int(length)
    return (int(found["position"]), 1) if "position" in found else (None, 1)
