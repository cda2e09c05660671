"""How what two environments show differs: by what is known of it, and row by row."""

from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.diff.published import AssetDifference, EnvironmentDifference, compare_published

if TYPE_CHECKING:
    from vibepiper_interpreter.diff.data import compare_data
    from vibepiper_interpreter.diff.rows import ChangedRow, RowDifference

__all__ = [
    "AssetDifference",
    "ChangedRow",
    "EnvironmentDifference",
    "RowDifference",
    "compare_data",
    "compare_published",
]


def __getattr__(name: str) -> Any:
    # Comparing what is known must not wait for the engine; comparing rows needs it.
    if name == "compare_data":
        from vibepiper_interpreter.diff.data import compare_data

        return compare_data
    if name in ("ChangedRow", "RowDifference"):
        from vibepiper_interpreter.diff import rows

        return getattr(rows, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
