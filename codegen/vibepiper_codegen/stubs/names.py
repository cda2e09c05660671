"""Turns names of assets and columns, which may be any text, into names that Python can say."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from vibepiper_codegen.stubs.text import IMPORTED

# What generated code names: a field called so would hide it.
_USED = IMPORTED | {name for name in dir(builtins) if name.islower()}
# What the base classes of rows have themselves.
_TAKEN_BY_MODELS = frozenset(
    {"construct", "copy", "dict", "from_orm", "json", "schema", "schema_json", "validate", "update_forward_refs"}
)


def identifier(text: str) -> str:
    """The nearest Python name: `order id` → `order_id`, `2nd` → `_2nd`, `class` → `class_`.

    Two texts may come to the same name; see `Names`.
    """
    # As Python itself reads names, so that two that look alike are one.
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text))
    name = name if name.strip("_") else "column"
    name = name if name.isidentifier() else f"_{name}"
    name = name if name.isidentifier() else "column"
    return f"{name}_" if keyword.iskeyword(name) else name


def field_name(text: str) -> str:
    """The name of a field: one that no model has already, that is not private, and that hides no type."""
    name = identifier(text).lstrip("_") or "column"
    if not name.isidentifier():
        name = f"column_{name}"
    if keyword.iskeyword(name) or name in _USED | _TAKEN_BY_MODELS or name.startswith("model_"):
        name += "_"
    return name


def class_name(text: str) -> str:
    """`daily_revenue` → `DailyRevenue`."""
    words = [word for word in identifier(text).split("_") if word]
    name = "".join(word[0].upper() + word[1:] for word in words) or "Asset"
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"Asset{name}"


def module_name(text: str) -> str:
    """The name of a file that can be imported: `class` → `class_`; the names with meaning of their own likewise."""
    name = identifier(text)
    return f"{name}_" if name.startswith("__") else name


class Names:
    """Names that are given away once: the second who wants one gets a number behind it."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = {name.casefold() for name in taken}

    def give(self, wanted: str) -> str:
        name, number = wanted, 2
        while name.casefold() in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name.casefold())
        return name
