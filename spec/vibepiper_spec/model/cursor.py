"""`cursor`: how a source tells what it has read from what is new."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from vibepiper_spec.model.duration import Duration
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.spec_model import ShorthandModel


class Cursor(ShorthandModel):
    """What is new: files by their name or time, or rows by a column. A plain string is `by`."""

    shorthand: ClassVar = "by"

    by: Literal["name", "modified"] | None = None
    """`name`: files whose path sorts behind all that were read; `modified`: files changed since those."""
    column: str | None = None
    """A column that only grows, such as the time of a row's last change: rows above its greatest value are new."""
    start: date | datetime | int | str | None = None
    """Rows whose `column` is below this are never read."""
    lag: Duration | None = None
    """How late a row may come, such as `2h`: so far below the greatest value is looked again; each row once."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.by is None) == (self.column is None):
            raise mistake(
                "VP104" if self.by is None else "VP110",
                "A cursor needs either `by` or `column`.",
                'Write `cursor = "name"`, or `cursor = { column = "updated_at" }`.',
            )
        if self.column is None and self.start is not None:
            raise mistake("VP110", "`start` belongs to a cursor with a `column`.", "Remove it.", key="start")
        if self.by == "name" and self.lag is not None:
            raise mistake("VP110", "A name has no time, so it cannot lag.", "Remove `lag`.", key="lag")
        return self
