"""`for_each`: a task that is done once for each item of a list, or for each row of an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, GetJsonSchemaHandler, Strict, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import Scalar, describe_type
from vibepiper_spec.model.spec_model import SpecModel, Strings
from vibepiper_spec.model.variable import inferred_type


class ForEach(SpecModel):
    """What a task is done for. A plain list is short for `items`."""

    items: Annotated[tuple[Scalar, ...], Strict(False)] | None = None
    """Values of one type, each the `$item` of one time."""
    asset: str | None = None
    """An asset whose rows are the items; the task comes after it."""
    columns: Strings = ()
    """The columns of the asset that the task uses, as `$item_COLUMN`."""
    key: str | None = None
    """The column that names an item; the first of `columns` if not set."""
    limit: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """How many items there may be: with more, nothing is done."""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """How many items are done at once, if fewer than there are workers."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"items": value}
        if not isinstance(value, Mapping):
            raise mistake(
                "VP103",
                f"Expected a list, or a table that names an asset, found {describe_type(value)}.",
                'Write `["berlin", "bern"]`, or `{ asset = "orders", columns = ["id"] }`.',
            )
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.items is None) == (self.asset is None):
            raise mistake("VP110", "Exactly one of `items` and `asset` says what the items are.", "Write one of them.")
        if self.items is not None:
            if len({inferred_type(item) for item in self.items}) > 1:
                raise mistake(
                    "VP109", "The items are of different types.", "Write all of them in one way.", key="items"
                )
            if len({str(item) for item in self.items}) < len(self.items):
                raise mistake("VP109", "An item stands in the list twice.", "Remove one of the two.", key="items")
        elif not self.columns:
            raise mistake("VP104", "`columns` is missing: what of a row does the task use?", 'Add `columns = ["id"]`.')
        if self.key is not None and self.key not in self.columns:
            raise mistake("VP109", f"`{self.key}` is not among the `columns`.", "Add it to `columns`.", key="key")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core, handler))
        listed = dict(next(each for each in table["properties"]["items"]["anyOf"] if each.get("type") == "array"))
        return {"anyOf": [listed, table], "description": table.get("description", "")}
