"""Sources that are files: which files there are, what columns they have, and the SQL that reads them."""

from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.connectors.file.broken_rows import broken_row
from vibepiper_interpreter.connectors.file.listing import (
    files_of,
    find_files,
    identify_files,
    is_pattern,
    list_files,
    natural,
)

if TYPE_CHECKING:
    from vibepiper_interpreter.connectors.file.reading import folders_of, read_expression

__all__ = [
    "broken_row",
    "files_of",
    "find_files",
    "folders_of",
    "identify_files",
    "is_pattern",
    "list_files",
    "natural",
    "read_expression",
]


def __getattr__(name: str) -> Any:
    # Reading needs DuckDB; planning an unchanged project only lists files and must not wait for that import.
    if name in ("folders_of", "read_expression"):
        from vibepiper_interpreter.connectors.file import reading

        return getattr(reading, name)
    raise AttributeError(name)
