"""`[python.NAME]`: the table that a Python function returns."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vibepiper_spec.model.asset import AssetSpec
from vibepiper_spec.model.function_name import FunctionName
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.spec_model import SpecModel, Strings


class InputSpec(SpecModel):
    """What a parameter gets: a string names the asset, a list names the columns of the asset of that name."""

    asset: str | None = None
    """The asset, `asset` or `pipeline.asset`; the parameter's own name if not set."""
    columns: Strings | None = None
    """The only columns the function sees; all if not set."""
    time_column: str | None = None
    """The column that says to which interval of the asset a row of this input belongs."""
    partition_column: str | None = None
    """The column that says to which partition of the asset a row of this input belongs."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"asset": value}
        return {"columns": value} if isinstance(value, list | tuple) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core, handler))
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, table]}


class PythonAsset(AssetSpec):
    """The table that a Python function returns. The names of its parameters are its inputs."""

    function: FunctionName
    """The function, as `module:function`."""
    inputs: dict[str, InputSpec] = Field(default_factory=dict)
    """Which asset a parameter gets where its name does not say it, and which columns it sees."""
    validate_rows: Literal["sample", "all"] | None = Field(default=None, alias="validate")
    """Whether what the function is given and what it returns is held to `not_null` and `accepted_values` of its columns
    while it runs: `all` rows, or the first 10,000 as a `sample`."""

    @model_validator(mode="after")
    def _stored(self) -> PythonAsset:
        if self.build.mode == "view":
            raise mistake(
                "VP109",
                "A Python asset cannot be a view: its function would have to run at every reading.",
                "Remove `build`, so that its rows are stored.",
                key="build",
            )
        return self
