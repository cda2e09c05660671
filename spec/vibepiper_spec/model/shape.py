"""Which keys are allowed at a place of a model: the ground for "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vibepiper_spec.model.check import NormalisedFrom
from vibepiper_spec.model.descriptions import descriptions


def model_at(model: type[BaseModel], path: Iterable[str | int]) -> type[BaseModel] | None:
    """The model of the table that stands at `path` below a table of `model`; None where there is no fixed one."""
    current: Any = model
    for step in path:
        current = _below(current, step)
    found = _unwrapped(current)
    return found if _is_model(found) else None


def keys_of(model: type[BaseModel] | None) -> tuple[str, ...]:
    return () if model is None else tuple(field.alias or name for name, field in model.model_fields.items())


def field_at(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field that is written as `key`."""
    return next((field for name, field in model.model_fields.items() if (field.alias or name) == key), None)


def description_of(model: type[BaseModel], key: str) -> str | None:
    """What the language says about the field that is written as `key`."""
    names = [name for name, field in model.model_fields.items() if (field.alias or name) == key]
    return descriptions(model).get(names[0]) if names else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _below(annotation: Any, step: str | int) -> Any:
    found = _unwrapped(annotation)
    if _is_model(found):
        field = field_at(found, str(step))
        return None if field is None else field.annotation
    if get_origin(found) is dict:
        return get_args(found)[1]
    if get_origin(found) is tuple:
        return get_args(found)[0]
    return None


def _unwrapped(annotation: Any) -> Any:
    """The annotation without `Annotated` and `| None`; a normalised check becomes the table it is written as."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        tables = [item.table for item in metadata if isinstance(item, NormalisedFrom)]
        return tables[0] if tables else _unwrapped(inner)
    if origin in (Union, UnionType):
        others = [item for item in get_args(annotation) if item is not type(None)]
        return _unwrapped(others[0]) if len(others) == 1 else None
    return annotation
