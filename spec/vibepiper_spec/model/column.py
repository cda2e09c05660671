"""A declared column: its type, its rules, and what it means."""

from __future__ import annotations

from typing import ClassVar

from vibepiper_spec.model.check import ColumnChecks
from vibepiper_spec.model.spec_model import ShorthandModel


class ColumnSpec(ShorthandModel):
    """What is declared of a column. A plain string is its type."""

    shorthand: ClassVar = "type"

    type: str | None = None
    """The SQL type, such as `bigint` or `decimal(14,2)`: an assertion; for a source, the type that is read."""
    description: str = ""
    """What the column means, for people."""
    checks: ColumnChecks = ()
    """Rules that every value keeps."""
