"""The base of every table a user may write: frozen, strict, and closed to unknown keys."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, Strict, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vibepiper_spec.model.descriptions import descriptions

# TOML has lists, Python's frozen form is a tuple: the list itself is taken laxly, its items strictly.
Strings = Annotated[tuple[str, ...], Strict(False)]


class SpecModel(BaseModel):
    """A table of the language. Field docstrings become the descriptions in the JSON Schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in descriptions(cls).items():
            field = cls.model_fields.get(name)
            if field is not None and (key := field.alias or name) in properties:
                properties[key].setdefault("description", text)
        return schema


class ShorthandModel(SpecModel):
    """A table that may also be written as a plain value, which then is that of its key `shorthand`."""

    shorthand: ClassVar[str]
    plain: ClassVar[type] = str

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        return {cls.shorthand: value} if type(value) is cls.plain else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core_schema, handler))
        short = dict(table["properties"][cls.shorthand])
        short.pop("default", None)
        return {"anyOf": [short, table], "description": table.get("description", "")}
