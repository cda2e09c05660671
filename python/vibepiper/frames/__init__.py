"""What generated stubs stand on: frames that know their columns, for checkers; to Python they are plain frames.

The modules beside this one that end in `.pyi` are there for checkers alone, and are never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def plain(classes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module of stubs: each class is the library's own, imported when it is asked for.

    `classes` are full names by the stubs' own: `{"OrdersPandas": "pandas.DataFrame"}`.
    """

    def __getattr__(name: str) -> Any:
        if name not in classes:
            raise AttributeError(name)
        module, _, own = classes[name].rpartition(".")
        return getattr(import_module(module), own)

    return __getattr__
