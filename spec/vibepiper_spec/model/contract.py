"""`contract`: what those who read an asset may rely on."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import model_validator

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.spec_model import ShorthandModel

Promise = Literal["freeze", "evolve"]


class Contract(ShorthandModel):
    """What those who read the asset may rely on. A plain string is short for `columns` and `types` both."""

    shorthand: ClassVar = "columns"

    columns: Promise | None = None
    """`freeze`: no published column is removed or renamed, and none is added. `evolve`: columns may be added."""
    types: Promise | None = None
    """`freeze`: no published column gets another type. `evolve`: only one that holds every value of the old one."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if value in get_args(Promise):
            return {"columns": value, "types": value}
        return {"columns": value} if isinstance(value, str) else value  # which says what is wrong with it

    @model_validator(mode="after")
    def _promises_something(self) -> Self:
        if self.columns is None and self.types is None:
            raise mistake(
                "VP104",
                "A contract without `columns` and `types` promises nothing.",
                'Write `contract = "evolve"`, or `contract = { columns = "freeze" }`.',
            )
        return self
