"""What is said below a field: read from the source once somebody asks, as most commands never do."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """The docstrings of the fields of `model`, by the field's name.

    Pydantic reads them too, when a class is made: for all models that takes as long as to plan a small project.
    """
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if owner is not BaseModel and issubclass(owner, BaseModel):
            found |= _of_class(owner)
    return found


def _of_class(owner: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(owner))).body
    except (OSError, TypeError):
        return {}  # made without a file
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
