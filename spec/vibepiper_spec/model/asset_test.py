"""`[test.NAME]`: what an asset must give for rows that are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import Scalar, describe_type
from vibepiper_spec.model.spec_model import SpecModel, Strings

CSV = ".csv"


def _rows(value: Any) -> Any:
    if isinstance(value, str):
        if not value.lower().endswith(CSV):
            raise mistake("VP109", f"`{value}` is no CSV file.", 'Write the path of one, as `"tests/orders.csv"`.')
        return value
    if not isinstance(value, list | tuple):
        raise mistake(
            "VP103",
            f"Expected a list of rows, or the path of a CSV file, found {describe_type(value)}.",
            "Write `[{ id = 1 }, { id = 2 }]`, or `[]` for no rows.",
        )
    for row in value:
        if not isinstance(row, Mapping):
            raise mistake("VP103", f"A row is a table, found {describe_type(row)}.", "Write `{ column = value }`.")
        names: set[str] = set()
        for name in row:
            if name.casefold() in names:
                raise mistake("VP311", f"A row names the column `{name}` twice.", "Case makes no difference.")
            names.add(name.casefold())
    return tuple(dict(row) for row in value)


Rows = Annotated[
    Any,
    BeforeValidator(_rows),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": r"\.[cC][sS][vV]$"}, {"type": "array", "items": {"type": "object"}}]}
    ),
]
"""Rows as a list of tables, or the path of a CSV file with a header. A column that a row leaves out is NULL in it."""


class AssetTest(SpecModel):
    """What an asset must give for rows that are written down. It runs before the asset is made, on nothing else."""

    asset: str
    """The asset that is tested."""
    description: str = ""
    """What it shows, for people."""
    given: dict[str, Rows] = Field(default_factory=dict)
    """The rows of each input: a list of tables, or the path of a CSV file. What a row leaves out is NULL."""
    expect: Rows = None
    """The rows that must come, in any order. Columns that none of them names are not compared."""
    expect_cte: dict[str, Rows] = Field(default_factory=dict)
    """The rows that a common table expression of the query must give, by its name."""
    columns: Strings = ()
    """The columns of `expect` that are compared, if not those that its rows name."""
    variables: dict[str, Scalar] = Field(default_factory=dict)
    """Values of variables, where they are others than those of the environment."""
    now: date | datetime | None = None
    """What time it is, in UTC; 2000-01-01 if not set."""
    start: date | datetime | None = None
    """Of what is built by interval: `$start`, when the interval begins, in UTC."""
    end: date | datetime | None = None
    """When it ends."""
    partition: str | None = None
    """Of what is built by partition: `$partition`."""

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.expect is None and not self.expect_cte:
            raise mistake(
                "VP104", "The test expects nothing: it has neither `expect` nor `expect_cte`.", "Add `expect = […]`."
            )
        if (self.start is None) != (self.end is None):
            key = "end" if self.end is None else "start"
            raise mistake("VP104", "An interval has a start and an end.", f"Add `{key} = …`.")
        return self

    def rows(self) -> Mapping[tuple[str, ...], Any]:
        """By keys, everything that is rows or the path of a file with them."""
        found: dict[tuple[str, ...], Any] = {("given", name): rows for name, rows in self.given.items()}
        if self.expect is not None:
            found["expect",] = self.expect
        return found | {("expect_cte", name): rows for name, rows in self.expect_cte.items()}


@dataclass(frozen=True, slots=True)
class AssetTestKind:
    """The kind of block that is a test, for those who read blocks of all kinds."""

    header: tuple[str, ...]
    model: type[AssetTest]
    noun: ClassVar = "test"


TEST_KIND = AssetTestKind(("test",), AssetTest)
