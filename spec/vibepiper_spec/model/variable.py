"""Declared variables: typed parameters that SQL and Python may read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import SCALAR_SCHEMA, Scalar, ScalarValue, describe_type
from vibepiper_spec.model.spec_model import SpecModel
from vibepiper_spec.secrets import SECRET_PREFIX


def inferred_type(value: ScalarValue) -> str:
    """The SQL type of a plain value: `true` → boolean, `3` → bigint, `0.5` → double, `"x"` → varchar, dates alike."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "bigint"
        case float():
            return "double"
        case datetime():
            return "timestamp" if value.tzinfo is None else "timestamp with time zone"
        case date():
            return "date"
        case str():
            return "varchar"


class Variable(SpecModel):
    """A typed parameter, `$name` in SQL. A plain value is its default, and gives its type."""

    type: str
    """The SQL type, such as `date` or `decimal(10,2)`; inferred from the default if not set."""
    default: Scalar | None = None
    """The value where an environment sets none."""
    description: str = ""
    """What the variable is for."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            if not isinstance(value, ScalarValue):
                raise mistake(
                    "VP103", f"Expected a value or a table, found {describe_type(value)}.", "Write a single value."
                )
            value = {"default": value}
        default = value.get("default")
        if isinstance(default, str) and default.startswith(SECRET_PREFIX):
            raise mistake(
                "VP109",
                "A variable cannot be a secret: its value stands in plans and logs.",
                "Put the secret into a connection.",
            )
        if "type" not in value and isinstance(default, ScalarValue):
            return {**value, "type": inferred_type(default)}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core, handler))
        table.pop("required", None)
        table["anyOf"] = [{"required": ["type"]}, {"required": ["default"]}]
        return {"anyOf": [*SCALAR_SCHEMA["anyOf"], table]}
