"""What comes to a table, and what the table is made of afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.storage.version import Part


@dataclass(frozen=True, slots=True)
class Incoming:
    """Rows that are to be brought into a table."""

    # SQL for a FROM clause; read more than once, so it has to give the same rows each time.
    relation: str
    # The columns of the rows, which the table may have fewer or more of (flag of deletion, times of a history).
    columns: tuple[Column, ...]
    # The file in the new version's folder that holds exactly these rows, if there is one: where the table is no more
    # than they are, this file becomes its part. Whoever gave it deletes it where it did not.
    part: Part | None = None
    # A sentence for where a key comes twice among them: why nobody knows which of these rows came last.
    at_once: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """The parts, old and new, that hold the table now, and the number of rows that it has with them."""

    parts: tuple[Part, ...]
    rows: int
